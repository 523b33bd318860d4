"""Export events as FHIR R4 AuditEvent resources (https://hl7.org/fhir/R4/auditevent.html)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from llmops.audit.explain import LoggedEvent
from llmops.audit.export.meaning import PRODUCT, Meaning, Success, meaning_of, moment

_DICOM: Final = "http://dicom.nema.org/resources/ontology/DCM"
_OURS: Final = "urn:llmops:audit"
_ACTIVITY: Final = ("110100", "Application Activity")
_TYPES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "record_read": ("110107", "Import"),
        "release_published": ("110106", "Export"),
        "query": ("110112", "Query"),
        "review": ("110101", "Audit Log Used"),
    }
)
_SUBTYPES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "run_started": ("110120", "Application Start"),
        "run_finished": ("110121", "Application Stop"),
        "run_interrupted": ("110121", "Application Stop"),
    }
)
_OUTCOMES: Final = MappingProxyType({Success.YES: "0", Success.PARTLY: "4", Success.NO: "8"})


def audit_event(seen: LoggedEvent) -> dict[str, Any]:
    """Return one event as a resource; its id is the leaf hash, so it can be traced to the signed log."""
    kind, meaning = seen.entry.event.kind, meaning_of(seen)
    code, display = _TYPES.get(kind, _ACTIVITY)
    resource: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "id": seen.receipt.leaf,
        "type": {"system": _DICOM, "code": code, "display": display},
        "subtype": [*_subtypes(kind), {"system": f"{_OURS}:kind", "code": kind}],
        "action": meaning.action.value,
        "recorded": moment(seen.entry.at),
        "outcome": _OUTCOMES[meaning.success],
        "agent": [_agent(seen)],
        "source": {
            "observer": {"display": PRODUCT, "identifier": _identifier("stream", seen.receipt.stream)},
            "type": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/security-source-type",
                    "code": "4",
                    "display": "Application Server",
                }
            ],
        },
        "entity": _entities(seen, meaning),
    }
    return resource | ({"outcomeDesc": meaning.reason} if meaning.reason else {})


def _subtypes(kind: str) -> list[dict[str, str]]:
    found = _SUBTYPES.get(kind)
    return [{"system": _DICOM, "code": found[0], "display": found[1]}] if found else []


def _agent(seen: LoggedEvent) -> dict[str, Any]:
    """Return the agent: a reviewer, identified by key, or the process that wrote the stream."""
    reviewer = getattr(seen.entry.event, "reviewer", "")
    if reviewer:
        return {"who": {"identifier": _identifier("key", reviewer)}, "requestor": True}
    return {"who": {"identifier": _identifier("stream", seen.receipt.stream)}, "requestor": False}


def _entities(seen: LoggedEvent, meaning: Meaning) -> list[dict[str, Any]]:
    """Return the affected entities; the first one carries the event's own fields."""
    place = ("event", f"{seen.receipt.stream}#{seen.receipt.index}")
    things = [*meaning.things, place, *([("run", seen.entry.run)] if seen.entry.run else [])]
    entities: list[dict[str, Any]] = [{"what": {"identifier": _identifier(*thing)}} for thing in things]
    details = [{"type": name, "valueString": value} for name, value in meaning.facts if value]
    if details:
        entities[0]["detail"] = details
    return entities


def _identifier(sort: str, value: str) -> dict[str, str]:
    return {"system": f"{_OURS}:{sort}", "value": value}
