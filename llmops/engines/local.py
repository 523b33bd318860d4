"""The local engine: spawned workers, each supervised, one shard in flight each; a death blames only its own shard."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from llmops import errors
from llmops.engines.worker import Job

_MAX_ATTEMPTS = 2
_SERVE = "from llmops.engines.worker import main; main()"


class Failure(StrEnum):
    """Why a task has no result."""

    WORKER_DIED = "worker_died"
    WORKER_STALLED = "worker_stalled"
    STAGE_FAILED = "stage_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one task.

    Args:
        task: position of the task in the sequence given to `LocalEngine.map`.
        result: what the job returned; None where it failed.
        failure: why, after the last attempt.
        detail: type and place of the error, without its message.
        attempts: how often a failed one was tried.
    """

    task: int
    result: Any = None
    failure: Failure | None = None
    detail: str = ""
    attempts: int = 1


@dataclass(slots=True, kw_only=True)
class _Worker:
    slot: int
    process: subprocess.Popen[bytes]
    connection: Connection
    task: int | None = None
    heard: float = 0.0


@dataclass(slots=True, kw_only=True)
class LocalEngine:
    """Runs a job over tasks in ``workers`` own processes.

    A worker that dies is replaced and its task tried once more; a task that kills its worker twice is given up alone.
    A worker that says nothing for too long is killed, and its task is given up at once.
    After `drain`, tasks in flight finish and no new one starts.

    Args:
        job: pickled to every worker.
        workers: number of processes, at least 1.
        on_progress: called in the parent with (records, bytes) as workers report them.
        silence_s: longest time without a sign of progress; the largest record takes minutes.
    """

    job: Job
    workers: int
    on_progress: Callable[[int, int], None] | None = None
    silence_s: float = 3600.0
    _pool: list[_Worker] = field(default_factory=list)
    _draining: bool = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._pool:
            worker.connection.close()
            if kind is not None:
                worker.process.kill()
            try:
                worker.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                _end(worker.process)
        self._pool.clear()

    @property
    def draining(self) -> bool:
        """Whether `drain` was called."""
        return self._draining

    def drain(self) -> None:
        """Start no further task; safe to call from a signal handler."""
        self._draining = True

    def map(self, tasks: Sequence[Any]) -> Iterator[Outcome]:
        """Yield the outcome of every task as it finishes, in no fixed order; fewer than given only after `drain`.

        Raises:
            LlmopsError: as raised by the job in a worker; the other workers are stopped.
        """
        waiting = deque((index, 1) for index in range(len(tasks)))
        attempts: dict[int, int] = {}
        while True:
            self._hand_out(tasks, waiting, attempts)
            busy = [worker for worker in self._pool if worker.task is not None]
            if not busy:
                return
            ready = wait([worker.connection for worker in busy], timeout=1.0)
            for worker in busy:
                if worker.connection in ready:
                    outcome = self._receive(worker, attempts, waiting)
                    if outcome is not None:
                        yield outcome
                elif time.monotonic() - worker.heard > self.silence_s and not worker.connection.poll():
                    assert worker.task is not None
                    self._remove(worker)
                    yield Outcome(task=worker.task, failure=Failure.WORKER_STALLED, attempts=attempts[worker.task])

    def _hand_out(self, tasks: Sequence[Any], waiting: deque[tuple[int, int]], attempts: dict[int, int]) -> None:
        while waiting and not self._draining:
            worker = self._idle()
            if worker is None:
                return
            index, attempt = waiting.popleft()
            worker.task, worker.heard, attempts[index] = index, time.monotonic(), attempt
            # Where it died between tasks, its connection reads as closed below and the task is tried again.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                worker.connection.send((tasks[index], attempt))

    def _idle(self) -> _Worker | None:
        for worker in self._pool:
            if worker.task is None and worker.process.poll() is None:
                return worker
        self._pool = [worker for worker in self._pool if worker.task is not None or worker.process.poll() is None]
        if len(self._pool) >= self.workers:
            return None
        free = min(set(range(self.workers)) - {worker.slot for worker in self._pool})
        worker = self._spawn(free)
        self._pool.append(worker)
        return worker

    def _spawn(self, slot: int) -> _Worker:
        ours, theirs = socket.socketpair()
        # One core a worker: the numeric libraries must not each start a thread for every core.
        environment = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(_import_path())
        command = [sys.executable, "-c", _SERVE, str(theirs.fileno()), str(slot), str(os.getpid())]
        # Its own session: Ctrl-C reaches the parent alone, which drains.
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command, pass_fds=[theirs.fileno()], env=environment, start_new_session=True, stdin=subprocess.DEVNULL
        )
        theirs.close()
        connection = Connection(ours.detach())
        connection.send(self.job)
        return _Worker(slot=slot, process=process, connection=connection)

    def _receive(self, worker: _Worker, attempts: dict[int, int], waiting: deque[tuple[int, int]]) -> Outcome | None:
        assert worker.task is not None
        try:
            kind, value = worker.connection.recv()
        except (EOFError, OSError):
            self._remove(worker)
            return _again_or_failed(worker.task, attempts, waiting, Failure.WORKER_DIED, "")
        worker.heard = time.monotonic()
        if kind == "progress":
            if self.on_progress is not None:
                self.on_progress(*value)
            return None
        task, worker.task = worker.task, None
        if kind == "done":
            return Outcome(task=task, result=value)
        if kind == "error":
            raise getattr(errors, value[0], errors.StageError)(value[1])
        return _again_or_failed(task, attempts, waiting, Failure.STAGE_FAILED, value)

    def _remove(self, worker: _Worker) -> None:
        self._pool.remove(worker)
        worker.connection.close()
        _end(worker.process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process; one that waits for a disk that does not answer ends when it likes."""
    process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=10)


def _again_or_failed(
    task: int, attempts: dict[int, int], waiting: deque[tuple[int, int]], failure: Failure, detail: str
) -> Outcome | None:
    if attempts[task] < _MAX_ATTEMPTS:
        waiting.appendleft((task, attempts[task] + 1))
        return None
    return Outcome(task=task, failure=failure, detail=detail, attempts=attempts[task])


def _import_path() -> list[str]:
    """Where a worker finds what the parent found, so that jobs unpickle; the parent's own folder of llmops first."""
    here = str(Path(__file__).resolve().parents[2])
    return [here, *(entry for entry in sys.path if entry and entry != here)]
