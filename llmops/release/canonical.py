"""One way to write JSON that is hashed or signed, and the digests taken of it."""

import hashlib
import json
from typing import Any


def canonical(value: Any) -> bytes:
    """Give the one JSON text of ``value``: keys sorted, no spaces, ASCII, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")


def digest(data: bytes) -> str:
    """Give the SHA-256 of ``data``, hex."""
    return hashlib.sha256(data).hexdigest()
