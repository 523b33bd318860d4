"""Read the log for people: the events about one record or document, and all events of a directory in time order."""

import heapq
import itertools
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from llmops.audit import layout
from llmops.audit.codec import Entry, decode
from llmops.audit.log.merkle import leaf_hash
from llmops.audit.log.segments import reading as opened
from llmops.audit.log.segments import segments
from llmops.documents import Receipt
from llmops.errors import AuditError, AuditVerificationError


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEvent:
    """An event with its stream, position and leaf hash."""

    receipt: Receipt
    entry: Entry


def events_in(
    directory: Path, *, limit: int | None = None, kinds: Collection[str] = (), stream: str = "", run: str = ""
) -> Iterator[LoggedEvent]:
    """Yield the events of a directory in time order.

    Args:
        directory: the audit directory.
        limit: maximum number of events.
        kinds: only events of these kinds; empty for all.
        stream: only this stream; empty for all.
        run: only this run; empty for all.

    Raises:
        AuditVerificationError: a stream cannot be read, or holds a line that is no event of the schema.
    """
    merged = reading(directory, lambda _: True, [stream] if stream else ())
    chosen = (
        seen for seen in merged if (not kinds or seen.entry.event.kind in kinds) and (not run or seen.entry.run == run)
    )
    return itertools.islice(chosen, limit)


def explain(directory: Path, record_or_document_id: str) -> tuple[LoggedEvent, ...]:
    """Return the events about one record (and its documents) or one document (and the record it came from).

    Args:
        directory: the audit directory.
        record_or_document_id: ``r...`` or ``r....<n>``.

    Raises:
        AuditVerificationError: as in `events_in`.
    """
    needle = record_or_document_id.partition(".")[0].encode("ascii", "replace")
    found = reading(directory, lambda line: needle in line)
    return tuple(seen for seen in found if concerns(seen.entry.event, record_or_document_id))


def concerns(event: object, record_or_document_id: str) -> bool:
    """Whether an event is about a record or one of its documents; or about a document or the record it came from."""
    record_id, _, part = record_or_document_id.partition(".")
    document_id = getattr(event, "document_id", "")
    if document_id:
        of_record, _, of_part = document_id.partition(".")
        return of_record == record_id and part in ("", of_part)
    return bool(record_id) and getattr(event, "record_id", "") == record_id


def reading(directory: Path, wanted: Callable[[bytes], bool], streams: Sequence[str] = ()) -> Iterator[LoggedEvent]:
    """Yield the events whose line ``wanted`` accepts, in time order; only accepted lines are decoded, for speed.

    Raises:
        AuditVerificationError: as in `events_in`.
    """
    names = streams or list(layout.streams(directory))
    return heapq.merge(*(_read(directory, stream, wanted) for stream in names), key=_order)


def _order(seen: LoggedEvent) -> tuple[int, str, int]:
    return seen.entry.at, seen.receipt.stream, seen.receipt.index


def _read(directory: Path, stream: str, wanted: Callable[[bytes], bool]) -> Iterator[LoggedEvent]:
    try:
        for part in segments(directory, stream):
            with opened(part) as file:
                for index, line in enumerate(file, part.start):
                    if line.endswith(b"\n") and wanted(line):
                        yield _seen(stream, index, line[:-1])
    except OSError:
        raise AuditVerificationError(f"audit stream {stream}: cannot be read") from None


def _seen(stream: str, index: int, line: bytes) -> LoggedEvent:
    try:
        entry = decode(line)
    except AuditError:
        raise AuditVerificationError(f"audit stream {stream}: event {index} is not of the schema") from None
    return LoggedEvent(receipt=Receipt(stream=stream, index=index, leaf=leaf_hash(line).hex()), entry=entry)
