"""The job of every worker: the two passes over a shard, with the components of the recipe."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from llmops.audit import AuditLog
from llmops.documents import Reason
from llmops.engines import Failure
from llmops.engines.worker import Progress
from llmops.pipeline import Pipeline, Shard, Stopped, Workspace, index_shard, run_shard
from llmops.recipe import Keys, Recipe, build_pipeline, load_keys, open_vault, resolve
from llmops.runner.state import disk_full_as_error, note_stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One pass over one shard.

    Args:
        take: number of records that the second pass reads.
        stopped: where earlier attempts stopped.
    """

    step: Literal["index", "rewrite"]
    shard: Shard = field(repr=False)
    take: int = 0
    stopped: Stopped = field(default_factory=Stopped)


def again(task: Task, done: int, failure: Failure) -> Task | None:
    """The task to retry after its worker stopped ``done`` records in; None to give it up."""
    reason = Reason.WORKER_DIED if failure is Failure.WORKER_DIED else Reason.DEADLINE_EXCEEDED
    stopped = task.stopped.at(done, reason)
    return None if stopped is None else replace(task, stopped=stopped)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardJob:
    """The job of a run, opened once in each worker.

    Args:
        stream: prefix of this start's audit streams; each worker writes its own.
    """

    recipe: Recipe = field(repr=False)
    workspace: Workspace
    run_id: str
    stream: str

    def open(self, slot: int) -> Callable[[Task, int, Progress], Any]:
        """Load keys, vault and components; return the function that runs a task."""
        keys = load_keys(self.recipe)
        resolved = resolve(self.recipe)
        vault = open_vault(resolved, keys, read_only=True)
        pipeline = build_pipeline(resolved, keys, vault)
        pipeline.deidentifier.process([])  # loads the model, which is no record's time
        return _Worker(job=self, slot=slot, keys=keys, pipeline=pipeline).do


@dataclass(slots=True, kw_only=True)
class _Worker:
    job: ShardJob
    slot: int
    keys: Keys
    pipeline: Pipeline

    def do(self, task: Task, attempt: int, progress: Progress) -> Any:
        if task.step == "index":
            return index_shard(
                task.shard,
                pipeline=self.pipeline,
                workspace=self.job.workspace,
                progress=progress,
                stopped=task.stopped,
            )
        stream = f"{self.job.stream}-w{self.slot}"
        job, root = self.job, self.job.workspace.root.parent
        with (
            disk_full_as_error(),
            open_run_log(job.recipe, self.keys, stream=stream, run_id=job.run_id, root=root) as log,
        ):
            return run_shard(
                task.shard,
                attempt=attempt,
                take=task.take,
                pipeline=self.pipeline,
                workspace=self.job.workspace,
                log=log,
                progress=progress,
                stopped=task.stopped,
            )


def open_run_log(recipe: Recipe, keys: Keys, *, stream: str, run_id: str, root: Path) -> AuditLog:
    """Open an audit stream of a run; record its name in the run folder ``root`` before it is created."""
    note_stream(root, stream)
    return open_log(recipe, keys, stream=stream, run_id=run_id)


def open_log(recipe: Recipe, keys: Keys, *, stream: str, run_id: str) -> AuditLog:
    """Open an audit stream of a recipe's output; data that a recovery cuts off moves to the raw zone."""
    return AuditLog.open(
        recipe.output / "audit",
        stream=stream,
        signer=keys.audit,
        clock=now_ms,
        run_id=run_id,
        aside=set_aside_folder(recipe),
    )


def set_aside_folder(recipe: Recipe) -> Path:
    """Folder in the raw zone, private to the run, for data cut off audit streams."""
    return recipe.raw_zone / "torn"


def now_ms() -> int:
    """Current UTC time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000
