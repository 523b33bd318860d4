"""Local engine: spawned, supervised workers with one shard in flight each; a death fails only its own shard."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from llmops import errors
from llmops.engines.engine import Failure, TaskOutcome
from llmops.engines.worker import Job

_MAX_ATTEMPTS = 2
_OPENING_S: Final = 3600.0
"""Maximum seconds for a worker to open its job: models may be read from a slow disk."""
_SERVE = "from llmops.engines.worker import main; main()"


@dataclass(frozen=True, slots=True)
class _Try:
    """One attempt at a task; ``index`` is its position in the input."""

    index: int
    task: Any
    attempt: int = 1


@dataclass(slots=True, kw_only=True)
class _Worker:
    slot: int
    process: subprocess.Popen[bytes]
    connection: Connection
    trial: _Try | None = None
    opened: bool = False
    done: int = 0
    heard: float = 0.0

    @property
    def silent_s(self) -> float:
        """Seconds since the worker's last message."""
        return time.monotonic() - self.heard


@dataclass(slots=True, kw_only=True)
class LocalEngine:
    """Run a job over tasks in ``workers`` processes.

    A dead worker is replaced; one silent for too long is killed. ``again`` decides on its task; without it, a task
    whose worker died is tried once more, and one whose worker was killed is given up. After `drain`, tasks in flight
    finish and no new one starts.

    Args:
        job: pickled to every worker.
        workers: number of processes, at least 1.
        on_progress: called in the parent with (records, bytes) as workers report.
        silence_s: maximum seconds without progress.
        again: called with a task, the number of its records reported when the worker stopped, and the reason; returns
            the task to retry, or None to give up.
    """

    job: Job
    workers: int
    on_progress: Callable[[int, int], None] | None = None
    silence_s: float = 3600.0
    again: Callable[[Any, int, Failure], Any] | None = None
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

    def map(self, tasks: Sequence[Any]) -> Iterator[TaskOutcome]:
        """Yield each task's outcome as it finishes, in any order; fewer than the tasks only after `drain`.

        Raises:
            LlmopsError: raised by the job in a worker; the other workers are stopped.
        """
        waiting = deque(_Try(index, task) for index, task in enumerate(tasks))
        while True:
            self._hand_out(waiting)
            busy = [worker for worker in self._pool if worker.trial is not None]
            if not busy:
                return
            ready = wait([worker.connection for worker in busy], timeout=1.0)
            for worker in busy:
                outcome = None
                if worker.connection in ready:
                    outcome = self._receive(worker, waiting)
                elif worker.silent_s > self._patience(worker) and not worker.connection.poll():
                    self._remove(worker)
                    outcome = self._stopped(worker, waiting, Failure.WORKER_STALLED)
                if outcome is not None:
                    yield outcome

    def _patience(self, worker: _Worker) -> float:
        return self.silence_s if worker.opened else _OPENING_S

    def _hand_out(self, waiting: deque[_Try]) -> None:
        while waiting and not self._draining:
            worker = self._idle()
            if worker is None:
                return
            trial = waiting.popleft()
            worker.trial, worker.done, worker.heard = trial, 0, time.monotonic()
            # A worker that died between tasks closes its connection below, and the task is retried.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                worker.connection.send((trial.task, trial.attempt))

    def _idle(self) -> _Worker | None:
        for worker in self._pool:
            if worker.trial is None and worker.process.poll() is None:
                return worker
        self._pool = [worker for worker in self._pool if worker.trial is not None or worker.process.poll() is None]
        if len(self._pool) >= self.workers:
            return None
        free = min(set(range(self.workers)) - {worker.slot for worker in self._pool})
        worker = self._spawn(free)
        self._pool.append(worker)
        return worker

    def _spawn(self, slot: int) -> _Worker:
        ours, theirs = socket.socketpair()
        # One core per worker: numeric libraries must not start a thread for every core.
        environment = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(_import_path())
        command = [sys.executable, "-c", _SERVE, str(theirs.fileno()), str(slot), str(os.getpid())]
        # Own session: Ctrl-C reaches only the parent, which drains.
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command, pass_fds=[theirs.fileno()], env=environment, start_new_session=True, stdin=subprocess.DEVNULL
        )
        theirs.close()
        connection = Connection(ours.detach())
        connection.send(self.job)
        return _Worker(slot=slot, process=process, connection=connection)

    def _receive(self, worker: _Worker, waiting: deque[_Try]) -> TaskOutcome | None:
        assert worker.trial is not None
        try:
            kind, value = worker.connection.recv()
        except (EOFError, OSError):
            self._remove(worker)
            return self._stopped(worker, waiting, Failure.WORKER_DIED)
        worker.heard = time.monotonic()
        if kind == "opened":
            worker.opened = True
            return None
        if kind == "progress":
            worker.done += value[0]
            if self.on_progress is not None:
                self.on_progress(*value)
            return None
        if kind == "error":
            raise getattr(errors, value[0], errors.StageError)(value[1])
        if kind == "crash":
            return self._stopped(worker, waiting, Failure.STAGE_FAILED, value)
        index, worker.trial = worker.trial.index, None
        return TaskOutcome(task=index, result=value)

    def _stopped(self, worker: _Worker, waiting: deque[_Try], failure: Failure, detail: str = "") -> TaskOutcome | None:
        """Requeue the task of a stopped worker, or return its failed outcome."""
        trial, worker.trial = worker.trial, None
        assert trial is not None
        if self.again is not None and worker.opened and failure is not Failure.STAGE_FAILED:
            task = self.again(trial.task, worker.done, failure)
        else:
            once_more = trial.attempt < _MAX_ATTEMPTS and failure is not Failure.WORKER_STALLED
            task = trial.task if once_more else None
        if task is None:
            return TaskOutcome(task=trial.index, failure=failure, detail=detail, attempts=trial.attempt)
        waiting.appendleft(_Try(trial.index, task, trial.attempt + 1))
        return None

    def _remove(self, worker: _Worker) -> None:
        self._pool.remove(worker)
        worker.connection.close()
        _end(worker.process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process; one blocked on an unresponsive disk ends later."""
    process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=10)


def _import_path() -> list[str]:
    """Import path of the parent for its workers, so that jobs unpickle; the parent's own llmops folder first."""
    here = str(Path(__file__).resolve().parents[2])
    return [here, *(entry for entry in sys.path if entry and entry != here)]
