"""``llmops deid``: detection and de-identification of plain text, without a run."""

import sys
from collections.abc import Iterator
from itertools import tee
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from llmops.errors import SourceError
from llmops.phi import PhiFinding

app = typer.Typer(help="Find or remove PHI in text, without a run.", no_args_is_help=True)
Policy = Annotated[str, typer.Option("--policy", help="A bundled policy or the path of a YAML file.")]


@app.command()
def detect(
    source: Annotated[Path, typer.Argument(metavar="IN.jsonl", help='Lines {"id", "text"}.')],
    target: Annotated[Path, typer.Argument(metavar="OUT.jsonl", help='Lines {"id", "spans"}, in the same order.')],
    policy: Policy = "safe_harbor",
) -> None:
    """Find PHI: offsets are code points, end exclusive."""
    from llmops.deid import Deidentifier

    deidentifier = Deidentifier(policy=policy)
    try:
        with source.open("rb") as lines, target.open("wb") as out:
            ids, texts = tee(_records(lines))
            found = deidentifier.detect_many(record["text"] for record in texts)
            for record, findings in zip(ids, found, strict=True):
                out.write(orjson.dumps({"id": record["id"], "spans": [_span(finding) for finding in findings]}) + b"\n")
    except OSError:
        raise SourceError("deid detect: the input cannot be read or the output not be written") from None


@app.command()
def text(policy: Policy = "safe_harbor") -> None:
    """De-identify stdin to stdout."""
    from llmops.deid import Deidentifier

    try:
        given = sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError:
        raise SourceError("deid text: stdin is not UTF-8") from None
    sys.stdout.buffer.write(Deidentifier(policy=policy).text(given).text.encode("utf-8"))


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


def _span(finding: PhiFinding) -> dict[str, Any]:
    return {
        "start": finding.start,
        "end": finding.end,
        "label": finding.label.value,
        "score": round(finding.score, 4),
    }
