"""Run the two passes over the shards: index to collect names, then rewrite."""

from collections.abc import Iterator, Sequence

from llmops.audit.events import ShardFailed
from llmops.documents import Reason
from llmops.engines import Engine, TaskOutcome
from llmops.identities import Identity
from llmops.pipeline import Done, Indexed, Shard
from llmops.recipe import open_vault
from llmops.runner.context import RunContext
from llmops.runner.job import Task

Failed = list[tuple[Shard, TaskOutcome]]


def index_pass(run: RunContext, engine: Engine, shards: Sequence[Shard]) -> tuple[dict[str, Indexed], Failed]:
    """Run the first pass. Identities enter the vault in plan order, whichever worker finishes first.

    Returns:
        The content of each shard, by shard id, and the shards that could not be read.
    """
    run.progress.begin("index", sum(shard.size for shard in shards))
    engine.on_progress = lambda _, size: run.progress.advance(size)
    indexed: dict[str, Indexed] = {}
    failed: Failed = []

    def identities() -> Iterator[Identity]:
        tasks = [Task(step="index", shard=shard) for shard in shards]
        for position, outcome in _in_order(engine.map(tasks)):
            if outcome.failure is not None:
                failed.append(_failure(run, shards[position], outcome))
                continue
            found: tuple[Indexed, tuple[Identity, ...]] = outcome.result
            indexed[shards[position].shard_id] = found[0]
            yield from found[1]

    with run.meter("index").measure(), open_vault(run.resolved, run.keys, read_only=False) as vault:
        # One call, one transaction: who is whom is decided over all of the input.
        vault.register(identities())
    for shard_id, found in indexed.items():
        run.folder.workspace.mark_indexed(shard_id, found)
    run.meter("index").records = sum(len(found.record_ids) for found in indexed.values())
    return indexed, failed


def rewrite_pass(
    run: RunContext, engine: Engine, shards: Sequence[Shard], indexed: dict[str, Indexed]
) -> tuple[list[Done], Failed]:
    """Run the second pass over the shards that the first could read.

    Returns:
        The done-records in plan order, and the failed shards.
    """
    tasks = _tasks(run, shards, indexed)
    run.progress.begin("de-identify", sum(task.take for task in tasks))
    engine.on_progress = lambda records, _: run.progress.advance(records)
    done: dict[int, Done] = {}
    failed: Failed = []
    for outcome in engine.map(tasks):
        if outcome.failure is None:
            done[outcome.task] = outcome.result
        else:
            failed.append(_failure(run, tasks[outcome.task].shard, outcome))
    return [done[position] for position in sorted(done)], failed


def _failure(run: RunContext, shard: Shard, outcome: TaskOutcome) -> tuple[Shard, TaskOutcome]:
    reason = Reason(str(outcome.failure))
    error = outcome.detail.replace(" ", "_")
    run.log.append([ShardFailed(shard=shard.shard_id, attempt=outcome.attempts, reason=reason, error=error)])
    return shard, outcome


def _tasks(run: RunContext, shards: Sequence[Shard], indexed: dict[str, Indexed]) -> list[Task]:
    """Tasks of the second pass: every shard or, under a record limit, as many as the limit reaches."""
    left = run.recipe.run.record_limit
    tasks = []
    for shard in shards:
        if shard.shard_id not in indexed:
            continue
        take = len(indexed[shard.shard_id].record_ids)
        if left is not None:
            take = min(take, left)
            left -= take
            if not take:
                continue
        tasks.append(Task(step="rewrite", shard=shard, take=take))
    return tasks


def _in_order(outcomes: Iterator[TaskOutcome]) -> Iterator[tuple[int, TaskOutcome]]:
    """Yield outcomes in task order, each as soon as all before it are known."""
    waiting: dict[int, TaskOutcome] = {}
    turn = 0
    for outcome in outcomes:
        waiting[outcome.task] = outcome
        while turn in waiting:
            yield turn, waiting.pop(turn)
            turn += 1
