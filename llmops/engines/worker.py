"""One supervised worker process: opens the job, runs one task at a time, never prints its data.

Started as a plain interpreter that calls `main` with FD SLOT PARENT, not with `multiprocessing`, whose spawn
re-imports the caller's ``__main__`` and would rerun an unguarded user script in every worker.
"""

import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

from llmops.errors import LlmopsError, StageError
from llmops.process import forbid_dumps

Progress = Callable[[int, int], None]
"""Called with (records, bytes) done since the last call."""


class Job(Protocol):
    """The job of every worker; pickled once to each and opened there."""

    def open(self, slot: int) -> Callable[[Any, int, Progress], Any]:
        """Load what the tasks need; return the function ``(task, attempt, progress) -> result``."""
        ...


def main() -> None:
    """Serve tasks until the parent closes the connection or dies."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # systemd signals every process; the parent drains and ends workers
    forbid_dumps()
    logging.disable(logging.CRITICAL)  # libraries may log what they read; results travel as values
    sys.modules.setdefault("torch", None)  # type: ignore[arg-type]  # keeps spaCy from importing an installed torch it does not need
    fd, slot, parent = (int(argument) for argument in sys.argv[1:4])
    threading.Thread(target=_die_with, args=(parent,), daemon=True).start()
    connection = Connection(fd)
    try:
        _serve(connection, slot)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _serve(connection: Connection, slot: int) -> None:
    job: Job = connection.recv()
    work: Callable[[Any, int, Progress], Any] | None = None
    while True:
        task, attempt = connection.recv()
        try:
            if work is None:
                work = _opened(job, slot)
                connection.send(("opened", None))
            result = work(task, attempt, lambda records, size: connection.send(("progress", (records, size))))
        except LlmopsError as error:
            connection.send(("error", (type(error).__name__, str(error))))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            raise
        except BaseException as error:  # noqa: BLE001 - any error fails the shard; its message may hold PHI
            connection.send(("crash", where(error)))
        else:
            connection.send(("done", result))


def _opened(job: Job, slot: int) -> Callable[[Any, int, Progress], Any]:
    """Open the job; an error here is not a task's fault and stops the run."""
    try:
        return job.open(slot)
    except LlmopsError:
        raise
    except Exception as error:  # noqa: BLE001 - a broken installation may raise anything
        raise StageError(f"a worker could not be set up: {where(error)}; is the installation whole?") from None


def where(error: BaseException) -> str:
    """Type and location of an error, without its message, which may hold PHI."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "llmops" in frame.filename] or frames
    place = f" at {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    return f"{type(error).__name__}{place}"


def _die_with(parent: int) -> None:
    """End the worker when its parent is killed: it must not write beside a resumed run."""
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(1)
