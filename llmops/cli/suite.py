"""``llmops eval``: a suite of prompts over a verified release."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmops.cli.output import console, is_verbose, out_json, problem
from llmops.cli.progress import progress
from llmops.cli.release_options import AuditDir, Keys, Seal, opened
from llmops.errors import RecipeError
from llmops.operations.reader_log import consumer_log
from llmops.plain_files import write_file

if TYPE_CHECKING:
    from llmops.evaluation import Comparison


def evaluate(
    suite: Annotated[str, typer.Argument(help="A bundled suite or the path of a YAML file.")],
    folder: Annotated[Path, typer.Option("--release", help="The release folder, <output>/release/<id> or .../latest.")],
    model: Annotated[str, typer.Option(help="'extractive', or 'provider:model' for LangChain.")] = "extractive",
    out: Annotated[Path | None, typer.Option("--out", help="Write the result here, JSON.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write the result here, as a page.")] = None,
    compare_with: Annotated[
        Path | None,
        typer.Option("--compare", help="An earlier result; exit 1 where a case fails that did not, or is left out."),
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds that one call of a model outside may take.")] = 120,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Prompts that a model outside gets at a time.")] = 4,
    keys: Keys = None,
    audit: AuditDir = None,
    seal: Seal = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Run a prompt suite on a release.

    A call that fails on its way is tried four times. What is answered is kept beside the release, without the answers,
    until all is: stopped, or where the model cannot be reached (exit 8), the same command goes on.

    Exit 1 on a regression (a case that passed or is new fails, or one is no longer asked), or, with nothing to compare
    with, where a case failed.
    """
    from llmops.deid import DeidConfig
    from llmops.evaluation import Calling, compare, load_suite, read_result, to_html
    from llmops.runner.consumers import evaluate_release, partial_place

    asked = load_suite(suite)
    previous = read_result(compare_with) if compare_with else None
    for option, path in (("--out", out), ("--html", html)):
        if path and not path.parent.is_dir():
            raise RecipeError(f"{option}: its folder is not there")
    release = opened(folder, keys)
    with consumer_log(release, audit, seal, problem) as log, progress() as watcher:
        watcher.begin("evaluate", asked.size)
        result = evaluate_release(
            release,
            asked,
            model,
            None,
            DeidConfig(),
            log,
            calling=Calling(timeout_s=timeout, concurrency=concurrency),
            partial=partial_place(release, asked, model),
            progress=lambda: watcher.advance(1),
        )
    comparison = compare(previous, result) if previous else None
    if out:
        _write(out, result.to_json(), "--out")
    if html:
        _write(html, to_html(result, previous).encode(), "--html")
    if as_json:
        out_json(result.to_dict(answers=True) | ({"comparison": comparison.to_dict()} if comparison else {}))
    else:
        console.print(f"{result.suite}: {result.passed} of {result.total} cases passed with {result.model}")
        for case in result.cases:
            why = f" ({', '.join(case.failed)})" if case.failed else ""
            console.print(f"  {'passed' if case.passed else 'FAILED'}  {case.case_id}{why}")
            if is_verbose():
                console.print(f"    Q: {case.question}")
                console.print(f"    A: {case.answer or '(not kept)'}")
        if comparison:
            _show(comparison)
    bad = comparison.regressed if comparison else result.passed < result.total
    raise typer.Exit(1 if bad else 0)


def _show(comparison: "Comparison") -> None:
    for sign, keys in (
        ("regression", comparison.regressions),
        ("new, and fails", comparison.new_failures),
        ("no longer asked", comparison.missing),
    ):
        for key in keys:
            console.print(f"  {sign}: {key}")


def _write(path: Path, data: bytes, option: str) -> None:
    try:
        write_file(path, data)
    except OSError as error:
        raise RecipeError(f"{option}: cannot be written ({os.strerror(error.errno or 0)})") from None
