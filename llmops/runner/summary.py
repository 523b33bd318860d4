"""Build the summary of a run (`llmops.run_summary`)."""

import platform
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from importlib.metadata import version

from llmops.pipeline import Done, GateCounts, Meter, in_blocks
from llmops.recipe import ResolvedRecipe, default_workers
from llmops.release import LimitCheck
from llmops.run_summary import (
    DocumentCounts,
    FindingCounts,
    GateVerdict,
    PolicyIds,
    QualityFigures,
    ResidualRisk,
    RunFacts,
    RunSummary,
    ShardCounts,
    StageCost,
    WithheldCounts,
)

_PACKAGES = ("clinical-llmops", "presidio-analyzer", "spacy", "pyarrow", "langchain-core", "onnxruntime")
TOP_RULES = 8


def counts(done: Iterable[Done], tally: GateCounts, failed_records: int) -> DocumentCounts:
    """Count records, documents and outcomes; ``read`` is the total that must be accounted for."""
    shards = list(done)
    return DocumentCounts(
        records=sum(shard.records for shard in shards) + failed_records,
        read=sum(shard.read for shard in shards) + failed_records,
        released=tally.released,
        withheld=tally.withheld,
    )


def core(
    resolved: ResolvedRecipe,
    run_id: str,
    tally: GateCounts,
    totals: DocumentCounts,
    verdicts: tuple[LimitCheck, ...],
    shards: ShardCounts,
) -> RunSummary:
    """Build the summary before publication; the release's own report is made from it."""
    recipe, rule = resolved.recipe, resolved.rule_applied
    return RunSummary(
        run=RunFacts(id=run_id, recipe=recipe.name, description=recipe.description),
        counts=totals,
        withheld=WithheldCounts(by_reason=_ranked(tally.by_reason), by_stage=dict(tally.by_stage)),
        findings=FindingCounts(total=tally.by_identifier.total(), by_identifier=_ranked(tally.by_identifier)),
        kinds=_ranked(tally.by_kind),
        quality=quality(tally),
        residual_risk=residual_risk(tally),
        verdicts=tuple(GateVerdict(**asdict(verdict)) for verdict in verdicts),
        policies=PolicyIds(**resolved.policy_ids),
        rule=rule["rule"],
        section=rule["section"],
        dropped={},
        stages=(),
        shards=shards,
        release=None,
        evaluation=None,
        evaluation_error="",
        audit=None,
        environment={},
    )


def quality(tally: GateCounts) -> QualityFigures:
    """Convert the scorecard for the report."""
    card = tally.scorecard.as_dict()
    return QualityFigures(
        mean=card["score"]["mean"] or 0.0,
        dimensions={name: figures["mean"] for name, figures in card["dimensions"].items()},
        histogram=tuple(card["score"]["histogram"]),
        rules={item["rule"]: item["findings"] for item in card["rules"][:TOP_RULES]},
    )


def residual_risk(tally: GateCounts) -> ResidualRisk:
    """Largest and mean risk estimate over the released documents."""
    mean = tally.sum_residual_risk / tally.released if tally.released else 0.0
    return ResidualRisk(max=round(tally.max_residual_risk, 6), mean=round(mean, 6))


def stages(done: Iterable[Done], own: Iterable[Meter]) -> tuple[StageCost, ...]:
    """Cost of each stage, summed over shards and processes; bytes are rounded up to whole blocks (`in_blocks`)."""
    total: dict[str, Meter] = {}
    for meter in [meter for shard in done for meter in shard.meters] + list(own):
        total.setdefault(meter.name, Meter(name=meter.name)).add(meter)
    return tuple(StageCost(**asdict(meter) | {"bytes": in_blocks(meter.bytes)}) for meter in total.values())


def dropped(done: Iterable[Done]) -> dict[str, int]:
    """Number of items removed by ``keep``, by rule."""
    total: Counter[str] = Counter()
    for shard in done:
        total.update(shard.dropped)
    return _ranked(total)


def environment() -> dict[str, str]:
    """Software versions and machine of the run."""
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    machine = f"{platform.system()} {platform.machine()}, {default_workers()} cores, Python {platform.python_version()}"
    return {"Packages": packages, "Machine": machine}


def moment(at: datetime) -> str:
    """Format a time for display, UTC."""
    return at.strftime("%Y-%m-%d %H:%M:%S UTC")


def _ranked(counter: Counter[str]) -> dict[str, int]:
    return dict(sorted(counter.items(), key=lambda item: (-item[1], item[0])))
