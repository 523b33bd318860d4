"""Trace an id to its source file and row and to the decision on it. The answers are PHI."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import orjson

from llmops.documents import Locator, Reason, SourceRecord
from llmops.errors import RecipeError, SourceError
from llmops.normalize import missing_columns
from llmops.pipeline import NOWHERE, Decision, Ledger, Place, ledgers
from llmops.recipe import Keys, Recipe, formats_of
from llmops.runner.state import output_token
from llmops.runner.withdrawn import ledger_root
from llmops.sources import ROW, UnitSource, plan_units

_ID: Final = re.compile(r"(r[0-9a-f]{20}|s\d{5,})(\.[0-9a-z]{1,12}){0,2}")
_COPY: Final = re.compile(r"(r[0-9a-f]{20}\.[0-9a-f]{12})\.(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """One record or document and its source location. PHI.

    Args:
        id: of the document, or of the record where it yielded none.
        decision: ``"released"``, or the reason why it was withheld.
        stage: the stage that withheld it.
        release: the release of that run; empty where none was published.
        duplicate_of: the document that was kept.
        file: path of the file; empty where the ledger never had it, or blanked it when the patient was erased.
        member: name inside an archive.
        start, end: row range (of tables, from 1, header not counted) or byte range; both 0 for the whole file.
        rows: whether these count rows.
        missing, present: for ``missing_column``, the missing and the present columns, read again from the file; both
            empty where the file no longer holds the record.
    """

    id: str
    decision: str
    stage: str = ""
    release: str = ""
    duplicate_of: str = ""
    file: str = field(default="", repr=False)
    member: str = field(default="", repr=False)
    start: int = 0
    end: int = 0
    rows: bool = False
    missing: tuple[str, ...] = ()
    present: tuple[str, ...] = field(default=(), repr=False)


def trace(recipe: Recipe, keys: Keys, record_or_document_id: str) -> tuple[Traced, ...]:
    """Find a record with its documents, or a document, in the newest ledger that holds it, this output's first.

    Args:
        recipe: names the raw zone.
        record_or_document_id: as releases and the audit log give it.

    Raises:
        RecipeError: not a valid id.
    """
    if _ID.fullmatch(record_or_document_id) is None:  # may be PHI: neither looked up nor logged
        raise RecipeError("trace: an id is r and 20 hexadecimal digits; of a document, a dot and 12 more behind them")
    for ledger in _newest_first(recipe):
        found = [
            decision
            for decision in ledger.decisions([record_or_document_id.partition(".")[0], record_or_document_id])
            if record_or_document_id in (decision.record_id, decision.document_id)
        ]
        if found:
            return tuple(_with_columns(_placed(recipe, ledger, found), recipe, keys))
    return ()


def withheld(recipe: Recipe, keys: Keys, reason: Reason | None = None) -> tuple[Traced, ...]:
    """List what the last run into the recipe's output withheld, ordered by file and row.

    Args:
        recipe: names the output.
        reason: only documents withheld for this reason.

    Raises:
        RecipeError: this raw zone has no run into that output.
    """
    ledger = next((one for one in _newest_first(recipe) if one.output == output_token(recipe, keys.source_ids)), None)
    if ledger is None:
        raise RecipeError("trace: this raw zone knows of no run into that output; run the recipe, or name its --output")
    found = [one for one in ledger.decisions() if one.reason and reason in (None, one.reason)]
    rows = _with_columns(_placed(recipe, ledger, found), recipe, keys)
    return tuple(sorted(rows, key=lambda row: (row.file, row.member, row.start, row.id)))


def _newest_first(recipe: Recipe) -> Sequence[Ledger]:
    return ledgers(ledger_root(recipe))[::-1]


def _placed(recipe: Recipe, ledger: Ledger, decisions: Collection[Decision]) -> Iterator[Traced]:
    """Give each decision its location. Equal ids are in the ledger in the order of their copy numbers."""
    places: defaultdict[str, list[Place]] = defaultdict(list)
    for place in ledger.places({decision.record_id for decision in decisions}):
        places[place.document_id or place.record_id].append(place)
    seen: defaultdict[str, int] = defaultdict(int)
    for decision in decisions:
        name = decision.document_id or decision.record_id
        copy = _COPY.fullmatch(name)
        known = places[copy[1] if copy else name]
        number = int(copy[2]) - 1 if copy else seen[name]
        seen[name] += 1
        at = known[min(number, len(known) - 1)].locator if known else NOWHERE
        yield _row(recipe, ledger, decision, None if at == NOWHERE else at)


def _row(recipe: Recipe, ledger: Ledger, decision: Decision, at: Locator | None) -> Traced:
    return Traced(
        id=decision.document_id or decision.record_id,
        decision=decision.reason or "released",
        stage=decision.stage,
        release=ledger.release,
        duplicate_of=decision.duplicate_of,
        file=str(_path(recipe, at)) if at else "",
        member=at.member if at else "",
        start=at.start + at.rows if at else 0,
        end=at.end if at else 0,
        rows=at.rows if at else False,
    )


def _path(recipe: Recipe, at: Locator) -> Path:
    """Path of a file under the current input paths."""
    if at.root >= len(recipe.input.paths):
        return Path(at.container)
    root = recipe.input.paths[at.root]
    return root / at.container if root.is_dir() else root


def _with_columns(rows: Iterator[Traced], recipe: Recipe, keys: Keys) -> Iterator[Traced]:
    """Add missing and present columns by reading each affected file once."""
    held = list(rows)
    wanted: defaultdict[str, set[str]] = defaultdict(set)
    for row in held:
        if row.decision == Reason.MISSING_COLUMN and row.file:
            wanted[row.file].add(row.id)
    found = {name: gap for file, ids in wanted.items() for name, gap in _gaps(Path(file), ids, recipe, keys)}
    for row in held:
        missing, present = found.get(row.id, ((), ()))
        yield replace(row, missing=missing, present=present)


def _gaps(
    path: Path, ids: set[str], recipe: Recipe, keys: Keys
) -> Iterator[tuple[str, tuple[tuple[str, ...], tuple[str, ...]]]]:
    """Read a file again: record ids with their missing and present columns."""
    try:
        formats = formats_of(recipe)
        units = plan_units([path], recipe.input.source, formats=formats)
    except SourceError:
        return
    left = {one.partition(".")[0] for one in ids}
    for unit in units:
        for record in UnitSource(unit, recipe.input.source, keys.source_ids, formats).records():
            if not left:
                return
            if isinstance(record, SourceRecord) and record.format == ROW and record.record_id in left:
                left.discard(record.record_id)
                values = orjson.loads(record.payload)
                yield record.record_id, (missing_columns(recipe.normalize.table, values), tuple(values))
