"""Value rules for the fields of audit events; checked before writing and after reading."""

import re
from collections.abc import Callable, Mapping
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Final

from llmops.errors import AuditError

_CODE: Final = re.compile(r"[A-Za-z0-9_.:@/+-]{0,128}")
_MOST_ITEMS: Final = 4096
_LARGEST: Final = 2**63 - 1
_DECIMALS: Final = 6


class FieldRule(Enum):
    """Kinds of value that an event may hold; none allows free text."""

    ID = "id"
    CODE = "code"
    COUNT = "count"
    RATIO = "ratio"
    FLAG = "flag"
    IDS = "ids"
    COUNTS = "counts"
    CODES = "codes"


def is_code(value: object) -> bool:
    """Whether ``value`` is a string of at most 128 characters of ``A-Z a-z 0-9 _ . : @ / + -``."""
    return isinstance(value, str) and _CODE.fullmatch(value) is not None


def is_id(value: object) -> bool:
    """Whether ``value`` is a non-empty code."""
    return is_code(value) and value != ""


def is_count(value: object) -> bool:
    """Whether ``value`` is a whole number from 0 to 2**63 - 1."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST


def encode(rule: "FieldRule | type[StrEnum]", value: object) -> object:
    """Convert a field to a JSON value.

    Raises:
        AuditError: the value breaks the rule; it is not shown.
    """
    if isinstance(rule, FieldRule):
        return _ENCODE[rule](value)
    if not isinstance(value, rule):
        raise _refusal(rule.__name__)
    return str(value)


def decode(rule: "FieldRule | type[StrEnum]", value: object) -> object:
    """Convert a JSON value to a field.

    Raises:
        AuditError: the value breaks the rule; it is not shown.
    """
    if not isinstance(rule, FieldRule):
        return _member(rule, value)
    if rule is FieldRule.IDS and isinstance(value, list):
        value = tuple(value)
    elif rule in (FieldRule.COUNTS, FieldRule.CODES) and isinstance(value, dict):
        value = tuple(value.items())
    _ENCODE[rule](value)
    return value


def _member(enum: type[StrEnum], value: object) -> StrEnum:
    try:
        return enum(str(value))
    except ValueError:
        raise _refusal(enum.__name__) from None


def _refusal(kind: str) -> AuditError:
    return AuditError(f"audit event: a value is not a valid {kind}")


def _checked(kind: str, valid: Callable[[object], bool]) -> Callable[[object], object]:
    def encode_scalar(value: object) -> object:
        if not valid(value):
            raise _refusal(kind)
        return value

    return encode_scalar


def _ratio(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise _refusal("ratio")
    return round(float(value), _DECIMALS)


def _ids(value: object) -> object:
    if not isinstance(value, tuple) or len(value) > _MOST_ITEMS or not all(map(is_id, value)):
        raise _refusal("tuple of ids")
    return list(value)


def _pairs(kind: str, valid: Callable[[object], bool]) -> Callable[[object], object]:
    def encode_pairs(value: object) -> object:
        if not isinstance(value, tuple) or len(value) > _MOST_ITEMS:
            raise _refusal(kind)
        try:
            pairs = dict(value)
        except (TypeError, ValueError):
            raise _refusal(kind) from None
        if len(pairs) != len(value) or not all(is_id(key) and valid(item) for key, item in pairs.items()):
            raise _refusal(kind)
        return {str(key): item for key, item in pairs.items()}

    return encode_pairs


_ENCODE: Final[Mapping[FieldRule, Callable[[object], object]]] = MappingProxyType(
    {
        FieldRule.ID: _checked("id", is_id),
        FieldRule.CODE: _checked("code", is_code),
        FieldRule.COUNT: _checked("count", is_count),
        FieldRule.RATIO: _ratio,
        FieldRule.FLAG: _checked("flag", lambda value: isinstance(value, bool)),
        FieldRule.IDS: _ids,
        FieldRule.COUNTS: _pairs("mapping of codes to counts", is_count),
        FieldRule.CODES: _pairs("mapping of codes to codes", is_code),
    }
)
