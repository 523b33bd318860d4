"""``llmops trace``: find file, row and reason for an id in a release or log. For the raw zone: it prints PHI."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmops.cli.output import console, out_json, problem
from llmops.documents import Reason
from llmops.errors import RecipeError

if TYPE_CHECKING:
    from llmops.runner.trace import Traced


def trace(
    recipe: Annotated[Path, typer.Option("--recipe", help="The recipe whose raw zone knows it.")],
    record_or_document_id: Annotated[str, typer.Argument(metavar="[ID]", help="A record or document.")] = "",
    withheld: Annotated[bool, typer.Option("--withheld", help="List what the last run withheld, by file.")] = False,
    reason: Annotated[Reason | None, typer.Option("--reason", help="With --withheld: for this reason alone.")] = None,
    inputs: Annotated[
        list[Path] | None, typer.Option("--input", help="Where the input lies, as given to the run; may be repeated.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", help="The output that is meant.")] = None,
    raw_zone: Annotated[Path | None, typer.Option("--raw-zone", help="The raw zone, instead of the recipe's.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Say where a record or document lay and what became of it, or list what was withheld. Prints PHI: file names.

    Needs the raw zone and its keys. That it was asked is in the audit log before anything is printed. Exit 1: nothing
    was found.
    """
    from llmops.operations import trace as trace_steps

    if bool(record_or_document_id) == withheld or (reason is not None and not withheld):
        raise RecipeError("trace: give the id of a record or document, or --withheld, with or without --reason")
    place = trace_steps.Place(recipe=recipe, inputs=tuple(inputs or ()), output=output, raw_zone=raw_zone)
    rows = trace_steps.listed(place, reason) if withheld else trace_steps.traced(place, record_or_document_id)
    if as_json:
        out_json([asdict(row) for row in rows])
    for row in () if as_json else rows:
        for line in _lines(row):
            console.print(line, soft_wrap=True)
    if not rows:
        problem("nothing was withheld" if withheld else "no run that this raw zone knows had a record of that id")
        raise typer.Exit(1)


def _lines(row: "Traced") -> Iterator[str]:
    yield f"{row.id}  {row.decision}{f' (stage {row.stage})' if row.stage else ''}"
    unit = "row" if row.rows else "bytes"
    last = row.end if row.rows else row.end - 1
    extent = f", {unit} {row.start}" + (f" to {last}" if last > row.start else "") if row.end else ""
    member = f" > {_shown(row.member)}" if row.member else ""
    yield f"  {_shown(row.file) or 'its file is not known'}{member}{extent}"
    if row.duplicate_of:
        yield f"  duplicate of {row.duplicate_of}"
    if row.present:
        yield f"  missing column: {', '.join(map(_shown, row.missing)) or 'none by the recipe as it is now'}"
        yield f"  columns there: {', '.join(map(_shown, row.present))}"
    elif row.decision == Reason.MISSING_COLUMN:
        yield "  the file no longer holds the record; its columns are not known"


def _shown(text: str) -> str:
    """Escape characters of input text that would control the terminal."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
