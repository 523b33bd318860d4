"""``llmops deid``: detection and de-identification of plain text, without a run."""

import sys
from collections.abc import Iterator
from itertools import tee
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from llmops.errors import RecipeError, SourceError
from llmops.phi import Detection
from llmops.plain_files import replacing

app = typer.Typer(help="Find or remove PHI in text, without a run.", no_args_is_help=True)
Policy = Annotated[str, typer.Option("--policy", help="A bundled policy or the path of a YAML file.")]


@app.command()
def detect(
    source: Annotated[Path, typer.Argument(metavar="IN.jsonl", help='Lines {"id", "text"}.')],
    target: Annotated[Path, typer.Argument(metavar="OUT.jsonl", help='Lines {"id", "spans"}, in the same order.')],
    policy: Policy = "safe_harbor",
) -> None:
    """Find PHI: offsets are code points, end exclusive. OUT.jsonl appears when it is whole."""
    from rich.progress import wrap_file

    from llmops.cli.output import errors
    from llmops.deid import Deidentifier

    if target.exists() and source.exists() and target.samefile(source):
        raise RecipeError("deid detect: IN and OUT are one file; the notes would be lost, name another")
    deidentifier = Deidentifier(policy=policy)
    bar: dict[str, Any] = {
        "description": "detecting",
        "console": errors,
        "transient": True,
        "disable": not errors.is_terminal,
    }
    try:
        with (
            source.open("rb") as file,
            wrap_file(file, total=source.stat().st_size, **bar) as lines,
            replacing(target) as out,
        ):
            ids, texts = tee(_records(lines))
            found = deidentifier.detect_many(record["text"] for record in texts)
            for record, findings in zip(ids, found, strict=True):
                out.write(orjson.dumps({"id": record["id"], "spans": [_span(finding) for finding in findings]}) + b"\n")
    except OSError:
        raise SourceError("deid detect: the input cannot be read or the output not be written") from None


@app.command()
def text(
    policy: Policy = "safe_harbor",
    determination: Annotated[
        str,
        typer.Option(
            "--determination", metavar="REFERENCE", help="Of the expert's written determination: 164.514(b)(1)."
        ),
    ] = "",
) -> None:
    """De-identify stdin to stdout."""
    from llmops.deid import DeidConfig, Deidentifier

    try:
        given = sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError:
        raise SourceError("deid text: stdin is not UTF-8") from None
    deidentifier = Deidentifier(config=DeidConfig(policy=policy, determination=determination))
    sys.stdout.buffer.write(deidentifier.text(given).text.encode("utf-8"))


@app.command()
def evaluate(
    gold: Annotated[Path, typer.Argument(metavar="GOLD.jsonl", help='Lines {"id", "text", "spans"}; any label names.')],
    policy: Policy = "safe_harbor",
    ner: Annotated[str, typer.Option("--ner", help="The NER component; 'none' measures the rules alone.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            metavar="FILE",
            help="Also write leaks and over-redactions in context. The file holds PHI: keep it in the raw zone "
            "(written for its owner alone, mode 0600).",
        ),
    ] = None,
    free_titles: Annotated[
        bool, typer.Option("--free-titles", help="Titles, states and relative dates inside marks count neither way.")
    ] = False,
) -> None:
    """Measure detection on annotated notes: recall, precision and F1 of tokens, spans and documents, by identifier.

    What the policy keeps (dates of a limited data set) counts neither way. The figures hold no text.
    """
    from llmops.cli.output import out_json
    from llmops.deid import Deidentifier, Operator
    from llmops.deid.measure.evaluate import evaluate as measure

    deidentifier = Deidentifier(policy=policy, config=_config(ner, policy))
    kept = frozenset(label for label, done in deidentifier.policy.operators.items() if done is Operator.KEEP)
    result = measure(gold, deidentifier, free_titles=free_titles, kept=kept)
    if html is not None:
        from llmops.deid.measure.page import write_page

        write_page(result, html)
    if as_json:
        out_json({"policy": deidentifier.policy.policy_id, **result.summary()})
    else:
        _show(result)


def _config(ner: str, policy: str) -> Any:
    """Return the settings with another NER component; the determination is unused, since nothing is released."""
    from typing import get_args, get_type_hints

    from llmops.deid import DeidConfig

    known = get_args(get_type_hints(DeidConfig)["ner"])
    if ner and ner not in known:
        raise RecipeError(f"--ner: no such component; known: {', '.join(known)}")
    settings: dict[str, Any] = {"ner": ner} if ner else {}
    return DeidConfig(policy=policy, determination="measurement only", **settings)


def _show(result: Any) -> None:
    from llmops.cli.output import pairs

    for name, level in result.levels:
        figures = {"recall": _said(level.recall), "precision": _said(level.precision), "F1": f"{level.f1:.4f}"}
        pairs(name, figures)  # one table per group, to fit 80 columns
    pairs("dates", {"recall": _said(result.dates), "without years": _said(result.dates_without_years)})
    pairs("recall by identifier", {name: _said(value) for name, value in result.by_identifier})
    pairs("recall by label", {name: _said(value) for name, value in result.by_label})
    pairs(
        "over-redaction",
        {
            "documents without PHI touched": _said(result.touched_documents),
            "masked tokens of 1,000 in them": f"{result.over_redaction_per_1000:.2f}",
        },
    )


def _said(value: Any) -> str:
    low, high = value.bounds
    return f"{value.value:.4f} [{low:.4f}, {high:.4f}] {value.hits}/{value.total}"


def _records(lines: Iterator[bytes]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError:
            record = None
        if not (isinstance(record, dict) and "id" in record and isinstance(record.get("text"), str)):
            raise SourceError(f'deid detect: line {number} is not an object with "id" and "text"')
        yield {"id": record["id"], "text": record["text"]}


def _span(finding: Detection) -> dict[str, Any]:
    return {
        "start": finding.start,
        "end": finding.end,
        "label": finding.label.value,
        "score": round(finding.score, 4),
    }
