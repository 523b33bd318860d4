"""Output of ``llmops audit explain``: the decision, the rules in force, every step with its receipt."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from llmops.audit.codec import rules_of
from llmops.audit.events import (
    DocumentDeidentified,
    DocumentReleased,
    DocumentScored,
    GateDecided,
    RecordWithheld,
    ReleasePublished,
    ReleaseRevoked,
    RunStarted,
)
from llmops.audit.explain import LoggedEvent
from llmops.audit.trail import Trail
from llmops.cli.output import console, pairs

_STEPS = {
    "record_read": "read",
    "document_normalized": "normalised",
    "fields_dropped": "minimised",
    "document_deidentified": "de-identified",
    "document_scored": "scored",
    "document_released": "RELEASED",
    "record_withheld": "WITHHELD",
}
_IN_HEAD = frozenset({"document_id", "record_id", "policy_id", "shard"})


def print_story(story: Trail) -> None:
    """Print a trail on one screen."""
    pairs(f"{story.id}: {_decision(story)}", dict(_head(story)))
    console.print("steps", style="bold")
    for seen in story.steps:
        event = seen.entry.event
        document = getattr(event, "document_id", "")
        part = f".{document.partition('.')[2]} " if document and document != story.id else ""
        step = _STEPS.get(event.kind, event.kind)
        console.print(f"  {_time(seen)}  {part}{step}: {_what(seen)}")
        sealed = "sealed" if story.is_sealed(seen) else "not sealed yet"
        receipt = f"{seen.receipt.stream}#{seen.receipt.index}, leaf {seen.receipt.leaf[:16]}, {sealed}"
        console.print(f"{'':23}receipt {receipt}", style="dim")


def story_as_dict(story: Trail, plain: Callable[[LoggedEvent], dict[str, Any]]) -> dict[str, Any]:
    """Return a trail as plain values, for JSON."""
    return {
        "id": story.id,
        "found": bool(story.steps),
        "decision": _decision(story) if story.steps else None,
        "steps": [plain(seen) | {"sealed": story.is_sealed(seen)} for seen in story.steps],
        "context": [plain(seen) for seen in story.context],
        "served": [plain(seen) for seen in story.served],
    }


def _decision(story: Trail) -> str:
    """Return the decision in one or two words; if documents differ, each decision with its count."""
    events = [seen.entry.event for seen in story.decisions]
    released = sum(isinstance(event, DocumentReleased) for event in events)
    reasons = sorted({event.reason.value for event in events if isinstance(event, RecordWithheld)})
    withheld = f"withheld ({', '.join(reasons)})" if reasons else ""
    if not events:
        return "no decision yet"
    if len(events) == 1:
        return withheld or "released"
    return ", ".join(part for part in (f"{released} released" if released else "", withheld) if part)


def _head(story: Trail) -> Iterator[tuple[str, str]]:
    """Yield the rules in force and the outcome, one line each."""
    for seen in story.context:
        event = seen.entry.event
        if isinstance(event, RunStarted):
            yield "run", f"{seen.entry.run}, started {_time(seen)}"
            yield "recipe", f"{event.recipe}, fingerprint {event.fingerprint[:16]}"
            yield "versions", ", ".join(f"{name} {version[:16]}" for name, version in event.versions)
        elif isinstance(event, GateDecided):
            verdicts = ", ".join(f"{name} {verdict}" for name, verdict in event.verdicts)
            yield "gate", f"{'passed' if event.passed else 'FAILED'}: {verdicts or 'no checks'}"
        elif isinstance(event, ReleasePublished):
            yield "release", f"{event.release_id}, manifest {event.manifest[:16]}, published {_time(seen)}"
        elif isinstance(event, ReleaseRevoked):
            yield "TAKEN BACK", f"{event.document_id or event.release_id}: {event.reason}, {_time(seen)}"
    yield from _own(story)


def _own(story: Trail) -> Iterator[tuple[str, str]]:
    """Yield facts about the document itself, if the trail is of one."""
    events = [seen.entry.event for seen in story.steps]
    policies = sorted({event.policy_id for event in events if isinstance(event, DocumentDeidentified)})
    if policies:
        yield "policy", ", ".join(policies)
    scores = [event.score for event in events if isinstance(event, DocumentScored)]
    if scores:
        yield "quality", ", ".join(f"{score:.3f}" for score in scores)
    if story.served:
        yield "served", f"by {len(story.served)} searches, last {_time(story.served[-1])}"


def _what(seen: LoggedEvent) -> str:
    """Return the non-empty fields of a step."""
    event = seen.entry.event
    found = ((name, getattr(event, name)) for name, _ in rules_of(type(event)) if name not in _IN_HEAD)
    return "; ".join(
        f"{name.replace('_', ' ')} {_words(value)}" for name, value in found if value not in ("", (), False)
    )


def _words(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(" ".join(map(str, item)) if isinstance(item, tuple) else str(item) for item in value)
    return str(value)


def _time(seen: LoggedEvent) -> str:
    return moment(seen.entry.at)


def moment(at_ms: int) -> str:
    """Format UTC milliseconds since 1970 for people."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
