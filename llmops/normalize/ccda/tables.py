"""Render narrative tables as self-contained lines: ``Medication: aspirin | Dose: 81 mg``."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from llmops.normalize.ccda.xml import Element, children, name_of

# Spans and labels repeat text: a sender's values must not let a small table grow without bounds.
_MOST_SPANNED: Final = 50
_WIDEST: Final = 64
_LONGEST_REPEATED: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table with its spans expanded. PHI.

    Args:
        header: one label per column; empty without a header row.
        rows: the cells of each row; a one-pass iterator.
    """

    header: tuple[str, ...] = field(repr=False)
    rows: Iterator[tuple[str, ...]] = field(repr=False)


def grid(table: Element, cell_text: Callable[[Element], str]) -> Grid:
    """Read a table into a grid: a spanned cell's text repeats in each header column and each body row.

    Args:
        table: the ``<table>``. PHI.
        cell_text: renders a cell.
    """
    heads = [row for head in children(table, "thead") for row in children(head, "tr")]
    body = [row for part in table if name_of(part) in {"tbody", "tfoot"} for row in children(part, "tr")]
    body += list(children(table, "tr"))
    if not heads and len(body) > 1 and all(name_of(cell) == "th" for cell in body[0]) and len(body[0]) > 1:
        heads, body = body[:1], body[1:]
    header = list(_spread(heads, cell_text, repeat=True))
    width = max((len(row) for row in header), default=0)
    labels = tuple(" ".join(dict.fromkeys(row[n] for row in header if n < len(row) and row[n])) for n in range(width))
    return Grid(header=labels, rows=_spread(body, cell_text, repeat=False))


def table_lines(table: Grid) -> Iterator[str]:
    """Yield one line per row; header labels precede their values.

    A row that does not match the header is given without labels; a header without rows is given as is.
    """
    labels = table.header
    if any(len(label) > _LONGEST_REPEATED for label in labels):
        # Prose, not labels; given once.
        yield " | ".join(filter(None, labels))
        labels = ()
    spoken = False
    for row in table.rows:
        before = labels if len(row) == len(labels) else ("",) * len(row)
        filled = ((label.rstrip(":"), value) for label, value in zip(before, row, strict=True) if value)
        line = " | ".join(f"{label}: {value}" if label else value for label, value in filled)
        if line:
            spoken = True
            yield line
    if not spoken and any(labels):
        yield " | ".join(filter(None, labels))


def _spread(rows: list[Element], cell_text: Callable[[Element], str], *, repeat: bool) -> Iterator[tuple[str, ...]]:
    """Yield the cells of each row with spans expanded; text repeats over columns in headers only, over rows always."""
    hanging: dict[int, tuple[int, str]] = {}
    for row in rows:
        cells: list[str] = []
        for cell in row:
            _hang(cells, hanging)
            text = cell_text(cell)
            again = text if len(text) <= _LONGEST_REPEATED else ""
            # A lone cell across the table is a remark on it, not a value of its first column.
            width = _span(cell, "colspan") if repeat or len(row) > 1 else 1
            height = _span(cell, "rowspan")
            for n in range(min(width, max(_WIDEST - len(cells), 1))):
                if height > 1:
                    hanging[len(cells)] = (height - 1, again if repeat or not n else "")
                cells.append(text if not n else again if repeat else "")
        _hang(cells, hanging)
        yield tuple(cells)


def _hang(cells: list[str], hanging: dict[int, tuple[int, str]]) -> None:
    """Insert the cells that extend down from rows above."""
    while len(cells) in hanging:
        left, text = hanging.pop(len(cells))
        if left > 1:
            hanging[len(cells)] = (left - 1, text)
        cells.append(text)


def _span(cell: Element, name: str) -> int:
    value = cell.get(name, "1").strip()
    return min(max(int(value), 1), _MOST_SPANNED) if value.isascii() and value.isdigit() and len(value) < 4 else 1
