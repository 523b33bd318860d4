"""Parse the options of ``llmops audit review``: dates over all streams, or positions in one stream."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from llmops.audit.proofs.inclusion import find_event
from llmops.audit.review import EventRange, event_range, event_ranges
from llmops.errors import AuditError

_FOREVER: Final = 2**63 - 1


def chosen(folder: Path, since: str, until: str) -> tuple[EventRange, ...]:
    """Return the sealed event ranges between two ends, both inclusive; everything sealed if no end is given.

    Raises:
        AuditError: the ends do not match each other, or nothing sealed lies between them.
    """
    if "#" in since or "#" in until:
        return (_positions(folder, since, until),)
    found = event_ranges(
        folder,
        since=_ms(since) if since else 0,
        until=_ms(until) + timedelta(days=1) // timedelta(milliseconds=1) if until else _FOREVER,
    )
    if not found:
        raise AuditError("audit review: nothing sealed lies in that time")
    return found


def _positions(folder: Path, since: str, until: str) -> EventRange:
    first = find_event(folder, since) if since else None
    last = find_event(folder, until) if until else None
    stream = (first or last or ("", 0))[0]
    if (first and first[0] != stream) or (last and last[0] != stream):
        raise AuditError("audit review: both ends must be of one stream")
    return event_range(folder, stream, first[1] if first else 0, last[1] + 1 if last else None)


def _ms(day: str) -> int:
    try:
        start = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)
    except ValueError:
        raise AuditError("audit review: a date is YYYY-MM-DD, a position STREAM#INDEX") from None
    return int(start.timestamp() * 1000)
