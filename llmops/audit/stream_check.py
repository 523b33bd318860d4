"""The verification of one stream, event by event, against its checkpoints and the anchors that speak of it."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from llmops.audit import layout
from llmops.audit.checkpoint import Anchor, Checkpoint, is_torn, parse_checkpoint, split_notes
from llmops.audit.codec import EVENTS, decode, names_of
from llmops.audit.events import SCHEMA_VERSION, Recovered, StreamSealed
from llmops.audit.keys import VerifyKey, parse_vkey
from llmops.audit.merkle import Frontier, leaf_hash
from llmops.audit.recovery import NO_PREVIOUS, link
from llmops.audit.verdict import Finding, Status, StreamReport
from llmops.errors import AuditError, AuditVerificationError, RecipeError

_MOST_LINKS: Final = 10  # broken links reported in full; after that only counted by the root


class StreamCheck:
    """Reads one stream once; `run`, then `close` for the findings and `report` for the figures."""

    def __init__(self, directory: Path, stream: str, keys: Sequence[VerifyKey], anchors: Sequence[Anchor]) -> None:
        self.stream = stream
        self.sealings: list[Anchor] = []
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
        self._anchored = 0
        self._broken = 0

    def run(self) -> None:
        """Read the checkpoints, then the events."""
        try:
            checkpoints = self._checkpoints()
            self._events({checkpoint.size: checkpoint for checkpoint in checkpoints})
        except OSError:
            self._find(Status.CANNOT_VERIFY, "its files cannot be read")

    def agrees(self, anchor: Anchor) -> bool:
        """Whether the stream had this root at this size; only sizes with a checkpoint are remembered."""
        if self._roots.get(anchor.size) != anchor.root:
            return False
        self._anchored = max(self._anchored, anchor.size)
        return True

    def close(self) -> tuple[Finding, ...]:
        """The findings, in the order of their discovery."""
        if not self._anchored and self._frontier.size:
            self._find(Status.WARNINGS, "no anchor speaks of it: a rollback of log and checkpoints would not show")
        unsealed = self._frontier.size - self._sealed
        if unsealed:
            what = f"its last {unsealed} events are not sealed by a checkpoint"
            self._find(Status.WARNINGS, what, start=self._sealed, end=self._frontier.size)
        return tuple(self._findings)

    def report(self) -> StreamReport:
        """What is proven."""
        return StreamReport(
            stream=self.stream,
            events=self._frontier.size,
            sealed=self._sealed,
            anchored=self._anchored,
            root=self._frontier.root().hex(),
            fingerprints=tuple(sorted(self._fingerprints)),
            kinds=tuple(sorted(self._kinds.items())),
        )

    def _find(
        self, status: Status, what: str, *, position: int | None = None, start: int = 0, end: int | None = None
    ) -> None:
        self._findings.append(
            Finding(status=status, stream=self.stream, what=what, position=position, start=start, end=end)
        )

    def _checkpoints(self) -> list[Checkpoint]:
        """Every checkpoint that a key has signed, in order of size."""
        path = layout.checkpoints_file(self._directory, self.stream)
        notes, rest = split_notes(path.read_bytes()) if path.exists() else ((), b"")
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
        self._fingerprints.add(key.fingerprint)
        return checkpoint

    def _keys(self) -> tuple[VerifyKey, ...]:
        path = layout.keys_file(self._directory, self.stream)
        lines = path.read_bytes().decode("ascii", "replace").splitlines() if path.exists() else []
        try:
            beside = tuple(parse_vkey(line) for line in lines)
        except RecipeError:
            self._find(Status.TAMPERED, "its key file is malformed")
            beside = ()
        return self._trusted or beside

    def _events(self, checkpoints: dict[int, Checkpoint]) -> None:
        path = layout.events_file(self._directory, self.stream)
        wanted = {*checkpoints, *(size for size, _ in self._anchors)}
        if path.exists():
            with path.open("rb") as file:
                for line in file:
                    if not line.endswith(b"\n"):
                        self._find(Status.WARNINGS, "it ends in a torn event", position=self._frontier.size)
                        break
                    self._event(line[:-1])
                    if self._frontier.size in wanted:
                        self._milestone(checkpoints.get(self._frontier.size))
        self._beyond(checkpoints)

    def _event(self, line: bytes) -> None:
        position = self._frontier.size
        leaf = leaf_hash(line)
        self._frontier.append(leaf)
        problem = self._problem(line, position)
        self._prev = link(leaf)
        if problem:
            self._broken += 1
            if self._broken <= _MOST_LINKS:
                self._find(*problem, position=position, start=self._sealed, end=None)

    def _problem(self, line: bytes, position: int) -> tuple[Status, str] | None:
        """What is wrong with one event in itself or after the one before it."""
        try:
            data: Any = orjson.loads(line)
        except orjson.JSONDecodeError:
            data = None
        if not isinstance(data, dict) or not isinstance(kind := data.get("kind"), str):
            return Status.TAMPERED, "an event is not JSON of the schema"
        if data.get("v") != SCHEMA_VERSION or kind not in EVENTS:
            return Status.CANNOT_VERIFY, "an event is of a version or kind this release of llmops does not know"
        self._kinds[kind] += 1
        if data.keys() != names_of(kind):
            return Status.TAMPERED, "an event has fields that its schema does not know, or lacks some"
        if data.get("n") != position or data.get("prev") != self._prev:
            return Status.TAMPERED, "an event does not follow the one before it"
        if kind in (StreamSealed.kind, Recovered.kind):
            self._remember(line)
        return None

    def _remember(self, line: bytes) -> None:
        try:
            event = decode(line).event
        except AuditError:
            return
        if isinstance(event, StreamSealed):
            self.sealings.append(Anchor(stream=event.stream, size=event.size, root=event.root))
        elif isinstance(event, Recovered):
            self._set_aside(event)

    def _set_aside(self, event: Recovered) -> None:
        path = layout.torn_file(self._directory, self.stream, event.torn)
        if not path.exists() or path.stat().st_size != event.quarantined:
            self._find(Status.WARNINGS, f"what recovery {event.torn} set aside is missing or of another size")

    def _milestone(self, checkpoint: Checkpoint | None) -> None:
        """Hold the root at this size against the checkpoint and the anchors that speak of it."""
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
        """Find the checkpoints and anchors that speak of more events than there are."""
        have = self._frontier.size
        sealed = max(checkpoints, default=0)
        if sealed > have:
            self._find(Status.TAMPERED, f"{sealed - have} sealed events are missing at its end", start=have, end=sealed)
        anchored = max((size for size, _ in self._anchors), default=0)
        if anchored > have:
            what = f"it was rolled back: an anchor speaks of {anchored} events, it holds {have}"
            self._find(Status.TAMPERED, what, start=have, end=anchored)
