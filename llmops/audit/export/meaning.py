"""What an event means to systems that do not know our kinds: an action, its success, what it touched."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from llmops.audit.codec import rules_of
from llmops.audit.explain import LoggedEvent

PRODUCT: Final = "llmops"
# Field of an event, and what sort of thing it names.
_THINGS: Final = (
    ("document_id", "document"),
    ("record_id", "record"),
    ("release_id", "release"),
    ("shard", "shard"),
    ("suite", "suite"),
    ("key", "key"),
    ("stream", "stream"),
)


class Action(StrEnum):
    """The letters of DICOM and FHIR for what was done."""

    CREATE = "C"
    READ = "R"
    UPDATE = "U"
    DELETE = "D"
    EXECUTE = "E"


_ACTIONS: Final[Mapping[str, Action]] = MappingProxyType(
    {
        "key_created": Action.CREATE,
        "vault_changed": Action.UPDATE,
        "record_read": Action.READ,
        "record_traced": Action.READ,
        "document_normalized": Action.CREATE,
        "fields_dropped": Action.UPDATE,
        "document_deidentified": Action.UPDATE,
        "release_published": Action.CREATE,
        "release_revoked": Action.DELETE,
        "index_built": Action.CREATE,
        "query": Action.READ,
        "review": Action.READ,
    }
)


class Success(StrEnum):
    """Whether it went well; to withhold a record is what the rules ask for, and so went well."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """An event, told in general terms.

    Args:
        action: what was done.
        success: whether it went well.
        reason: reason code, where it has one.
        things: ``(sort, id)`` of what was touched.
        facts: every field of the event as text.
    """

    action: Action
    success: Success
    reason: str
    things: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...]


def meaning_of(seen: LoggedEvent) -> Meaning:
    """Tell an event in general terms."""
    event = seen.entry.event
    named = ((sort, str(getattr(event, name, ""))) for name, sort in _THINGS)
    return Meaning(
        action=_ACTIONS.get(event.kind, Action.EXECUTE),
        success=_success(event),
        reason=str(getattr(event, "reason", "")),
        things=tuple((sort, value) for sort, value in named if value),
        facts=tuple((name, as_text(getattr(event, name))) for name, _ in rules_of(type(event))),
    )


def as_text(value: object) -> str:
    """A field as one word: pairs as ``name=value``, parts joined by a space."""
    if isinstance(value, tuple):
        return " ".join("=".join(map(str, item)) if isinstance(item, tuple) else str(item) for item in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def moment(at: int) -> str:
    """UTC milliseconds as ISO 8601 with milliseconds."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _success(event: Any) -> Success:
    if event.kind in ("shard_failed", "run_interrupted") or getattr(event, "passed", None) is False:
        return Success.NO
    if event.kind == "recovered" or getattr(event, "retryable", False) or getattr(event, "failed", 0):
        return Success.PARTLY
    return Success.YES
