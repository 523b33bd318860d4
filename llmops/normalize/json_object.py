"""Parse a JSON record into one object of limited depth, or a reason."""

from typing import Any, Final, TypeAlias

import orjson

from llmops.documents import Reason, SourceRecord
from llmops.normalize.errors import Refused
from llmops.normalize.text.decode import decode

Json: TypeAlias = dict[str, Any]
"""A JSON object; its members are unchecked."""

_UTF8: Final = frozenset({"utf-8", "utf8", "ascii", "us-ascii", ""})
_CONTAINERS: Final = (dict, list)
_BOM: Final = b"\xef\xbb\xbf"


def parse_object(record: SourceRecord, max_depth: int) -> Json:
    """Parse the payload into a JSON object.

    Args:
        record: a record of JSON. PHI.
        max_depth: maximum nesting depth.

    Raises:
        Refused: ``TRUNCATED`` if the bytes end too early, ``TOO_DEEP``,
            ``WRONG_ENCODING``, ``EMPTY`` or ``MALFORMED``.
    """
    payload = record.payload.removeprefix(_BOM)
    if record.encoding.lower() not in _UTF8:
        payload = decode(record).text.encode("utf-8", "replace")
    if not payload.strip():
        raise Refused(Reason.EMPTY)
    value = _loads(payload)
    if _deeper_than(value, max_depth):
        raise Refused(Reason.TOO_DEEP)
    if not isinstance(value, dict):
        raise Refused(Reason.MALFORMED)
    return value


def _loads(payload: bytes) -> Any:
    """Parse with orjson, which itself refuses to recurse beyond 1024 levels."""
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        reason = _reason(error, payload)
    raise Refused(reason)


def _reason(error: orjson.JSONDecodeError, payload: bytes) -> Reason:
    message = error.msg
    if "depth limit" in message or "recursion" in message or "allocate" in message:
        return Reason.TOO_DEEP
    if "end of data" in message:
        return Reason.TRUNCATED
    if "UTF-8" in message:
        # A payload cut inside a character is truncated, not wrongly encoded.
        return Reason.TRUNCATED if _is_utf8_cut_short(payload) else Reason.WRONG_ENCODING
    return Reason.MALFORMED


def _is_utf8_cut_short(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"
    return False


def _deeper_than(value: Any, limit: int) -> bool:
    """Say whether containers nest deeper than the limit; level by level, so that depth costs no stack."""
    level = [value] if type(value) in _CONTAINERS else []
    for _ in range(limit):
        level = [
            child
            for parent in level
            for child in (parent.values() if type(parent) is dict else parent)
            if type(child) in _CONTAINERS
        ]
        if not level:
            return False
    return True
