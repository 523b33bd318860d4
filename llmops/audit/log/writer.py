"""The append-only log: one stream per writer, durable before it is acknowledged, sealed by signed checkpoints."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from llmops.audit import layout
from llmops.audit.checkpoint import Checkpoint, sign_checkpoint
from llmops.audit.codec import Entry, encode
from llmops.audit.events import Event, Heartbeat
from llmops.audit.kinds import may_hold
from llmops.audit.log import disk, recovery
from llmops.audit.log.merkle import leaf_hash
from llmops.audit.log.segments import SEGMENT_BYTES, segment, segments
from llmops.documents import Receipt
from llmops.errors import AuditError, AuditVerificationError, AuditWriteError, RecipeError
from llmops.keys import SigningKey, VerifyKey, parse_vkey
from llmops.plain_files import is_there

CHECKPOINT_EVENTS: Final = 1_000
CHECKPOINT_MS: Final = 10_000
SILENCE_MS: Final = 60_000


class AuditLog:
    """One stream of an audit directory, locked for writing by this process. Made by `AuditLog.open`."""

    def __init__(
        self,
        directory: Path,
        stream: str,
        *,
        descriptor: int,
        signer: SigningKey | None,
        clock: Callable[[], int],
        run_id: str,
        standing: recovery.Standing,
        sealed: Checkpoint | None,
        segment_bytes: int,
    ) -> None:
        self.stream = stream
        self.directory = directory
        self.tied = standing.tied
        self._descriptor = descriptor
        self._signer = signer
        self._clock = clock
        self._run_id = run_id
        self._frontier = standing.frontier
        self._prev = standing.prev
        self._tree = standing.tree
        self._tree.open()
        self._bytes = standing.end
        self._segment_bytes = segment_bytes
        self._sealed = sealed
        self._sealed_at = self._written_at = clock()
        self._refuses = False
        self._lock = threading.Lock()

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        stream: str,
        signer: SigningKey | None,
        clock: Callable[[], int],
        run_id: str = "",
        segment_bytes: int = SEGMENT_BYTES,
        aside: Path | None = None,
    ) -> Self:
        """Open a stream for appending; create a new one, recover one that a crash cut short.

        Args:
            directory: the audit directory; created if missing.
            stream: name of the stream; each writing process has its own.
            signer: signs the checkpoints; without it nothing is sealed and `verify` reports so.
            clock: UTC milliseconds since 1970.
            run_id: written in every event.
            segment_bytes: size at which a signer seals a segment and starts the next.
            aside: folder in the raw zone for torn data; by default it stays beside the stream.

        Raises:
            AuditWriteError: another process writes the stream, or the disk refuses.
            AuditVerificationError: the sealed part of the stream is not valid; it must not be continued.
        """
        layout.check_stream(stream)
        disk.make_directory(directory)
        descriptor = _hold_newest(directory, stream)
        try:
            sealed = recovery.last_checkpoint(directory, stream, aside or directory)
            _refuse_forged(directory, stream, sealed, signer)
            standing = recovery.stand(directory, stream, sealed)
            recovered = recovery.set_aside(aside or directory, stream, descriptor, standing)
            if signer:
                _publish_key(directory, stream, signer)
        except BaseException:
            os.close(descriptor)
            raise
        log = cls(
            directory,
            stream,
            descriptor=descriptor,
            signer=signer,
            clock=clock,
            run_id=run_id,
            standing=standing,
            sealed=sealed,
            segment_bytes=segment_bytes,
        )
        try:
            log.append(recovered)
        except BaseException:
            os.close(log._descriptor)
            raise
        return log

    @property
    def key(self) -> VerifyKey | None:
        """Return the public key of its checkpoints; None if nothing is sealed."""
        return self._signer.public if self._signer else None

    @property
    def size(self) -> int:
        """Number of events in the stream."""
        return self._frontier.size

    def append(self, events: Sequence[Event]) -> tuple[Receipt, ...]:
        """Write events in one piece; they are durable when this returns.

        Args:
            events: in order; none may hold PHI, which their schema enforces.

        Returns:
            One receipt per event.

        Raises:
            AuditError: an event holds a value that the schema does not allow; nothing of the batch is written.
            AuditWriteError: not durable. The log accepts nothing more; the next opening recovers it.
        """
        with self._lock:
            self._refuse_if_failed()
            if not events:
                return ()
            lines, leaves, prev = self._encode(events)
            start, data = self._frontier.size, b"".join(lines)
            if self._bytes >= self._segment_bytes and self._signer:
                self._begin_segment()
            with self._all_or_refuse():
                disk.append(self._descriptor, data)
                self._bytes += len(data)
                self._prev = prev
                self._frontier.extend(leaves)
            for line, leaf in zip(lines, leaves, strict=True):
                self._tree.add(leaf, len(line))
            self._written_at = self._clock()
            if self._is_due():
                self._checkpoint()
            return tuple(Receipt(stream=self.stream, index=start + i, leaf=leaf.hex()) for i, leaf in enumerate(leaves))

    def checkpoint(self) -> Checkpoint | None:
        """Seal all events; return the newest checkpoint, or ``None`` for an empty stream or one without a signer.

        Raises:
            AuditWriteError: the checkpoint is not durable.
        """
        with self._lock:
            self._refuse_if_failed()
            self._checkpoint()
            return self._sealed

    def beat(self) -> None:
        """Seal events older than `CHECKPOINT_MS`; after `SILENCE_MS` without an event, write a liveness event.

        Raises:
            AuditWriteError: not durable.
        """
        with self._lock:
            self._refuse_if_failed()
            silent = abs(self._clock() - self._written_at) >= SILENCE_MS
            if not silent and self._is_due():
                self._checkpoint()
        if silent:
            self.append([Heartbeat()])

    def close(self) -> None:
        """Seal and close the stream; safe to call twice.

        Raises:
            AuditWriteError: the last checkpoint is not durable; the stream is closed anyway.
        """
        with self._lock:
            if self._descriptor < 0:
                return
            try:
                if not self._refuses:
                    self._checkpoint()
            finally:
                os.close(self._descriptor)
                self._tree.close()
                self._descriptor = -1
                self._refuses = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _encode(self, events: Sequence[Event]) -> tuple[list[bytes], list[bytes], str]:
        lines, leaves = [], []
        n, prev, at = self._frontier.size, self._prev, self._clock()
        kinds = may_hold(self.stream)
        for event in events:
            if kinds is not None and event.kind not in kinds:
                raise AuditError(f"audit stream {self.stream}: its writers may not log {event.kind}")
            line = encode(Entry(n=n, prev=prev, at=at, run=self._run_id, event=event))
            leaf = leaf_hash(line)
            n, prev = n + 1, recovery.link(leaf)
            lines.append(line + b"\n")
            leaves.append(leaf)
        return lines, leaves, prev

    def _begin_segment(self) -> None:
        """Seal the current segment and start a new one; after a crash in between, the old one is continued."""
        self._checkpoint()
        with self._all_or_refuse():
            fresh = disk.next_locked(segment(self.directory, self.stream, self._frontier.size).path)
            disk.close_for_good(self._descriptor)
            self._descriptor, self._bytes = fresh, 0

    def _is_due(self) -> bool:
        sealed = self._sealed.size if self._sealed else 0
        if self._frontier.size - sealed >= CHECKPOINT_EVENTS:
            return True
        return abs(self._clock() - self._sealed_at) >= CHECKPOINT_MS

    def _checkpoint(self) -> None:
        size = self._frontier.size
        if self._signer is None or size == (self._sealed.size if self._sealed else 0):
            return
        checkpoint = sign_checkpoint(self._signer, stream=self.stream, size=size, root=self._frontier.root())
        path = layout.checkpoints_file(self.directory, self.stream)
        with self._all_or_refuse():
            descriptor = disk.open_locked(path)
            try:
                disk.append(descriptor, checkpoint.note + b"\n")
            finally:
                os.close(descriptor)
            self._sealed, self._sealed_at = checkpoint, self._clock()

    @contextmanager
    def _all_or_refuse(self) -> Iterator[None]:
        """Stop the log if the block is interrupted, also by Ctrl-C: it then accepts nothing more."""
        self._refuses = True
        yield
        self._refuses = False

    def _refuse_if_failed(self) -> None:
        if self._refuses:
            raise AuditWriteError(f"audit stream {self.stream}: closed, or an earlier write failed; takes nothing more")


def published_keys(directory: Path, stream: str) -> tuple[VerifyKey, ...]:
    """Return the public keys beside a stream: those that it says have signed it.

    Raises:
        AuditVerificationError: the file holds a line that is no key.
        AuditWriteError: it cannot be read.
    """
    try:
        return tuple(parse_vkey(line) for line in _key_lines(directory, stream))
    except RecipeError:
        raise AuditVerificationError(f"audit stream {stream}: its key file is malformed") from None


def _hold_newest(directory: Path, stream: str) -> int:
    """Open and lock the newest segment; refuse if another one became the newest meanwhile."""
    newest = segments(directory, stream)[-1]
    descriptor = disk.open_locked(newest.path, anyones=layout.is_reader(stream))
    if segments(directory, stream)[-1] == newest:
        return descriptor
    os.close(descriptor)
    raise AuditWriteError(f"audit stream {stream} is being written by another process")


def _refuse_forged(directory: Path, stream: str, sealed: Checkpoint | None, signer: SigningKey | None) -> None:
    """Refuse to continue from a checkpoint that none of the stream's keys signed; a reader's needs the signer's key.

    Whoever can write a reader's stream can put their own key and checkpoints beside it.
    """
    keys = published_keys(directory, stream)
    if signer and layout.is_reader(stream):
        if any(key.vkey != signer.public.vkey for key in keys):
            raise AuditVerificationError(f"audit stream {stream}: it names a key that is not that of the log")
        keys = (signer.public,)
    if sealed and sealed.signed_by(keys) is None:
        raise AuditVerificationError(f"audit stream {stream}: the newest checkpoint has no valid signature")


def _key_lines(directory: Path, stream: str) -> list[str]:
    path = layout.keys_file(directory, stream)
    return recovery.read_all(path).decode("ascii", "replace").splitlines() if is_there(path) else []


def _publish_key(directory: Path, stream: str, signer: SigningKey) -> None:
    known = _key_lines(directory, stream)
    if signer.public.vkey not in known:
        text = "".join(f"{line}\n" for line in (*known, signer.public.vkey))
        disk.write_new(layout.keys_file(directory, stream), text.encode("ascii"))
