"""Verify one stream, event by event, against its checkpoints and anchors."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final

from orjson import JSONDecodeError, loads

from llmops.audit import layout
from llmops.audit.checkpoint import Anchor, Checkpoint, is_torn, parse_checkpoint, split_notes
from llmops.audit.codec import NAMES, decode
from llmops.audit.events import (
    SCHEMA_VERSION,
    Recovered,
    ReleasePublished,
    ReleaseRevoked,
    Reviewed,
    StreamSealed,
)
from llmops.audit.kinds import may_hold
from llmops.audit.log.merkle import Frontier
from llmops.audit.log.recovery import NO_PREVIOUS
from llmops.audit.log.segments import Segment, reading, segments
from llmops.audit.verdict import Finding, Status, StreamReport
from llmops.errors import AuditError, AuditVerificationError, RecipeError
from llmops.keys import VerifyKey, parse_vkey
from llmops.plain_files import NotPlainError, file_size, is_there, read_file

_BLOCK: Final = 4096  # events held in memory at a time
_REMEMBERED: Final = frozenset(
    event.kind for event in (StreamSealed, Recovered, Reviewed, ReleasePublished, ReleaseRevoked)
)
_MOST_LINKS: Final = 10  # broken links reported in full; after that only counted by the root


class StreamCheck:
    """Reads one stream once; call `run`, then `close` for the findings and `report` for the figures."""

    def __init__(self, directory: Path, stream: str, keys: Sequence[VerifyKey], anchors: Sequence[Anchor]) -> None:
        self.stream = stream
        self.sealings: list[Anchor] = []
        self.published: list[ReleasePublished] = []
        self.revoked: list[ReleaseRevoked] = []
        self._directory = directory
        self._trusted = tuple(keys)
        self._anchors = {(anchor.size, anchor.root) for anchor in anchors}
        self._findings: list[Finding] = []
        self._frontier = Frontier()
        self._prev: str = NO_PREVIOUS
        self._kinds: Counter[str] = Counter()
        self._roots: dict[int, str] = {0: self._frontier.root().hex()}
        self._fingerprints: set[str] = set()
        self._sealed = 0
        self._signed = 0
        self._anchored = 0
        self._broken = 0
        self._segments = 1

    def run(self) -> None:
        """Read the checkpoints, then the events."""
        try:
            checkpoints = self._checkpoints()
            self._events({checkpoint.size: checkpoint for checkpoint in checkpoints})
        except NotPlainError:
            self._find(Status.TAMPERED, "one of its files is a link, a special file, or has a second name")
        except OSError:
            self._find(Status.CANNOT_VERIFY, "its files cannot be read")

    def agrees(self, anchor: Anchor) -> bool:
        """Whether the stream had this root at this size; only sizes with a checkpoint are remembered."""
        if self._roots.get(anchor.size) != anchor.root:
            return False
        self._anchored = max(self._anchored, anchor.size)
        return True

    def close(self) -> tuple[Finding, ...]:
        """Return the findings, in the order of their discovery."""
        if self._is_readers_tail():
            what = f"its {self._frontier.size} events are a reader's: unsealed, and open to change, until the next run"
            self._find(Status.INTACT, what, end=self._frontier.size)
            return tuple(self._findings)
        if not self._anchored and self._frontier.size:
            self._find(Status.WARNINGS, "no anchor speaks of it: a rollback of log and checkpoints would not show")
        unsealed = self._frontier.size - self._sealed
        if unsealed:
            what = f"its last {unsealed} events are not sealed by a checkpoint"
            self._find(Status.WARNINGS, what, start=self._sealed, end=self._frontier.size)
        return tuple(self._findings)

    def _is_readers_tail(self) -> bool:
        """Whether it is the unsealed stream of a search or an evaluation: normal, since readers hold no key.

        Only if it holds reading events alone, and no checkpoint or anchor ever covered it.
        """
        is_open = self._frontier.size > 0 and not self._sealed and not self._anchors and not self._anchored
        return is_open and layout.is_reader(self.stream) and not self._findings

    def report(self) -> StreamReport:
        """Return what is proven."""
        return StreamReport(
            stream=self.stream,
            events=self._frontier.size,
            sealed=self._sealed,
            anchored=self._anchored,
            root=self._frontier.root().hex(),
            fingerprints=tuple(sorted(self._fingerprints)),
            kinds=tuple(sorted(self._kinds.items())),
            segments=self._segments,
        )

    def _find(
        self, status: Status, what: str, *, position: int | None = None, start: int = 0, end: int | None = None
    ) -> None:
        self._findings.append(
            Finding(status=status, stream=self.stream, what=what, position=position, start=start, end=end)
        )

    def _checkpoints(self) -> list[Checkpoint]:
        """Return every checkpoint with a valid signature, in order of size."""
        path = layout.checkpoints_file(self._directory, self.stream)
        notes, rest = split_notes(read_file(path)) if is_there(path) else ((), b"")
        if rest and is_torn(rest, self.stream):
            self._find(Status.WARNINGS, "its checkpoint file ends in a torn checkpoint")
        elif rest:
            self._find(Status.TAMPERED, "its checkpoint file ends in what no crash leaves")
        keys, size = self._keys(), 0
        good = []
        for number, note in enumerate(notes):
            checkpoint = self._checkpoint(note, number, keys)
            if checkpoint is None:
                continue
            if checkpoint.size <= size:
                self._find(Status.TAMPERED, f"checkpoint {number} does not grow", start=checkpoint.size, end=size)
                continue
            size = checkpoint.size
            good.append(checkpoint)
        self._signed = size
        return good

    def _checkpoint(self, note: bytes, number: int, keys: Sequence[VerifyKey]) -> Checkpoint | None:
        try:
            checkpoint = parse_checkpoint(note)
        except AuditVerificationError:
            self._find(Status.TAMPERED, f"checkpoint {number} is malformed")
            return None
        if checkpoint.stream != self.stream:
            self._find(Status.TAMPERED, f"checkpoint {number} is of another stream")
            return None
        key = checkpoint.signed_by(keys)
        if key is None:
            what = f"checkpoint {number} (size {checkpoint.size}) has no valid signature of a trusted key"
            self._find(Status.TAMPERED, what, end=checkpoint.size)
            return None
        if self._trusted and key not in self._trusted and key.fingerprint not in self._fingerprints:
            what = f"it is signed by a reviewer whose key {key.fingerprint[:16]} was not given"
            self._find(Status.WARNINGS, what)
        self._fingerprints.add(key.fingerprint)
        return checkpoint

    def _keys(self) -> tuple[VerifyKey, ...]:
        path = layout.keys_file(self._directory, self.stream)
        text = read_file(path).decode("ascii", "replace") if is_there(path) else ""
        try:
            beside = tuple(parse_vkey(line) for line in text.splitlines())
        except RecipeError:
            beside = ()
        if "".join(f"{key.vkey}\n" for key in beside) != text:
            self._find(Status.TAMPERED, "its key file is malformed")
            beside = ()
        if self._trusted and layout.is_review(self.stream):
            return (*self._trusted, *beside)
        return self._trusted or beside

    def _events(self, checkpoints: dict[int, Checkpoint]) -> None:
        for number, part in enumerate(segments(self._directory, self.stream), 1):
            if not self._joins(part, checkpoints):
                return
            self._segments = number
            if is_there(part.path):
                with reading(part) as file:
                    self._read(file, checkpoints)
        self._beyond(checkpoints)

    def _joins(self, part: Segment, checkpoints: Collection[int]) -> bool:
        """Whether a segment continues where the one before it ended; after a gap nothing can be proven.

        After the newest checkpoint nothing was sealed, or an active writer has just sealed it.
        """
        have = self._frontier.size
        if part.start > have:
            what = f"events {have} to {part.start} are missing from a sealed segment; nothing behind them is proven"
            self._find(Status.TAMPERED, what, position=have, start=self._sealed, end=part.start)
        elif part.start < have:
            what = f"the segment before {part.start} holds more events than it was sealed with"
            self._find(Status.TAMPERED, what, position=part.start, start=part.start, end=have)
        elif 0 < have < max(checkpoints, default=0) and have not in checkpoints:
            self._find(Status.TAMPERED, f"a segment ends at {have}, where nothing was sealed", start=self._sealed)
        return part.start == have

    def _read(self, file: BinaryIO, checkpoints: dict[int, Checkpoint]) -> None:
        wanted = {*checkpoints, *(size for size, _ in self._anchors)}
        for size in self._stops(wanted):
            if not self._block(list(islice(file, size - self._frontier.size))):
                break
            if size in wanted and size == self._frontier.size:
                self._milestone(checkpoints.get(size))

    def _stops(self, wanted: Collection[int]) -> Iterator[int]:
        """Yield the sizes to read up to: each at which a root is compared, and some in between."""
        for size in sorted(wanted):
            while self._frontier.size < size:
                yield min(size, self._frontier.size + _BLOCK)
        while True:
            yield self._frontier.size + _BLOCK

    def _block(self, lines: list[bytes]) -> bool:
        """Take the next lines; return whether they were a full block of complete lines, so that more may follow."""
        if not lines:
            return False
        torn = not lines[-1].endswith(b"\n")
        bare = [line[:-1] for line in (lines[:-1] if torn else lines)]
        leaves = [sha256(b"\x00" + line).digest() for line in bare]
        self._links(bare, leaves)
        self._frontier.extend(leaves)
        if torn:
            self._find(Status.WARNINGS, "it ends in a torn event", position=self._frontier.size)
        return not torn

    def _links(self, lines: Sequence[bytes], leaves: Sequence[bytes]) -> None:
        """Check each event and its link to the previous one; this loop determines the speed of `verify`."""
        prev, kinds = self._prev, self._kinds
        allowed = may_hold(self.stream, sealed=self._frontier.size + len(lines) <= self._signed) or NAMES.keys()
        for position, (line, leaf) in enumerate(zip(lines, leaves, strict=True), self._frontier.size):
            try:
                data = loads(line)
                kind = data["kind"]
                good = (
                    data["n"] == position
                    and data["prev"] == prev
                    and data.keys() == NAMES[kind]
                    and data["v"] == SCHEMA_VERSION
                )
            except (JSONDecodeError, KeyError, TypeError, AttributeError):
                good = False
            if good and kind in allowed:
                kinds[kind] += 1
                if kind in _REMEMBERED:
                    self._remember(line)
            else:
                self._break(line, position)
            prev = leaf[:16].hex()
        self._prev = prev

    def _break(self, line: bytes, position: int) -> None:
        self._broken += 1
        if self._broken <= _MOST_LINKS:
            status, what = _problem(line)
            self._find(status, what, position=position, start=self._sealed, end=None)

    def _remember(self, line: bytes) -> None:
        try:
            event = decode(line).event
        except AuditError:
            return
        if isinstance(event, StreamSealed | Reviewed):
            self.sealings.append(Anchor(stream=event.stream, size=event.size, root=event.root))
        elif isinstance(event, ReleasePublished):
            self.published.append(event)
        elif isinstance(event, ReleaseRevoked):
            self.revoked.append(event)
        elif isinstance(event, Recovered):
            self._set_aside(event)

    def _set_aside(self, event: Recovered) -> None:
        """Check the size of a torn file kept beside the log; one in the raw zone is not checked."""
        path = layout.torn_file(self._directory, self.stream, event.torn)
        if is_there(path) and file_size(path) != event.quarantined:
            self._find(Status.WARNINGS, f"what recovery {event.torn} set aside is of another size")

    def _milestone(self, checkpoint: Checkpoint | None) -> None:
        """Compare the root at this size with the checkpoint and the anchors of that size."""
        size, root = self._frontier.size, self._frontier.root().hex()
        self._roots[size] = root
        if checkpoint is not None:
            if checkpoint.root.hex() == root:
                self._sealed = size
            else:
                what = f"its events are not those that were sealed at size {size}"
                self._find(Status.TAMPERED, what, start=self._sealed, end=size)
        for _, other in sorted(anchor for anchor in self._anchors if anchor[0] == size):
            if other == root:
                self._anchored = max(self._anchored, size)
            else:
                self._find(Status.TAMPERED, f"it does not extend the anchor at size {size}", start=0, end=size)

    def _beyond(self, checkpoints: dict[int, Checkpoint]) -> None:
        """Report checkpoints and anchors that cover more events than there are.

        With the end missing, only events up to the newest valid checkpoint are proven.
        """
        have = self._frontier.size
        sealed = max(checkpoints, default=0)
        if sealed > have:
            what = f"{sealed - have} sealed events are missing at its end"
            self._find(Status.TAMPERED, what, position=have, start=self._sealed, end=sealed)
        anchored = max((size for size, _ in self._anchors), default=0)
        if anchored > have:
            what = f"it was rolled back: an anchor speaks of {anchored} events, it holds {have}"
            self._find(Status.TAMPERED, what, position=have, start=self._sealed, end=anchored)


def _problem(line: bytes) -> tuple[Status, str]:
    """Return status and description of an invalid event."""
    try:
        data: Any = loads(line)
    except JSONDecodeError:
        data = None
    if not isinstance(data, dict) or not isinstance(kind := data.get("kind"), str):
        return Status.TAMPERED, "an event is not JSON of the schema"
    if data.get("v") != SCHEMA_VERSION or kind not in NAMES:
        return Status.CANNOT_VERIFY, "an event is of a version or kind this release of llmops does not know"
    if data.keys() != NAMES[kind]:
        return Status.TAMPERED, "an event has fields that its schema does not know, or lacks some"
    return Status.TAMPERED, "an event does not follow the one before it, or has no place in this stream"
