"""``llmops run`` and ``llmops check``."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmops.cli.output import console, errors, is_verbose, out_json, pairs, problem
from llmops.cli.progress import progress

if TYPE_CHECKING:
    from llmops.run_summary import EvaluationFacts, RunSummary, StageCost
    from llmops.runner import RunResult

RecipePath = Annotated[Path, typer.Argument(help="The recipe, a YAML file.")]
Inputs = Annotated[
    list[Path] | None,
    typer.Option("--input", help="Read this file or folder instead of the recipe's; may be repeated."),
]
Output = Annotated[Path | None, typer.Option("--output", help="Write here instead of the recipe's output.")]
RawZone = Annotated[Path | None, typer.Option("--raw-zone", help="Keep vault, keys and work files here.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def run(
    recipe: RecipePath,
    inputs: Inputs = None,
    output: Output = None,
    raw_zone: RawZone = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes; one per core by default.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Read only the first N records.")] = None,
    as_json: AsJson = False,
) -> None:
    """Take the records of a recipe to a signed release.

    Run it again after an interruption and it goes on where it was. Exit codes: 0 released; 1 released, but more was
    withheld than the recipe allows, a shard, a document or an evaluation failed, or nothing could be released; 2 bad
    recipe, policy or key; 3 input cannot be opened; 4 a stage broke its promise; 5 audit; 6 release; 7 an extra is
    missing; 8 released, but the evaluation's model cannot be reached; 130 interrupted.
    """
    from llmops.recipe import load_recipe
    from llmops.runner import run as run_recipe

    checked = load_recipe(recipe, inputs=tuple(inputs or ()), output=output, raw_zone=raw_zone)
    overrides = {"workers": workers, "record_limit": limit}
    part = checked.run.model_copy(update={name: value for name, value in overrides.items() if value is not None})
    with progress() as watcher:
        result = run_recipe(checked.model_copy(update={"run": part}), progress=watcher)
    _show(result, as_json=as_json)
    raise typer.Exit(result.exit_code)


def check(
    recipe: RecipePath,
    inputs: Inputs = None,
    output: Output = None,
    raw_zone: RawZone = None,
    as_json: AsJson = False,
) -> None:
    """Check a recipe, its policies, models, key places, that its input is there, and the columns of its tables."""
    from llmops.recipe import load_recipe, resolve
    from llmops.runner import planned
    from llmops.runner.headers import look

    checked = load_recipe(recipe, inputs=tuple(inputs or ()), output=output, raw_zone=raw_zone)
    units = planned(checked)
    files = len({unit.path for unit in units})
    tables, lacking = look(checked, units)
    resolved = resolve(checked)
    policies, rule = resolved.policy_ids, resolved.rule_applied
    facts = {"recipe": checked.name, "fingerprint": resolved.fingerprint, "policies": policies, **rule, "files": files}
    if as_json:
        out_json(facts | {"tables": tables, "lacking": [asdict(one) for one in lacking]})
    else:
        pairs(
            "recipe is good",
            {"recipe": checked.name, "files to read": files, "fingerprint": facts["fingerprint"], **policies, **rule},
        )
    for one in () if as_json else lacking:
        there = ", ".join(one.known) or "none of a usual name"
        problem(
            f"{one.files} of {tables} tables lack a column ({', '.join(one.missing)}) and would be withheld "
            f"(missing_column); they have {there} and {one.others} others; name it under normalize.table"
        )


def _show(result: "RunResult", *, as_json: bool) -> None:
    summary = result.summary
    if summary is None:
        _show_interrupted(result, as_json=as_json)
        return
    for stream in summary.audit.refused if summary.audit else ():
        problem(f"audit stream {stream} is refused and not sealed: it is a link or holds what no reader writes")
    if as_json:
        out_json(summary.to_dict() | {"output": str(result.output)})
    else:
        answers = [case.answer for case in result.evaluation.cases] if result.evaluation else []
        _show_summary(summary, answers)
        _show_result(summary, result)
    if summary.run.why:
        problem(summary.run.why)


def _show_interrupted(result: "RunResult", *, as_json: bool) -> None:
    done, planned = result.shards.done, result.shards.planned
    if as_json:
        shards = {"done": done, "planned": planned}
        out_json({"run": {"status": result.status}, "shards": shards, "output": str(result.output)})
        return
    errors.print(f"interrupted: {done} of {planned} shards are done and kept.")
    errors.print("Nothing was released. Run the same command again to go on.")


def _show_summary(summary: "RunSummary", answers: Sequence[str]) -> None:
    counts = summary.counts
    pairs(
        f"{summary.run.recipe}: {summary.run.status.replace('_', ' ')}",
        {
            "read": f"{counts.read:,} documents from {counts.records:,} records",
            "released": counts.released,
            "withheld": counts.withheld,
            "mean quality": f"{summary.quality.mean:.3f}",
        },
    )
    if summary.withheld.by_reason:
        pairs("withheld, by reason", summary.withheld.by_reason)
    pairs("identifiers found", summary.findings.by_identifier or {"none": 0})
    if is_verbose():
        pairs("cost of each stage", {stage.name: _cost(stage) for stage in summary.stages})
        pairs("left out by rule", summary.dropped or {"none": 0})
    for shard in summary.shards.failed:
        errors.print(f"shard {shard.shard} failed: {shard.failure} {shard.detail}")
    if summary.evaluation:
        _show_evaluation(summary.evaluation, answers)


def _show_result(summary: "RunSummary", result: "RunResult") -> None:
    audit = summary.audit
    pairs(
        "result",
        {
            "release": summary.release.id if summary.release else "none",
            "audit log": f"{audit.status}, {audit.events:,} events" if audit else "none",
            "gate": ", ".join(f"{check.name} {'passed' if check.passed else 'FAILED'}" for check in summary.verdicts),
            "wall": f"{summary.run.wall_s:.1f} s with {summary.run.workers} workers",
            **({"release folder": result.release} if result.release else {}),
            "report": result.output / "report.html",
        },
    )


def _cost(stage: "StageCost") -> str:
    return f"{stage.records:,} items, {stage.cpu_s:.2f} s of CPU, {stage.wall_s:.2f} s"


def _show_evaluation(evaluation: "EvaluationFacts", answers: Sequence[str]) -> None:
    """Print the results and one answer: on a terminal only, since a stored answer must not outlive its document."""
    console.print(f"evaluation {evaluation.suite}: {evaluation.passed} of {evaluation.cases} cases passed")
    asked = zip(evaluation.results, answers, strict=True)
    cited = next(((case, answer) for case, answer in asked if case.passed and case.citations and answer), None)
    if cited:
        console.print(f"  Q: {cited[0].question}")
        console.print(f"  A: {cited[1]}")
    for case in evaluation.results:
        if not case.passed:
            console.print(f"  failed: {case.id} ({', '.join(case.failed)})")
