"""Several writers, one history: a main stream that speaks of the others, and lives while it is silent."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from llmops.audit import layout
from llmops.audit.anchors import newest_anchors
from llmops.audit.events import StreamSealed
from llmops.audit.keys import SigningKey
from llmops.audit.log import AuditLog
from llmops.documents import Receipt
from llmops.errors import AuditError, AuditWriteError

BEAT_S: Final = 5.0


def tie_streams(log: AuditLog) -> tuple[Receipt, ...]:
    """Write into ``log`` where every other sealed stream of its directory stands, and seal it.

    From then on none of them can be cut back, exchanged or removed without ``log``, and an anchor of ``log`` alone
    vouches for all. What this log has said of a stream before is not said again.

    Raises:
        AuditVerificationError: a checkpoint file cannot be read or is malformed.
        AuditWriteError: not durable.
    """
    others = [anchor for anchor in newest_anchors(log.directory) if anchor.stream != log.stream]
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


def seal_left_behind(
    directory: Path, signer: SigningKey, clock: Callable[[], int], wanted: Callable[[str], bool]
) -> tuple[str, ...]:
    """Recover and seal streams whose writers are gone: as they are found, since nothing sealed them before.

    Args:
        directory: the audit directory.
        signer: the key of the log.
        clock: UTC milliseconds since 1970.
        wanted: says by its name whether a stream is to be sealed.

    Returns:
        The streams that were sealed or were sealed already; one that is being written is passed over.

    Raises:
        AuditVerificationError: the sealed part of a stream does not stand.
    """
    sealed = []
    for stream in layout.streams(directory):
        if wanted(stream):
            with suppress(AuditWriteError):
                AuditLog.open(directory, stream=stream, signer=signer, clock=clock).close()
                sealed.append(stream)
    return tuple(sealed)


@contextmanager
def beating(log: AuditLog, every_s: float = BEAT_S) -> Iterator[None]:
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
