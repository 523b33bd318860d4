"""What the runner asks of an engine: map a job over tasks, drain, say how far it is; nothing else is known of one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Any, Protocol, Self

from llmops.engines.worker import Job


class Failure(StrEnum):
    """Why a task has no result."""

    WORKER_DIED = "worker_died"
    WORKER_STALLED = "worker_stalled"
    STAGE_FAILED = "stage_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOutcome:
    """What became of one task.

    Args:
        task: position of the task in the sequence given to `Engine.map`.
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


class Engine(Protocol):
    """Runs a job over tasks; a context manager, since it holds workers."""

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
        """Yield the outcome of every task as it finishes, in no fixed order; fewer than given only after `drain`.

        Every task that fails has an outcome that says so: none is lost.

        Raises:
            LlmopsError: as raised by the job in a worker; the other workers are stopped.
        """
        ...


class MakeEngine(Protocol):
    """Makes an engine for one run."""

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
            silence_s: longest time without a sign of progress.
            again: told of a task, how many records of it the worker had reported when it stopped, and why; gives the
                task to try instead, or None to give it up.
        """
        ...
