"""Run a recipe from plan to report."""

import secrets
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from llmops.audit import layout
from llmops.audit.anchors.locations import write_anchor
from llmops.audit.events import Event, KeyCreated, RunFinished, RunInterrupted, RunResumed, RunStarted
from llmops.audit.log.run_links import heartbeat, seal_readers, tie_streams
from llmops.engines import Engine, TaskOutcome
from llmops.errors import AuditError, AuditWriteError, ModelError, RecipeError, SourceError, StageError
from llmops.evaluation import Calling, EvaluationResult
from llmops.keys import AUDIT_KEY_FILE, RELEASE_KEY_FILE
from llmops.pipeline import Done, Shard, plan_shards
from llmops.plain_files import replace_file
from llmops.process import forbid_dumps
from llmops.recipe import (
    Keys,
    Recipe,
    engine_of,
    formats_of,
    load_keys,
    load_recipe,
    missing_keys,
    open_vault,
    resolve,
)
from llmops.release import Release, open_release
from llmops.release.files import writing
from llmops.report import run_page
from llmops.retrieval import RetrievalConfig
from llmops.run_summary import AuditFacts, FailedShard, PublishedRelease, RunFacts, RunSummary, ShardCounts
from llmops.runner import summary
from llmops.runner.consumers import evaluate_release, evaluation_facts, index_release, refuse_unready
from llmops.runner.context import RunContext, RunProgress, Silent
from llmops.runner.job import ShardJob, again, now_ms, open_log, open_run_log, set_aside_folder
from llmops.runner.publish import gate_and_publish
from llmops.runner.shard_passes import index_pass, rewrite_pass
from llmops.runner.state import claim, disk_full_as_error, refuse_unwritable
from llmops.runner.status import outcome
from llmops.sources import InputUnit, plan_units
from llmops.versions import versions


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """Result of a run.

    Args:
        status: ``"finished"``, ``"evaluation_failed"`` (a case did not pass), ``"limit_exceeded"`` (a gate verdict
            failed), ``"documents_failed"`` (a stage failed on some), ``"shards_failed"``, ``"nothing_released"``,
            ``"model_unreachable"`` (released, but not evaluated), ``"audit_failed"`` (the log does not verify) or
            ``"interrupted"``.
        summary: content of ``summary.json``; ``run.why`` says why the run failed. None after an interruption.
        shards: progress of the shards.
        output: the output folder.
        release: the published release folder; None after an interruption, or where nothing was released.
        evaluation: the answers, which the summary omits; None where no suite was run.
    """

    status: str
    summary: RunSummary | None = field(repr=False)
    shards: ShardCounts
    output: Path
    release: Path | None
    evaluation: EvaluationResult | None = field(default=None, repr=False)

    @property
    def exit_code(self) -> int:
        """Exit code of the command line: 0 for success; 1, 5 or 8 for a failed run; 130 after Ctrl-C."""
        codes = {"audit_failed": AuditError.exit_code, "model_unreachable": ModelError.exit_code}
        return (codes | {"finished": 0, "interrupted": 130}).get(self.status, 1)


def run(
    recipe: Recipe | Path | str,
    *,
    progress: RunProgress | None = None,
    clock: Callable[[], datetime] | None = None,
) -> RunResult:
    """Run a recipe and publish a signed release.

    A run stopped by Ctrl-C, SIGTERM or a kill resumes when started again with the same recipe and input, and produces
    the same release.

    From the call on, the process writes no core file and cannot be attached to (`llmops.process.forbid_dumps`).

    Args:
        recipe: a recipe, or the path of its YAML file.
        progress: observer of every step.
        clock: current UTC time; injected for repeatable runs.

    Raises:
        LlmopsError: the run cannot start or continue; ``exit_code`` gives the kind.
    """
    if not isinstance(recipe, Recipe | Path | str):
        raise RecipeError("recipe: must be a Recipe or the path of a YAML file")
    checked = recipe if isinstance(recipe, Recipe) else load_recipe(Path(recipe))
    forbid_dumps()
    resolved = resolve(checked)
    units = planned(checked)  # before the output is claimed: a typo can be mended for the same output
    now = clock or (lambda: datetime.now(UTC))
    made = missing_keys(checked)
    keys = load_keys(checked)
    started = now()
    run_id = f"run-{started.strftime('%Y%m%dt%H%M%S')}-{secrets.token_hex(2)}"
    with disk_full_as_error(), claim(resolved, keys.source_ids, run_id) as folder:
        stream = f"{folder.state.run_id}-{folder.state.starts}"
        with open_run_log(checked, keys, stream=stream, run_id=folder.state.run_id, root=folder.root) as log:
            context = RunContext(
                resolved=resolved,
                keys=keys,
                folder=folder,
                log=log,
                progress=progress or Silent(),
                started=started,
            )
            log.append(_key_events(made, keys))
            _seal_earlier(context)
            with heartbeat(log):
                return _go(context, units)


def planned(recipe: Recipe) -> tuple[InputUnit, ...]:
    """List the input of a run, after checking that everything needed after the release is present.

    Raises:
        RecipeError: the recipe names no input, a model that cannot be opened, or an output that is not writable.
        SourceError: an input is missing or holds no readable file: an empty release is never published.
        MissingExtraError: a package for a model is not installed.
    """
    if not recipe.input.paths:
        raise RecipeError("input.paths: the recipe names no input; add the key or give --input PATH")
    refuse_unready(recipe)
    refuse_unwritable(recipe)
    units = plan_units(recipe.input.paths, recipe.input.source, recipe.run.shard_size, formats=formats_of(recipe))
    if not units:
        raise SourceError("the input holds no file to read; check input.paths, include and exclude, or give --input")
    return units


def _key_events(made: Sequence[str], keys: Keys) -> list[Event]:
    """Events for newly made keys; a secret's value is never logged."""
    public = {AUDIT_KEY_FILE: keys.audit.public.fingerprint, RELEASE_KEY_FILE: keys.release.public.fingerprint}
    return [KeyCreated(key=name, fingerprint=public.get(name, "secret")) for name in made]


def _go(run: RunContext, units: Sequence[InputUnit]) -> RunResult:
    shards = plan_shards(units, run.recipe.run.shard_size)
    _announce(run, shards)
    job = ShardJob(
        recipe=run.recipe,
        workspace=run.folder.workspace,
        run_id=run.folder.state.run_id,
        stream=run.log.stream,
    )
    with open_vault(run.resolved, run.keys, read_only=False):  # to the end: nobody may be erased under a run
        return _shards_to_release(run, shards, job)


def _shards_to_release(run: RunContext, shards: Sequence[Shard], job: ShardJob) -> RunResult:
    deadline_s = run.recipe.run.record_deadline_s
    engine = engine_of(run.recipe)(
        job=job, workers=min(run.workers, max(1, len(shards))), silence_s=deadline_s, again=again
    )
    with engine, _drained_by_signal(engine):
        indexed, unread = index_pass(run, engine, shards)
        done, undone = rewrite_pass(run, engine, shards, indexed)
        if engine.draining:
            return _interrupted(run, len(done), len(shards))
    failures = unread + undone
    if failures and not done:
        why = f"{failures[0][1].failure} {failures[0][1].detail}".strip()
        raise StageError(f"no shard could be done ({why}); nothing is published")
    path, core = gate_and_publish(run, done, failures, _shards(shards, done, failures))
    if path is None:
        return _close(run, None, core, done)
    release = open_release(path, (run.keys.release.public,))
    try:
        return _finish(run, release, core, done)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"interrupted; release {release.id} stands, but what comes behind it (search index, evaluation, summary, "
            "report) is not whole; the same command again makes it"
        ) from None


def _announce(run: RunContext, shards: Sequence[Shard]) -> None:
    if run.folder.state.starts > 1:
        ready = sum(run.folder.workspace.done(shard.shard_id) is not None for shard in shards)
        run.log.append(
            [RunResumed(fingerprint=run.folder.state.fingerprint, shards_done=ready, shards_left=len(shards) - ready)]
        )
        return
    run.log.append(
        [
            RunStarted(
                recipe=run.recipe.name,
                policy_id=run.policies.deid.policy_id,
                fingerprint=run.resolved.fingerprint,
                shards=len(shards),
                workers=run.workers,
                versions=tuple(sorted(versions().items())),
            )
        ]
    )


def _seal_earlier(run: RunContext) -> None:
    """Recover and seal the streams of earlier, killed starts and of readers since then."""
    for stream in layout.streams(run.log.directory):
        if not stream.startswith(run.folder.state.run_id) or stream == run.log.stream:
            continue
        if run.folder.wrote_stream(stream):
            open_log(run.recipe, run.keys, stream=stream, run_id=run.folder.state.run_id).close()
        else:
            run.refused[stream] = f"audit stream {stream}: no start of this run wrote it"
    # Readers hold no signing key, and one may be at work just now: that is passed over.
    run.refused |= seal_readers(run.log.directory, run.keys.audit, now_ms, set_aside_folder(run.recipe))


def _interrupted(run: RunContext, done: int, planned: int) -> RunResult:
    tie_streams(run.log)
    run.log.append([RunInterrupted(shards_done=done, shards_left=planned - done)])
    return RunResult(
        status="interrupted",
        summary=None,
        shards=ShardCounts(planned=planned, done=done),
        output=run.recipe.output,
        release=None,
    )


def _shards(
    shards: Sequence[Shard], done: Sequence[Done], failures: Sequence[tuple[Shard, TaskOutcome]]
) -> ShardCounts:
    return ShardCounts(
        planned=len(shards),
        done=len(done),
        skipped=sum(shard.skipped for shard in done),
        failed=tuple(
            FailedShard(shard=shard.shard_id, failure=str(failed.failure), detail=failed.detail)
            for shard, failed in failures
        ),
    )


def _finish(run: RunContext, release: Release, core: RunSummary, done: Sequence[Done]) -> RunResult:
    """Index and evaluate the release, then close the run."""
    if run.recipe.retrieval is not None:
        run.progress.begin("search index", len(release))
        with run.meter("search index").measure():
            index_release(release, run.recipe.retrieval, run.log)
        run.meter("search index").records = len(release)
    evaluation = None
    if run.recipe.evaluation is not None:
        with run.meter("evaluate").measure():
            try:
                evaluation = _evaluate(run, release)
            except ModelError as error:  # the release stands; the next start evaluates it
                core = replace(core, evaluation_error=str(error))
        if evaluation is not None:
            core = replace(core, evaluation=evaluation_facts(evaluation))
            run.meter("evaluate").records = evaluation.total
    return _close(run, release, core, done, evaluation)


def _close(
    run: RunContext,
    release: Release | None,
    core: RunSummary,
    done: Sequence[Done],
    evaluation: EvaluationResult | None = None,
) -> RunResult:
    """Close the log, and write report and summary."""
    totals = core.counts
    tie_streams(run.log)
    run.log.append([RunFinished(read=totals.read, released=totals.released, withheld=totals.withheld)])
    run.log.close()
    for place in run.anchor_places:
        try:
            write_anchor(run.log.directory, place, run.keys.audit.public)
        except AuditWriteError as error:
            if Path(place).is_relative_to(run.folder.root) and isinstance(error.__context__, OSError):
                raise error.__context__ from None  # of the raw zone, not of the log: `room` says so where it is full
            raise
    whole = _whole(run, release, core, done)
    _replace(run.recipe.output / "summary.json", whole.to_json())
    _replace(run.recipe.output / "report.html", run_page(whole).encode())
    run.folder.finish(keep_work=run.recipe.run.keep_work or bool(whole.shards.failed))
    return RunResult(
        status=whole.run.status,
        summary=whole,
        shards=whole.shards,
        output=run.recipe.output,
        release=release.path if release else None,
        evaluation=evaluation,
    )


def _whole(run: RunContext, release: Release | None, core: RunSummary, done: Sequence[Done]) -> RunSummary:
    """Build the summary of a run whose log is closed."""
    known = replace(
        core,
        stages=summary.stages(done, run.meters.values()),
        dropped=summary.dropped(done),
        release=_published(run, release) if release else None,
        audit=_audit_facts(run, release),
        environment=summary.environment(),
    )
    return replace(known, run=_run_facts(run, known))


def _run_facts(run: RunContext, known: RunSummary) -> RunFacts:
    status, why = outcome(known)
    return replace(
        known.run,
        status=status,
        why=why,
        started=summary.moment(run.started),
        wall_s=round(time.perf_counter() - run.began, 3),
        workers=run.workers,
        starts=run.folder.state.starts,
    )


def _published(run: RunContext, release: Release) -> PublishedRelease:
    return PublishedRelease(id=release.id, documents=len(release), key=run.keys.release.public.fingerprint)


def _evaluate(run: RunContext, release: Release) -> EvaluationResult:
    part, suite = run.recipe.evaluation, run.policies.suite
    assert part is not None
    assert suite is not None
    run.progress.begin("evaluate", suite.size)
    result = evaluate_release(
        release,
        suite,
        part.model,
        run.recipe.retrieval or RetrievalConfig(),
        run.recipe.deid,
        run.log,
        calling=Calling(timeout_s=part.timeout_s, concurrency=part.concurrency),
        partial=run.folder.root / "evaluation.partial.jsonl",
        progress=lambda: run.progress.advance(1),
    )
    _replace(run.recipe.output / "evaluation.json", result.to_json())
    return result


def _audit_facts(run: RunContext, release: Release | None) -> AuditFacts:
    verdict = run.verdict(release.manifest.audit if release else ())
    return AuditFacts(
        status=verdict.status.value,
        exit_code=verdict.exit_code,
        events=verdict.events,
        refused=tuple(sorted(run.refused)),
    )


def _replace(path: Path, data: bytes) -> None:
    with writing(path.name):
        replace_file(path, data)


@contextmanager
def _drained_by_signal(engine: Engine) -> Iterator[None]:
    """Let the first Ctrl-C or SIGTERM finish the shards in flight; the second stops at once, as by default."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def drain(*_: object) -> None:
        engine.drain()
        restore()

    for number in before:
        signal.signal(number, drain)
    try:
        yield
    finally:
        restore()
