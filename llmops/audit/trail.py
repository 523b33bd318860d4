"""Explain why a record or document was released or withheld: all its steps, and the rules in force."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from llmops.audit.events import (
    DocumentReleased,
    GateDecided,
    IndexBuilt,
    Queried,
    RecordWithheld,
    ReleasePublished,
    ReleaseRevoked,
    RunFinished,
    RunResumed,
    RunStarted,
)
from llmops.audit.explain import LoggedEvent, concerns, reading
from llmops.audit.log.newest import newest_checkpoint

_CONTEXT: Final = (RunStarted, RunResumed, GateDecided, ReleasePublished, ReleaseRevoked, IndexBuilt, RunFinished)
_CONTEXT_KINDS: Final = frozenset(cls.kind.encode() for cls in _CONTEXT)
_KIND: Final = b'"kind":"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """The log's events about one record or document.

    Args:
        id: id of the record or document.
        steps: the events about it, in time order.
        context: events of its runs: rules in force, gate, release, index, revocation.
        served: the searches that returned it.
        sealed: number of sealed events of each stream that holds a step.
    """

    id: str
    steps: tuple[LoggedEvent, ...]
    context: tuple[LoggedEvent, ...]
    served: tuple[LoggedEvent, ...]
    sealed: Mapping[str, int]

    @property
    def decisions(self) -> tuple[LoggedEvent, ...]:
        """Return the last decision on each document: released or withheld."""
        last: dict[str, LoggedEvent] = {}
        for seen in self.steps:
            event = seen.entry.event
            if isinstance(event, DocumentReleased | RecordWithheld):
                last[event.document_id or event.record_id] = seen
        return tuple(last.values())

    def is_sealed(self, seen: LoggedEvent) -> bool:
        """Whether a signed checkpoint covers the event."""
        return seen.receipt.index < self.sealed.get(seen.receipt.stream, 0)


def trail_of(directory: Path, record_or_document_id: str) -> Trail:
    """Collect the trail of a record or document in one pass over the log.

    Args:
        directory: the audit directory.
        record_or_document_id: ``r...`` or ``r....<n>``.

    Raises:
        AuditVerificationError: a stream cannot be read, or holds a line that is no event of the schema.
    """
    needle = record_or_document_id.partition(".")[0].encode("ascii", "replace")
    found = tuple(reading(directory, lambda line: needle in line or _kind(line) in _CONTEXT_KINDS))
    steps = tuple(seen for seen in found if concerns(seen.entry.event, record_or_document_id) and not _is_context(seen))
    runs = {seen.entry.run for seen in steps}
    releases = {
        seen.entry.event.release_id
        for seen in found
        if isinstance(seen.entry.event, ReleasePublished) and seen.entry.run in runs
    }
    context = tuple(seen for seen in found if _belongs(seen, runs, releases, record_or_document_id))
    served = tuple(seen for seen in found if _served(seen, record_or_document_id))
    return Trail(
        id=record_or_document_id, steps=steps, context=context, served=served, sealed=_sealed(directory, steps)
    )


def _kind(line: bytes) -> bytes:
    start = line.find(_KIND) + len(_KIND)
    return line[start : line.find(b'"', start)]


def _is_context(seen: LoggedEvent) -> bool:
    return isinstance(seen.entry.event, _CONTEXT)


def _belongs(seen: LoggedEvent, runs: set[str], releases: set[str], told: str) -> bool:
    event = seen.entry.event
    if isinstance(event, ReleaseRevoked):
        return event.release_id in releases and (not event.document_id or concerns(event, told))
    if isinstance(event, IndexBuilt):
        return event.release_id in releases
    return _is_context(seen) and seen.entry.run in runs


def _served(seen: LoggedEvent, told: str) -> bool:
    event = seen.entry.event
    return isinstance(event, Queried) and any(hit == told or hit.startswith(f"{told}.") for hit in event.hits)


def _sealed(directory: Path, steps: tuple[LoggedEvent, ...]) -> dict[str, int]:
    streams = sorted({seen.receipt.stream for seen in steps})
    found = ((stream, newest_checkpoint(directory, stream)) for stream in streams)
    return {stream: checkpoint.size for stream, checkpoint in found if checkpoint}
