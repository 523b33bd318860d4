"""Sign off event ranges of the log: in the reviewer's own stream, with the reviewer's own key."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import orjson

from llmops.audit import layout
from llmops.audit.checkpoint import Checkpoint
from llmops.audit.events import Reviewed, ReviewReason
from llmops.audit.log.newest import newest_checkpoint
from llmops.audit.log.segments import lines
from llmops.audit.log.writer import AuditLog, published_keys
from llmops.documents import Receipt
from llmops.errors import AuditError, AuditVerificationError
from llmops.keys import SigningKey


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRange:
    """Sealed events ``[start, end)`` of a stream, under its newest checkpoint."""

    start: int
    end: int
    checkpoint: Checkpoint


def event_ranges(directory: Path, *, since: int = 0, until: int = 2**63 - 1) -> tuple[EventRange, ...]:
    """Return the events of every stream that were sealed between two times; reviewers' streams are left out.

    Args:
        since: UTC milliseconds, inclusive.
        until: UTC milliseconds, exclusive.

    Raises:
        AuditVerificationError: a checkpoint file cannot be read or is malformed.
    """
    found = []
    for stream in layout.streams(directory):
        checkpoint = None if layout.is_review(stream) else newest_checkpoint(directory, stream)
        if checkpoint is None:
            continue
        start, end = _bounds(directory, checkpoint, since, until)
        if start < end:
            found.append(EventRange(start=start, end=end, checkpoint=checkpoint))
    return tuple(found)


def event_range(directory: Path, stream: str, start: int, end: int | None = None) -> EventRange:
    """Return events ``[start, end)`` of one stream; up to its newest checkpoint if no end is given.

    Raises:
        AuditError: not all of them are sealed, or the range is empty.
    """
    checkpoint = newest_checkpoint(directory, layout.check_stream(stream))
    last = checkpoint.size if checkpoint and end is None else end
    if checkpoint is None or last is None or not 0 <= start < last <= checkpoint.size:
        raise AuditError(f"audit stream {stream}: events {start} to {end} are not all there and sealed")
    return EventRange(start=start, end=last, checkpoint=checkpoint)


def sign_off(
    directory: Path,
    reviewed: Sequence[EventRange],
    signer: SigningKey,
    reason: ReviewReason,
    clock: Callable[[], int],
) -> tuple[Receipt, ...]:
    """Log that the holder of a key reviewed event ranges; sealed with that key before it returns.

    Args:
        directory: the audit directory.
        reviewed: the event ranges; verify the log before.
        signer: the reviewer's key, not the one that signs the log.
        reason: reason of the review.
        clock: UTC milliseconds since 1970.

    Raises:
        AuditError: the key also signs the log: a writer of the log cannot review it.
        AuditWriteError: not durable.
    """
    if signer.public.fingerprint in _writers(directory):
        raise AuditError("audit review: this key signs the log itself; a reviewer needs a key of their own")
    events = [
        Reviewed(
            stream=part.checkpoint.stream,
            start=part.start,
            end=part.end,
            size=part.checkpoint.size,
            root=part.checkpoint.root.hex(),
            reason=reason,
            reviewer=signer.public.fingerprint,
        )
        for part in reviewed
    ]
    stream = f"{layout.REVIEW}{signer.public.fingerprint[:16]}"
    with AuditLog.open(directory, stream=stream, signer=signer, clock=clock) as log:
        return log.append(events)


def _writers(directory: Path) -> frozenset[str]:
    """Return the fingerprints of the keys that sign streams other than reviews."""
    writing = (stream for stream in layout.streams(directory) if not layout.is_review(stream))
    return frozenset(key.fingerprint for stream in writing for key in published_keys(directory, stream))


def _bounds(directory: Path, checkpoint: Checkpoint, since: int, until: int) -> tuple[int, int]:
    """Return the bounds of the sealed events between two times; a clock that was set back counts as standing still."""
    start = end = latest = 0
    try:
        for line in islice(lines(directory, checkpoint.stream), checkpoint.size):
            latest = max(latest, orjson.loads(line)["at"])
            start += latest < since
            end += latest < until
    except (OSError, ValueError, KeyError, TypeError):
        raise AuditVerificationError(f"audit stream {checkpoint.stream}: cannot be read") from None
    return start, end
