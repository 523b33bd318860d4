"""Cut files into ranges of about one shard's work, depending only on their content, never on the number of workers."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from pathlib import Path
from typing import IO, Final

from llmops.documents import SourceRecord
from llmops.sources import framers as framing
from llmops.sources import parquet, table
from llmops.sources.config import FilesConfig
from llmops.sources.errors import Unreadable
from llmops.sources.input_unit import InputUnit
from llmops.sources.lines import split_lines
from llmops.sources.open_file import limited, open_plain
from llmops.sources.reader import UnitSource
from llmops.sources.spec import Formats, Layout
from llmops.sources.stream import Budget, Stream

_WORTH_A_LOOK: Final = 16 * 1024
"""Size in bytes below which a file counts as one record: inspecting it would cost more than it balances."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardSize:
    """Size of one shard: about 20 s of work at the default.

    Args:
        records: maximum records, if they are small.
        bytes: approximate bytes of input.
    """

    records: int = 1000
    bytes: int = 2 * 2**20


@dataclass(frozen=True, slots=True)
class _Start:
    """Start of a record: its offset, or its number if ranges count records."""

    at: int
    number: int


def cut(unit: InputUnit, config: FilesConfig, size: ShardSize, formats: Formats) -> list[InputUnit]:
    """Cut a file into ranges, each at most one shard's work; errors here are left for the reader to report.

    Lines and rows are cut by bytes, Parquet by rows. Formats readable only from their first byte (gzip, zip, HL7
    batches, JSON arrays, wide characters) are cut by record number, and each range reads them from the start.
    """
    if unit.refused is not None or unit.size <= min(size.bytes, _WORTH_A_LOOK):
        return [unit]
    try:
        with open_plain(unit.path) as file:
            return _ranges(unit, file, config, size, formats)
    except (Unreadable, OSError):
        return [unit]


def _ranges(
    unit: InputUnit, file: IO[bytes], config: FilesConfig, size: ShardSize, formats: Formats
) -> list[InputUnit]:
    stream = Stream(limited(file, 0, -1), budget=Budget(config.max_file_bytes))
    shape = framing.shape_of(stream, Path(unit.relative).suffix.lower(), config, formats)
    if shape.layout is Layout.WHOLE or (shape.format is not None and shape.format.one_record):
        return [unit]
    if shape.layout is Layout.PARQUET:
        return _row_groups(unit, file, size)
    if shape.layout not in (Layout.CSV, Layout.LINES) or framing.is_wide(stream):
        return _by_number(unit, config, size, formats)
    whole = Stream(limited(file, 0, -1), budget=Budget(2 * unit.size))
    if shape.layout is Layout.LINES:
        lines = split_lines(whole, config.max_record_bytes)
        return _by_bytes(unit, (_Start(line.start, number) for number, line in enumerate(lines)), size)
    text = framing.unmarked(whole, shape)
    rows = table.row_starts(text, config.delimiter, config.max_record_bytes)
    return _by_bytes(unit, (_Start(at, number) for number, at in enumerate(rows)), size)


def _row_groups(unit: InputUnit, file: IO[bytes], size: ShardSize) -> list[InputUnit]:
    rows, stored = parquet.row_count(file), parquet.stored_bytes(file)
    step = max(1, min(size.records, rows * size.bytes // max(1, stored)))
    part = replace(unit, by_rows=True, size=stored * step // max(1, rows))
    return [replace(part, start=at, stop=at + step, records=min(step, rows - at)) for at in range(0, rows, step)] or [
        unit
    ]


def _by_bytes(unit: InputUnit, starts: Iterable[_Start], size: ShardSize) -> list[InputUnit]:
    """Yield units between record offsets; the first begins at the start of the file."""
    edges, records = _edges(starts, size)
    if len(edges) < 2:
        return [replace(unit, records=records)]
    edges = [_Start(0, 0), *edges[1:], _Start(unit.size, records)]
    return [
        replace(
            unit,
            start=start.at,
            stop=stop.at,
            first=start.number,
            size=stop.at - start.at,
            records=stop.number - start.number,
        )
        for start, stop in pairwise(edges)
    ]


def _by_number(unit: InputUnit, config: FilesConfig, size: ShardSize, formats: Formats) -> list[InputUnit]:
    """Yield units between record numbers; their sizes are those of the payloads, however the file is compressed."""
    answers = UnitSource(unit, config, b"", formats).records()
    ends = list(accumulate(len(one.payload) if isinstance(one, SourceRecord) else 0 for one in answers))
    edges, records = _edges((_Start(at, number) for number, at in enumerate([0, *ends[:-1]])), size)
    if len(edges) < 2:
        return [replace(unit, records=records)]
    edges.append(_Start(ends[-1], records))
    return [
        replace(
            unit,
            start=start.number,
            stop=stop.number if stop.number < records else -1,
            by_rows=True,
            size=stop.at - start.at,
            records=stop.number - start.number,
        )
        for start, stop in pairwise(edges)
    ]


def _edges(starts: Iterable[_Start], size: ShardSize) -> tuple[list[_Start], int]:
    """Return the records at which ranges begin, and the number of records."""
    edges: list[_Start] = []
    records = 0
    for start in starts:
        records += 1
        if not edges or start.number - edges[-1].number >= size.records or start.at - edges[-1].at >= size.bytes:
            edges.append(start)
    return edges, records
