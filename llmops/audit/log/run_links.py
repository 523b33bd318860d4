"""Several writers, one history: a main stream that speaks of the others, and lives while it is silent."""

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
    """Write into ``log`` where every other sealed stream of its directory stands, and seal it.

    From then on none of them can be cut back, exchanged or removed without ``log``, and an anchor of ``log`` alone
    vouches for all. What this log has said of a stream before is not said again.

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
    """Let the main stream of the newest run speak of every sealed stream, as its next start would.

    For whoever logs beside a run and has the log's key at hand. Where somebody holds that stream, it is left to them or
    to the next; so it is where the disk refuses: what is not tied in is no less durable or sealed.

    Raises:
        AuditVerificationError: the sealed part of the stream does not stand.
    """
    for stream in layout.main_streams(directory)[-1:]:
        with suppress(AuditWriteError), AuditLog.open(directory, stream=stream, signer=signer, clock=clock) as log:
            tie_streams(log)


def seal_readers(
    directory: Path, signer: SigningKey, clock: Callable[[], int], aside: Path | None = None
) -> dict[str, str]:
    """Recover and seal the streams of readers who are gone: as they are found, since nothing sealed them before.

    Args:
        directory: the audit directory.
        signer: the key of the log.
        clock: UTC milliseconds since 1970.
        aside: as of `AuditLog.open`.

    Returns:
        Of each stream that is refused, why: it is a link, or does not hold what readers log. It stays as it
        is, unsealed. One that is being written is passed over.
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
    """Let ``log`` seal itself in time and show that its writer lives, while the writer is busy with something else.

    A write that fails here stops the log, and so the next `AuditLog.append`: it is not lost that it failed.
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
