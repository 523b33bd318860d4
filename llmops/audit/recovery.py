"""What a writer finds when it reopens a stream: the sealed part must stand, a torn tail is set aside, never dropped."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from llmops.audit import disk, layout
from llmops.audit.checkpoint import Anchor, Checkpoint, is_torn, parse_checkpoint, split_notes
from llmops.audit.codec import decode
from llmops.audit.events import Recovered, StreamSealed
from llmops.audit.merkle import Frontier, leaf_hash
from llmops.audit.segments import segments
from llmops.audit.tree_file import TreeWriter
from llmops.errors import AuditError, AuditVerificationError, AuditWriteError

NO_PREVIOUS: Final = "0" * 32


def link(leaf: bytes) -> str:
    """What the next event says of the event with this leaf hash."""
    return leaf.hex()[:32]


@dataclass(slots=True, kw_only=True)
class Standing:
    """A stream as far as it stands.

    Args:
        frontier: the tree over its events.
        prev: link of the last event.
        end: byte position after the last event, in the newest segment.
        recovered: numbers of the torn files that its events already speak of.
        tied: what its events already say of other streams.
        tree: the tree file over its events.
    """

    tree: TreeWriter

    frontier: Frontier = field(default_factory=Frontier)
    prev: str = NO_PREVIOUS
    end: int = 0
    recovered: set[int] = field(default_factory=set)
    tied: set[Anchor] = field(default_factory=set)


def last_checkpoint(directory: Path, stream: str) -> Checkpoint | None:
    """The newest checkpoint; a torn one after it is set aside.

    Raises:
        AuditVerificationError: the newest checkpoint is malformed, of another stream, or followed by
            what no crash leaves.
        AuditWriteError: the torn part cannot be set aside.
    """
    path = layout.checkpoints_file(directory, stream)
    if not path.exists():
        return None
    data = read_all(path)
    notes, rest = split_notes(data)
    if rest and not is_torn(rest, stream):
        raise AuditVerificationError(f"audit stream {stream}: its checkpoint file was changed at its end")
    if rest:
        disk.write_new(_free_torn(directory, stream), rest)
        _cut(path, len(data) - len(rest))
    if not notes:
        return None
    checkpoint = parse_checkpoint(notes[-1])
    if checkpoint.stream != stream:
        raise AuditVerificationError(f"audit stream {stream}: its checkpoints are of another stream")
    return checkpoint


def stand(directory: Path, stream: str, sealed: Checkpoint | None) -> Standing:
    """Read a stream up to its last whole, well-linked event.

    Raises:
        AuditVerificationError: the sealed part is not what its checkpoint says; the stream must not be written on.
    """
    standing = Standing(tree=TreeWriter(layout.tree_file(directory, stream)))
    size = sealed.size if sealed else 0
    for part in segments(directory, stream):
        if part.start != standing.frontier.size or part.start > size:
            what = f"the segment before event {part.start} does not end there as it did"
            raise AuditVerificationError(f"audit stream {stream}: {what}")
        standing.end = 0
        _read(part.path, stream, standing, sealed)
    if standing.frontier.size < size:
        missing = f"{standing.frontier.size} of {size} sealed events"
        raise AuditVerificationError(f"audit stream {stream}: holds only {missing}")
    return standing


def _read(path: Path, stream: str, standing: Standing, sealed: Checkpoint | None) -> None:
    """Take the events of one segment as far as they stand."""
    size = sealed.size if sealed else 0
    for line in _lines(path):
        in_seal = standing.frontier.size < size
        if not line.endswith(b"\n") or not (in_seal or _follows(standing, line[:-1])):
            break
        _take(standing, line)
        if sealed and standing.frontier.size == size and standing.frontier.root() != sealed.root:
            raise AuditVerificationError(f"audit stream {stream}: events before {size} are not those that were sealed")


def set_aside(directory: Path, stream: str, descriptor: int, standing: Standing) -> tuple[Recovered, ...]:
    """Move what lies behind the last good event to a torn file; the events that tell of it and of earlier untold ones.

    The copy is durable before the cut, and a torn file that no event names is told of at the next opening, so a crash
    at any moment loses nothing.

    Raises:
        AuditWriteError: it cannot be moved.
    """
    size = os.fstat(descriptor).st_size
    if size > standing.end:
        rest = os.pread(descriptor, size - standing.end, standing.end)
        disk.write_new(_free_torn(directory, stream), rest)
        disk.cut(descriptor, standing.end)
    untold = {n: path for n, path in layout.torn_files(directory, stream).items() if n not in standing.recovered}
    return tuple(Recovered(torn=number, quarantined=path.stat().st_size) for number, path in untold.items())


def read_all(path: Path) -> bytes:
    """The bytes of a file of the log.

    Raises:
        AuditWriteError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        disk.refuse("read a file of the log", error)


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from file
    except OSError as error:
        raise AuditWriteError(f"audit: cannot read a stream ({os.strerror(error.errno or 0)})") from None


def _follows(standing: Standing, line: bytes) -> bool:
    try:
        entry = decode(line)
    except AuditError:
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


def _free_torn(directory: Path, stream: str) -> Path:
    number = max(layout.torn_files(directory, stream), default=0) + 1
    return layout.torn_file(directory, stream, number)


def _cut(path: Path, size: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    except OSError as error:
        disk.refuse("cut off a torn checkpoint", error)
    try:
        disk.cut(descriptor, size)
    finally:
        os.close(descriptor)
