"""Check table headers without a run: report tables that lack columns the recipe asks for."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from llmops.normalize import USUAL, USUAL_IDENTITY, TableColumns, missing_columns
from llmops.recipe import Recipe, formats_of
from llmops.sources import InputUnit, first_row


@dataclass(frozen=True, slots=True, kw_only=True)
class Lacking:
    """Tables with one header that lack a column. No PHI: the first row of a table without a header is never included.

    Args:
        missing: the columns, as `llmops.normalize.missing_columns` names them.
        known: present columns with a usual name or one the recipe gives.
        others: number of other columns.
        files: number of such tables.
    """

    missing: tuple[str, ...]
    known: tuple[str, ...]
    others: int
    files: int


def look(recipe: Recipe, units: Sequence[InputUnit]) -> tuple[int, tuple[Lacking, ...]]:
    """Read the header of every input table; of an archive, only its first file's.

    Args:
        recipe: assigns meanings to columns.
        units: the input.

    Returns:
        The number of tables, and those that lack a column.
    """
    firsts = {unit.path: unit for unit in reversed(units) if unit.refused is None}
    formats = formats_of(recipe)
    firsts_read = (first_row(unit, recipe.input.source, formats) for unit in firsts.values())
    rows = [row for row in firsts_read if row is not None]
    table = recipe.normalize.table
    found: Counter[tuple[tuple[str, ...], tuple[str, ...], int]] = Counter()
    for row in rows:
        columns = tuple(orjson.loads(row.payload))
        if missing := missing_columns(table, columns):
            known = tuple(name for name in columns if name.lower() in _USUAL or name in _named(table))
            found[missing, known, len(columns) - len(known)] += 1
    return len(rows), tuple(
        Lacking(missing=missing, known=known, others=others, files=files)
        for (missing, known, others), files in sorted(found.items())
    )


_USUAL = frozenset(name for names in (*USUAL.values(), *USUAL_IDENTITY.values()) for name in names)


def _named(table: TableColumns) -> frozenset[str]:
    return frozenset((*(getattr(table, role) for role in USUAL), *(name for name, _ in table.phi)))
