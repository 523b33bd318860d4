"""What two documents are compared by: a keyed hash for exact duplicates and a MinHash for near ones."""

import hashlib
import hmac
from typing import Final

from llmops.quality.placeholders import without_placeholders, words

LANES: Final = 128
_SEED: Final = 20_240_229  # part of the format: signatures of different seeds cannot be compared
_SHINGLE: Final = 5


def content_key(text: str, key: bytes) -> str:
    """Hash the case-folded text, blanks made one; keyed, so that no guess can be tested. Empty for no text."""
    normal = " ".join(text.casefold().split())
    return hmac.new(key, normal.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest() if normal else ""


def signature(text: str) -> tuple[int, ...]:
    """MinHash of the five-word shingles of a text, placeholders and case left out; empty for a text without words."""
    from rensa import RMinHash  # noqa: PLC0415 - a native library that only the scorer needs

    found = words(without_placeholders(text).casefold())
    if not found:
        return ()
    shingles = {" ".join(found[at : at + _SHINGLE]) for at in range(max(1, len(found) - _SHINGLE + 1))}
    minhash = RMinHash(num_perm=LANES, seed=_SEED)
    minhash.update(sorted(shingles))
    return tuple(minhash.digest())


def similarity(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """Estimated Jaccard similarity of two signatures of equal length."""
    return sum(1 for a, b in zip(one, other, strict=True) if a == b) / len(one)
