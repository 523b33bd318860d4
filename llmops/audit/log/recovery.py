"""Recover a reopened stream: check the sealed part and move a torn tail aside; nothing is dropped."""

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from llmops.audit import layout
from llmops.audit.checkpoint import Anchor, Checkpoint, is_torn, parse_checkpoint, split_notes
from llmops.audit.codec import decode
from llmops.audit.events import Recovered, StreamSealed
from llmops.audit.kinds import may_hold
from llmops.audit.log import disk
from llmops.audit.log.merkle import Frontier, leaf_hash
from llmops.audit.log.segments import Segment, reading, segments
from llmops.audit.log.tree_file import TreeWriter
from llmops.errors import AuditError, AuditVerificationError
from llmops.plain_files import PRIVATE_FILE, PRIVATE_FOLDER, file_size, is_there, open_file, read_file

NO_PREVIOUS: Final = "0" * 32
_MOST_TORN: Final = 1 << 20  # bytes, of a reader's stream; a batch of a reader is far smaller


def link(leaf: bytes) -> str:
    """Return the ``prev`` value of the event that follows the one with this leaf hash."""
    return leaf.hex()[:32]


@dataclass(slots=True, kw_only=True)
class Standing:
    """The valid part of a stream.

    Args:
        frontier: the tree over its events.
        prev: link of the last event.
        end: byte position after the last event, in the newest segment.
        recovered: numbers of the torn files that its events record.
        tied: anchors of other streams that its events record.
        tree: the tree file over its events.
    """

    tree: TreeWriter

    frontier: Frontier = field(default_factory=Frontier)
    prev: str = NO_PREVIOUS
    end: int = 0
    recovered: set[int] = field(default_factory=set)
    tied: set[Anchor] = field(default_factory=set)


def last_checkpoint(directory: Path, stream: str, aside: Path) -> Checkpoint | None:
    """Return the newest checkpoint; a torn one after it is moved aside.

    Args:
        aside: the folder for torn data.

    Raises:
        AuditVerificationError: the newest checkpoint is malformed, of another stream, or followed by
            data that a crash cannot leave.
        AuditWriteError: the torn data cannot be moved aside.
    """
    path = layout.checkpoints_file(directory, stream)
    if not is_there(path):
        return None
    data = read_all(path)
    notes, rest = split_notes(data)
    if rest and not is_torn(rest, stream):
        raise AuditVerificationError(f"audit stream {stream}: its checkpoint file was changed at its end")
    if rest:
        _keep(aside, stream, rest, ())
        _cut(path, len(data) - len(rest))
    if not notes:
        return None
    checkpoint = parse_checkpoint(notes[-1])
    if checkpoint.stream != stream:
        raise AuditVerificationError(f"audit stream {stream}: its checkpoints are of another stream")
    return checkpoint


def stand(directory: Path, stream: str, sealed: Checkpoint | None) -> Standing:
    """Read a stream up to its last complete event with a valid link.

    Raises:
        AuditVerificationError: the sealed part does not match its checkpoint; the stream must not be continued.
    """
    standing = Standing(tree=TreeWriter(layout.tree_file(directory, stream)))
    size = sealed.size if sealed else 0
    for part in segments(directory, stream):
        if part.start != standing.frontier.size or part.start > size:
            what = f"the segment before event {part.start} does not end there as it did"
            raise AuditVerificationError(f"audit stream {stream}: {what}")
        standing.end = 0
        _read(part, stream, standing, sealed)
    if standing.frontier.size < size:
        missing = f"{standing.frontier.size} of {size} sealed events"
        raise AuditVerificationError(f"audit stream {stream}: holds only {missing}")
    return standing


def _read(part: Segment, stream: str, standing: Standing, sealed: Checkpoint | None) -> None:
    """Take the valid events of one segment."""
    size, kinds = sealed.size if sealed else 0, may_hold(stream)
    for line in _lines(part):
        in_seal = standing.frontier.size < size
        if not line.endswith(b"\n"):
            break
        if not in_seal and not _follows(standing, line[:-1], kinds):
            if layout.is_reader(stream):  # anybody may have written it: a crash leaves no complete invalid line
                raise AuditVerificationError(
                    f"audit stream {stream}: event {standing.frontier.size} is none of a reader"
                )
            break
        _take(standing, line)
        if sealed and standing.frontier.size == size and standing.frontier.root() != sealed.root:
            raise AuditVerificationError(f"audit stream {stream}: events before {size} are not those that were sealed")


def set_aside(aside: Path, stream: str, descriptor: int, standing: Standing) -> tuple[Recovered, ...]:
    """Move data after the last valid event to a torn file; return events for it and for torn files not yet recorded.

    The copy is durable before the cut, and a torn file without an event is recorded at the next opening, so a crash at
    any moment loses nothing. The data is read from the locked descriptor, never by name again.

    Raises:
        AuditVerificationError: it is more than a reader's crash can leave.
        AuditWriteError: it cannot be moved.
    """
    torn = os.fstat(descriptor).st_size - standing.end
    if torn > _MOST_TORN and layout.is_reader(stream):
        raise AuditVerificationError(f"audit stream {stream}: {torn} bytes behind its last event are no torn event")
    if torn > 0:
        _keep(aside, stream, os.pread(descriptor, torn, standing.end), standing.recovered)
        disk.cut(descriptor, standing.end)
    try:
        sizes = {number: file_size(path) for number, path in layout.torn_files(aside, stream).items()}
    except OSError as error:
        disk.refuse("look at what was set aside", error)
    return tuple(
        Recovered(torn=number, quarantined=size) for number, size in sizes.items() if number not in standing.recovered
    )


def read_all(path: Path) -> bytes:
    """Read a file of the log.

    Raises:
        AuditWriteError: it cannot be read.
    """
    try:
        return read_file(path)
    except OSError as error:
        disk.refuse("read a file of the log", error)


def _lines(part: Segment) -> Iterator[bytes]:
    if not is_there(part.path):
        return
    try:
        with reading(part) as file:
            yield from file
    except OSError as error:
        disk.refuse("read a stream", error)


def _follows(standing: Standing, line: bytes, kinds: frozenset[str] | None) -> bool:
    try:
        entry = decode(line)
    except AuditError:
        return False
    if kinds is not None and entry.event.kind not in kinds:
        return False
    return entry.n == standing.frontier.size and entry.prev == standing.prev


def _take(standing: Standing, line: bytes) -> None:
    leaf = leaf_hash(line[:-1])
    standing.frontier.append(leaf)
    standing.prev = link(leaf)
    standing.end += len(line)
    standing.tree.add(leaf, len(line))
    if b'"kind":"recovered"' in line or b'"kind":"stream_sealed"' in line:
        _remember(standing, line[:-1])


def _remember(standing: Standing, line: bytes) -> None:
    try:
        event = decode(line).event
    except AuditError:
        return
    if isinstance(event, Recovered):
        standing.recovered.add(event.torn)
    elif isinstance(event, StreamSealed):
        standing.tied.add(event.anchor)


def _keep(aside: Path, stream: str, data: bytes, told: Collection[int]) -> None:
    """Save torn data, readable by its owner only, under a number that no event has recorded."""
    disk.make_directory(aside, PRIVATE_FOLDER)
    number = max((*layout.torn_files(aside, stream), *told), default=0) + 1
    disk.write_new(layout.torn_file(aside, stream, number), data, PRIVATE_FILE)


def _cut(path: Path, size: int) -> None:
    try:
        descriptor = open_file(path, os.O_WRONLY)
    except OSError as error:
        disk.refuse("cut off a torn checkpoint", error)
    try:
        disk.cut(descriptor, size)
    finally:
        os.close(descriptor)
