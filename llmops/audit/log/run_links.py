"""Tie the streams of several writers into one history: seal them in a main stream, and keep that stream alive."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from llmops.audit import layout
from llmops.audit.events import StreamSealed
from llmops.audit.log.newest import newest_anchors
from llmops.audit.log.writer import AuditLog
from llmops.documents import Receipt
from llmops.errors import AuditError, AuditWriteError
from llmops.keys import SigningKey

BEAT_S: Final = 5.0


def tie_streams(log: AuditLog) -> tuple[Receipt, ...]:
    """Record the newest checkpoint of every other sealed stream of the directory in ``log``, and seal it.

    After that none of them can be truncated, replaced or removed without ``log``, and an anchor of ``log`` covers all
    of them. A checkpoint that ``log`` has recorded before is not recorded again.

    Raises:
        AuditVerificationError: a checkpoint file cannot be read or is malformed.
        AuditWriteError: not durable.
    """
    others = [anchor for anchor in newest_anchors(log.directory, log.key) if anchor.stream != log.stream]
    receipts = log.append([StreamSealed.of(anchor) for anchor in others if anchor not in log.tied])
    log.tied.update(others)
    log.checkpoint()
    return receipts


def tie_into_run(directory: Path, signer: SigningKey, clock: Callable[[], int]) -> None:
    """Record every sealed stream in the main stream of the newest run, as its next start would.

    For processes that log beside a run and have the log's key. If the stream is locked by another process or the disk
    refuses, the next writer does it; the streams are durable and sealed in any case.

    Raises:
        AuditVerificationError: the sealed part of the stream is not valid.
    """
    for stream in layout.main_streams(directory)[-1:]:
        with suppress(AuditWriteError), AuditLog.open(directory, stream=stream, signer=signer, clock=clock) as log:
            tie_streams(log)


def seal_readers(
    directory: Path, signer: SigningKey, clock: Callable[[], int], aside: Path | None = None
) -> dict[str, str]:
    """Recover and seal streams of finished readers, as they are: nothing sealed them before.

    Args:
        directory: the audit directory.
        signer: the key of the log.
        clock: UTC milliseconds since 1970.
        aside: as in `AuditLog.open`.

    Returns:
        The reason for each refused stream: it is a link, or holds more than readers log. It stays unchanged and
        unsealed. A stream that is being written is skipped.
    """
    refused = {}
    for stream in layout.streams(directory):
        if layout.is_reader(stream):
            try:
                AuditLog.open(directory, stream=stream, signer=signer, clock=clock, aside=aside).close()
            except AuditWriteError:
                continue
            except AuditError as error:
                refused[stream] = str(error)
    return refused


@contextmanager
def heartbeat(log: AuditLog, every_s: float = BEAT_S) -> Iterator[None]:
    """Seal ``log`` on time and write liveness events while its writer is busy with other work.

    A failed write stops the log, so the next `AuditLog.append` fails too: the failure is not lost.
    """
    over = threading.Event()

    def beat() -> None:
        while not over.wait(every_s):
            with suppress(AuditError):
                log.beat()

    thread = threading.Thread(target=beat, name="audit-heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
