"""The engine protocol: map a job over tasks, drain, report progress."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Any, Protocol, Self

from llmops.engines.worker import Job


class Failure(StrEnum):
    """Reason why a task failed."""

    WORKER_DIED = "worker_died"
    WORKER_STALLED = "worker_stalled"
    STAGE_FAILED = "stage_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOutcome:
    """Outcome of one task.

    Args:
        task: index of the task in the sequence given to `Engine.map`.
        result: return value of the job; None if it failed.
        failure: reason, after the last attempt.
        detail: type and location of the error, without its message.
        attempts: number of attempts at a failed task.
    """

    task: int
    result: Any = None
    failure: Failure | None = None
    detail: str = ""
    attempts: int = 1


class Engine(Protocol):
    """Run a job over tasks; a context manager that owns its workers."""

    on_progress: Callable[[int, int], None] | None
    """Called in the parent with (records, bytes) as workers report them."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    @property
    def draining(self) -> bool:
        """Whether `drain` was called."""
        ...

    def drain(self) -> None:
        """Start no further task; safe to call from a signal handler."""
        ...

    def map(self, tasks: Sequence[Any]) -> Iterator[TaskOutcome]:
        """Yield each task's outcome as it finishes, in any order; fewer than the tasks only after `drain`.

        Every failed task has an outcome: none is lost.

        Raises:
            LlmopsError: raised by the job in a worker; the other workers are stopped.
        """
        ...


class MakeEngine(Protocol):
    """Make an engine for one run."""

    def __call__(
        self,
        *,
        job: Job,
        workers: int,
        silence_s: float,
        again: Callable[[Any, int, Failure], Any] | None,
    ) -> Engine:
        """Make the engine.

        Args:
            job: pickled to every worker, opened once in each, and called with (task, attempt, progress).
            workers: number of workers, at least 1.
            silence_s: maximum seconds without progress.
            again: called with a task, the number of its records reported when the worker stopped, and the reason;
                returns the task to retry, or None to give up.
        """
        ...
