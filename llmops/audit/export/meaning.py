"""Map an event to general terms for other systems: action, success, affected entities."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from llmops.audit.codec import rules_of
from llmops.audit.explain import LoggedEvent

PRODUCT: Final = "llmops"
# Field of an event: the sort of entity that it names.
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
    """Action codes of DICOM and FHIR."""

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
    """Outcome codes; withholding a record follows the rules, so it is a success."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """An event in general terms.

    Args:
        action: the action.
        success: the outcome.
        reason: reason code, if any.
        things: ``(sort, id)`` of each affected entity.
        facts: every field of the event as text.
    """

    action: Action
    success: Success
    reason: str
    things: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...]


def meaning_of(seen: LoggedEvent) -> Meaning:
    """Map an event to general terms."""
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
    """Format a field as one string: pairs as ``name=value``, items joined by a space."""
    if isinstance(value, tuple):
        return " ".join("=".join(map(str, item)) if isinstance(item, tuple) else str(item) for item in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def moment(at: int) -> str:
    """Format UTC milliseconds as ISO 8601 with milliseconds."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _success(event: Any) -> Success:
    if event.kind in ("shard_failed", "run_interrupted") or getattr(event, "passed", None) is False:
        return Success.NO
    if event.kind == "recovered" or getattr(event, "retryable", False) or getattr(event, "failed", 0):
        return Success.PARTLY
    return Success.YES
