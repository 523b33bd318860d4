"""Encode and decode events: one line of canonical JSON each (sorted keys, no spaces, ASCII), no unknown fields."""

import json
import sys
import typing
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from llmops.audit import rules
from llmops.audit.events import SCHEMA_VERSION, Event
from llmops.audit.rules import FieldRule
from llmops.errors import AuditError

EVENTS: Final[Mapping[str, type[Event]]] = MappingProxyType({cls.kind: cls for cls in typing.get_args(Event)})
_ENVELOPE: Final = frozenset({"v", "n", "prev", "at", "run", "kind"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An event with its position in a stream.

    Args:
        n: zero-based position in the stream.
        prev: first 32 hex digits of the leaf hash of the previous event; zeros for the first.
        at: UTC milliseconds since 1970.
        run: id of the run that wrote it, or empty.
        event: the event.
    """

    n: int
    prev: str
    at: int
    run: str
    event: Event


def encode(entry: Entry) -> bytes:
    """Encode an entry as one line without line end.

    Raises:
        AuditError: a field holds a value that the schema does not allow; the value is not shown.
    """
    event = entry.event
    if not (rules.is_code(entry.run) and rules.is_count(entry.at)):
        raise AuditError("audit event: run or time is not valid")
    line: dict[str, object] = {
        "v": SCHEMA_VERSION, "n": entry.n, "prev": entry.prev, "at": entry.at, "run": entry.run, "kind": event.kind,
    }  # fmt: skip
    for name, rule in rules_of(type(event)):
        line[name] = rules.encode(rule, getattr(event, name))
    return json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")


def decode(line: bytes) -> Entry:
    """Decode one line.

    Raises:
        AuditError: not canonical JSON of a known kind and version with exactly the known fields.
    """
    data = _parse(line)
    cls = EVENTS.get(str(data.get("kind")))
    if data.get("v") != SCHEMA_VERSION or cls is None:
        raise AuditError("audit event: unknown version or kind")
    known = rules_of(cls)
    if data.keys() != names_of(cls.kind):
        raise AuditError(f"audit event {cls.kind}: fields missing or unknown")
    make: Any = cls
    event: Event = make(**{name: rules.decode(rule, data[name]) for name, rule in known})
    if not (rules.is_count(data["n"]) and rules.is_id(data["prev"])):
        raise AuditError(f"audit event {cls.kind}: envelope is not valid")
    entry = Entry(n=data["n"], prev=data["prev"], at=data["at"], run=data["run"], event=event)
    if encode(entry) != line:
        raise AuditError(f"audit event {cls.kind}: not in canonical form")
    return entry


def json_schema() -> dict[str, object]:
    """Return the JSON Schema (2020-12) of one line."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:llmops:audit:event:{SCHEMA_VERSION}",
        "title": "llmops audit event",
        "oneOf": [_schema_of(cls) for cls in EVENTS.values()],
    }


def rules_of(cls: type[Event]) -> tuple[tuple[str, FieldRule | type[StrEnum]], ...]:
    """Return the fields of an event class with their rules."""
    return _RULES[cls.kind]


def names_of(kind: object) -> frozenset[str]:
    """Return every key that a line of this kind has; empty for an unknown kind."""
    return NAMES.get(str(kind), frozenset())


def _rules(cls: type[Event]) -> tuple[tuple[str, FieldRule | type[StrEnum]], ...]:
    hints = typing.get_type_hints(cls, include_extras=True)
    return tuple((field.name, _rule(hints[field.name])) for field in fields(cls))


def _rule(hint: Any) -> FieldRule | type[StrEnum]:
    rule: FieldRule | type[StrEnum] = hint.__metadata__[0] if hasattr(hint, "__metadata__") else hint
    return rule


_RULES: Final[Mapping[str, tuple[tuple[str, FieldRule | type[StrEnum]], ...]]] = MappingProxyType(
    {kind: _rules(cls) for kind, cls in EVENTS.items()}
)

NAMES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {kind: _ENVELOPE | {name for name, _ in known} for kind, known in _RULES.items()}
)


def _parse(line: bytes) -> dict[str, Any]:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise AuditError("audit event: not a JSON object")
    return data


_CODE_SCHEMA: Final[dict[str, object]] = {"type": "string", "pattern": "^[A-Za-z0-9_.:@/+-]*$", "maxLength": 128}
_ID_SCHEMA: Final[dict[str, object]] = {**_CODE_SCHEMA, "minLength": 1}
_COUNT_SCHEMA: Final[dict[str, object]] = {"type": "integer", "minimum": 0}
_SCHEMAS: Final[Mapping[FieldRule, dict[str, object]]] = MappingProxyType(
    {
        FieldRule.ID: _ID_SCHEMA,
        FieldRule.CODE: _CODE_SCHEMA,
        FieldRule.COUNT: _COUNT_SCHEMA,
        FieldRule.RATIO: {"type": "number"},
        FieldRule.FLAG: {"type": "boolean"},
        FieldRule.IDS: {"type": "array", "items": _ID_SCHEMA},
        FieldRule.COUNTS: {"type": "object", "propertyNames": _ID_SCHEMA, "additionalProperties": _COUNT_SCHEMA},
        FieldRule.CODES: {"type": "object", "propertyNames": _ID_SCHEMA, "additionalProperties": _CODE_SCHEMA},
    }
)


def _schema_of(cls: type[Event]) -> dict[str, object]:
    properties: dict[str, object] = {
        "v": {"const": SCHEMA_VERSION},
        "n": _COUNT_SCHEMA,
        "prev": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        "at": _COUNT_SCHEMA,
        "run": _CODE_SCHEMA,
        "kind": {"const": cls.kind},
    }
    for name, rule in rules_of(cls):
        properties[name] = _SCHEMAS[rule] if isinstance(rule, FieldRule) else {"enum": [str(member) for member in rule]}
    required = sorted(properties)
    description = (cls.__doc__ or "").split("\n", maxsplit=1)[0]
    return {
        "type": "object", "description": description, "properties": properties,
        "required": required, "additionalProperties": False,
    }  # fmt: skip


if __name__ == "__main__":
    sys.stdout.write(json.dumps(json_schema(), indent=1) + "\n")
