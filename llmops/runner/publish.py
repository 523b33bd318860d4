"""Publish a release from scored shards: gate all of them, record verdicts, write the manifest."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from llmops.audit import Anchor
from llmops.audit.events import GateDecided, ReleasePublished
from llmops.audit.log.newest import newest_anchors
from llmops.audit.log.run_links import tie_streams
from llmops.documents import Locator, Reason, StageName, Withheld
from llmops.engines import Failure, TaskOutcome
from llmops.errors import AuditVerificationError, StageError
from llmops.pipeline import Done, GateCounts, LedgerWriter, Shard, pass_gate
from llmops.plain_files import read_file
from llmops.recipe import recipe_digest
from llmops.release import Counts, Gate, LimitCheck, ReleaseFacts, ReleaseWriter
from llmops.report import run_page
from llmops.run_summary import DocumentCounts, RunSummary, ShardCounts
from llmops.runner import summary
from llmops.runner.context import RunContext
from llmops.runner.status import outcome
from llmops.runner.withdrawn import ledger_root, taken_back
from llmops.sources import InputUnit
from llmops.versions import versions


def gate_and_publish(
    run: RunContext, done: Sequence[Done], failures: Sequence[tuple[Shard, TaskOutcome]], shards: ShardCounts
) -> tuple[Path | None, RunSummary]:
    """Decide on every document and publish the release; an empty one is not published.

    Args:
        shards: the summary's facts about the shards.

    Returns:
        The release folder, None where no document passed; and the core of the summary.

    Raises:
        StageError: a record was lost.
        AuditError, ReleaseError: nothing was published, e.g. because the log does not verify or extend its anchors.
    """
    failed = [withheld for shard, failure in failures for withheld in _answers(run, shard, failure)]
    run.progress.begin("gate", sum(shard.scored for shard in done))
    gate = Gate(run.policies.gate)
    with ReleaseWriter(run.recipe.output) as writer, _ledger(run) as ledger:
        with run.meter("gate").measure():
            tally = pass_gate(
                done,
                failed,
                workspace=run.folder.workspace,
                gate=gate,
                taken_back=taken_back(run.recipe, run.keys),
                log=run.log,
                writer=writer,
                ledger=ledger,
                progress=lambda documents, _: run.progress.advance(documents),
            )
        run.meter("gate").records = tally.released + tally.withheld
        totals = summary.counts(done, tally, len(failed))
        verdicts = _judge(run, gate, totals)
        core = _scored(summary.core(run.resolved, run.folder.state.run_id, tally, totals, verdicts, shards))
        if not tally.released:
            ledger.keep("")
            return None, core
        return _publish(run, writer, ledger, core, tally, verdicts), core


def _scored(core: RunSummary) -> RunSummary:
    """Set the summary's status so far; the run may still fail later."""
    status, why = outcome(core)
    return replace(core, run=replace(core.run, status="scored" if status == "finished" else status, why=why))


def _ledger(run: RunContext) -> LedgerWriter:
    return LedgerWriter(ledger_root(run.recipe), run.log.stream, output=run.folder.root.name)


def _answers(run: RunContext, shard: Shard, failed: TaskOutcome) -> Iterator[Withheld]:
    """Yield one withheld record for each record of a failed shard that the index pass saw."""
    assert failed.failure is not None
    indexed = run.folder.workspace.indexed(shard.shard_id)
    units = ((f"{shard.shard_id}.u{number}", _place(unit)) for number, unit in enumerate(shard.units))
    for record_id, place in indexed.placed() if indexed else units:
        yield Withheld(
            record_id=record_id,
            stage=StageName.RUN,
            reason=Reason(failed.failure.value),
            retryable=failed.failure is not Failure.STAGE_FAILED,
            place=place,
        )


def _place(unit: InputUnit) -> Locator:
    """Locator of a whole unit. PHI."""
    end = max(0, unit.stop)
    return Locator(container=unit.relative, root=unit.root, start=unit.start, end=end, rows=unit.by_rows)


def _judge(run: RunContext, gate: Gate, totals: DocumentCounts) -> tuple[LimitCheck, ...]:
    """Record the run's verdicts in the log before anything is published.

    Raises:
        StageError: a record was lost: read differs from released plus withheld.
    """
    counts = Counts(read=totals.read, released=totals.released, withheld=totals.withheld)
    verdicts = gate.verdicts(counts)
    if counts.read != counts.released + counts.withheld:
        raise StageError(f"{counts.read} read is not {counts.released} released and {counts.withheld} withheld")
    run.log.append(
        [
            GateDecided(
                passed=all(verdict.passed for verdict in verdicts),
                verdicts=tuple(sorted((verdict.name, "pass" if verdict.passed else "fail") for verdict in verdicts)),
                counts=tuple(sorted(asdict(totals).items())),
            )
        ]
    )
    return verdicts


def _publish(
    run: RunContext,
    writer: ReleaseWriter,
    ledger: LedgerWriter,
    core: RunSummary,
    tally: GateCounts,
    verdicts: tuple[LimitCheck, ...],
) -> Path:
    tie_streams(run.log)
    facts = ReleaseFacts(
        policy_id=run.policies.deid.policy_id,
        rule=run.policies.deid.rule.value,
        section=run.policies.deid.rule.section,
        recipe_digest=recipe_digest(run.recipe),
        quality_policy_digest=run.policies.quality.policy_id.partition("@")[2],
        gate_policy_digest=run.policies.gate.digest,
        models=tuple(sorted(versions().items())),
        code_version=versions()["clinical-llmops"],
        verdicts=verdicts,
        counts=tuple(sorted(asdict(core.counts).items())),
        residual_risk=tuple(sorted(asdict(core.residual_risk).items())),
        audit=_anchors(run),
        created=run.started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        key=run.keys.release.public,
        title=run.recipe.description or run.recipe.name,
    )
    ledger.keep(writer.content_id(facts))  # before any document can be revoked
    with run.meter("publish").measure():
        path = writer.publish(
            facts,
            run.keys.release,
            scorecard=tally.scorecard.to_json().encode(),
            report=run_page(core).encode(),
        )
    run.log.append(
        [
            ReleasePublished(
                release_id=path.name,
                manifest=hashlib.sha256(read_file(path / "manifest.json")).hexdigest(),
                documents=core.counts.released,
            )
        ]
    )
    return path


def _anchors(run: RunContext) -> tuple[Anchor, ...]:
    """Anchors of every stream of the log, to be bound by the manifest."""
    if run.verdict().exit_code > 1:
        raise AuditVerificationError("the audit log of this run does not verify; nothing is published")
    return newest_anchors(run.recipe.output / "audit", run.keys.audit.public)
