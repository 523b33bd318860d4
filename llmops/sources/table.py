"""Frame CSV: records may span lines, and an unclosed quote swallows no row."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

import orjson

from llmops.documents import Reason
from llmops.sources.encoding import UTF8, Encoding, text_encoding
from llmops.sources.errors import Unreadable
from llmops.sources.framed import Broken, Frame, Framed
from llmops.sources.lines import Line, line_end, split_lines
from llmops.sources.stream import Stream

DELIMITERS: Final = (",", "\t", ";", "|")
_HEAD: Final = 65536
_SEPARATOR_LINE: Final = re.compile(rb"(?i)sep=[,;\t|][ \t]*(?:\r\n?|\n)")


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRow:
    """The bytes of one CSV record, not yet split into cells; ``data`` is ``None`` if broken. PHI."""

    start: int
    end: int
    data: bytes | None = field(repr=False)
    reason: Reason = Reason.BAD_ROW


def raw_rows(lines: Iterable[Line], delimiter: bytes, cap: int) -> Iterator[RawRow]:
    """Join the lines of each record; blank lines between records are skipped.

    A quoted cell must end before a delimiter or a line end. A quote that is never closed, or only by the opening quote
    of a later row, breaks its first line only: the lines after it are framed again, so that none is lost. (Other
    readers swallow them.) Look-ahead is bounded by ``cap``, also in total over failed attempts.

    Args:
        lines: physical lines with terminators.
        delimiter: one byte.
        cap: maximum bytes of one record.
    """
    source = iter(lines)
    pushed: list[Line] = []  # lines to frame again, next one last
    vain = 4 * cap
    while (line := pushed.pop() if pushed else next(source, None)) is not None:
        if line.data is None:
            yield RawRow(start=line.start, end=line.end, data=None, reason=Reason.TOO_LARGE)
            continue
        if not line.data.strip():
            continue
        taken, state = [line], _scan(line.data, delimiter, _OUTSIDE)
        while state == _INSIDE and vain > 0:
            more = pushed.pop() if pushed else next(source, None)
            if more is None:
                break
            taken.append(more)
            state = _BROKEN if more.data is None or more.end - line.start > cap else _scan(more.data, delimiter, state)
        if state == _OUTSIDE:
            data = b"".join(part.data or b"" for part in taken)
            yield RawRow(start=line.start, end=taken[-1].end, data=data)
            continue
        yield RawRow(start=line.start, end=line.end, data=None)
        vain -= taken[-1].end - line.end
        pushed.extend(reversed(taken[1:]))


_OUTSIDE: Final = 0
_INSIDE: Final = 1
_BROKEN: Final = 2


def _scan(line: bytes, delimiter: bytes, state: int) -> int:
    """Return the state at a line's end: outside a quoted cell, inside one, or broken (text after a closing quote)."""
    at, end = 0, len(line.rstrip(b"\r\n"))
    while True:
        if state == _INSIDE:
            close = line.find(b'"', at)
            if close < 0:
                return _INSIDE
            if line[close + 1 : close + 2] == b'"':
                at = close + 2
                continue
            if close + 1 >= end:
                return _OUTSIDE
            if line[close + 1 : close + 2] != delimiter:
                return _BROKEN
            at = close + 2
        if line[at : at + 1] == b'"':
            state, at = _INSIDE, at + 1
            continue
        following = line.find(delimiter, at)
        if following < 0:
            return _OUTSIDE
        state, at = _OUTSIDE, following + 1


def rows(
    stream: Stream, *, delimiter: str, cap: int, most: int, header: bytes | None = None, first: int = 0
) -> Iterator[Framed]:
    """Yield each row as a JSON object of column name to cell text.

    Args:
        stream: the file from its first byte, or a range of it that starts at a row.
        delimiter: one character, or ``"auto"``.
        cap: maximum bytes of one row.
        most: maximum columns.
        header: the bytes of the header row, for a later range.
        first: number of the first row in ``stream``.

    Raises:
        Refused: there is no header, it is broken, or it has too many columns.
    """
    csv.field_size_limit(cap + 2)
    if delimiter == "auto":
        delimiter = best_delimiter(header or stream.peek(_HEAD))
    framed = _framed(stream, delimiter, cap)
    if header is None:
        header = _first(framed)
    names = column_names(_cells(header, text_encoding(header), delimiter))
    if len(names) > most:
        raise Unreadable(Reason.TOO_LARGE)
    for number, row in enumerate(framed, start=first):
        yield _row(number, row, names, delimiter)


def header_row(stream: Stream, delimiter: str, cap: int) -> bytes:
    """Return the bytes of the header row of a file.

    Raises:
        Refused: there is none, or it is broken.
    """
    delimiter = best_delimiter(stream.peek(_HEAD)) if delimiter == "auto" else delimiter
    return _first(_framed(stream, delimiter, cap))


def separator_line(head: bytes) -> int:
    """Return the length of Excel's ``sep=;`` line before the header; 0 if there is none."""
    match = _SEPARATOR_LINE.match(head)
    return match.end() if match else 0


def row_starts(stream: Stream, delimiter: str, cap: int) -> Iterator[int]:
    """Yield the offset of every row after the header."""
    delimiter = best_delimiter(stream.peek(_HEAD)) if delimiter == "auto" else delimiter
    for row in islice(_framed(stream, delimiter, cap), 1, None):
        yield row.start


def _framed(stream: Stream, delimiter: str, cap: int) -> Iterator[RawRow]:
    return raw_rows(split_lines(stream, cap, line_end(stream.peek(_HEAD))), delimiter.encode(), cap)


def _first(framed: Iterator[RawRow]) -> bytes:
    top = next(framed, None)
    if top is None or top.data is None:
        raise Unreadable(Reason.EMPTY if top is None else top.reason)
    return top.data


def _row(number: int, row: RawRow, names: tuple[str, ...], delimiter: str) -> Framed:
    if row.data is None:
        return Broken(ordinal=number, reason=row.reason, rows=True)
    try:
        encoding = text_encoding(row.data)
        cells = _cells(row.data, encoding, delimiter)
    except Unreadable as refused:
        return Broken(ordinal=number, reason=refused.reason, data=row.data, rows=True)
    if len(cells) != len(names):
        return Broken(ordinal=number, reason=Reason.BAD_ROW, data=row.data, rows=True)
    payload = orjson.dumps(dict(zip(names, cells, strict=True)))
    known = Encoding(name=UTF8.name, known_from=encoding.known_from)
    end = number + 1
    return Frame(ordinal=number, payload=payload, start=number, end=end, encoding=known, rows=True)


def _cells(data: bytes, encoding: Encoding, delimiter: str) -> list[str]:
    text = data.decode(encoding.name).rstrip("\r\n")
    try:
        found = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        raise Unreadable(Reason.BAD_ROW) from None
    if len(found) != 1:
        raise Unreadable(Reason.BAD_ROW)
    return found[0]


def column_names(cells: list[str]) -> tuple[str, ...]:
    """Return column names: trimmed, empty ones numbered, repeated ones made unique, so that no cell is overwritten."""
    names: dict[str, None] = {}
    for number, cell in enumerate(cells, start=1):
        name = cell.strip() or f"column_{number}"
        while name in names:
            name += f"#{number}"
        names[name] = None
    return tuple(names)


def best_delimiter(head: bytes) -> str:
    """Return the delimiter that splits the first row into most columns; a comma by default."""
    first = next(iter(head.strip(b"\r\n").splitlines()), b"")
    bare = re.sub(rb'"[^"]*"', b"", first)
    return max(DELIMITERS, key=lambda mark: bare.count(mark.encode()))
