"""Split clinical prose into sentences, list items and tables, by offsets."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import re2

WRAPPED_LINE_CHARS: Final = 60
"""A line this long without a final full stop is treated as wrapped by its editor."""

_ABBREVIATED: Final = """
dr mr mrs ms pt st vs approx no e.g i.e fig hx dx rx tx sx b.i.d t.i.d q.i.d q.d q.h.s p.o p.r.n i.v a.m p.m
resp temp wt ht est incl cf al jr sr
"""
_ABBREVIATIONS: Final = frozenset(_ABBREVIATED.split())
_STOP: Final = re2.compile(r"[.!?][\"')\]]*[ \t]+")
_BULLET: Final = re2.compile(r"[ \t]*(?:[-*•·▪o]|\(?\d{1,2}[.)]|\(?[a-zA-Z][.)])[ \t]+\S")
_LABEL: Final = re2.compile(r"[ \t]*[A-Z][A-Za-z0-9 /()&,'%-]{0,48}:")
_TABLE_ROW: Final = re2.compile(r"[^\n]*(?:\|[^\n]*\||\t[^\n]*\t|\S {3,}\S[^\n]* {3,}\S)")


class Span(NamedTuple):
    """A range ``[start, end)`` of a text; ``table`` for a run of table rows that belong together."""

    start: int
    end: int
    table: bool = False


def sentences(text: str, start: int = 0, end: int | None = None) -> tuple[Span, ...]:
    """Split ``text[start:end]`` into sentences; every non-blank code point is in exactly one.

    A list item, a labelled value (``"Hemoglobin: 13.2 g/dL"``) and a table are each one unit, because clinical notes
    use line ends where prose uses full stops.
    """
    stop = len(text) if end is None else end
    found: list[Span] = []
    for block in _blocks(text, start, stop):
        if block.table:
            found.append(block)
        else:
            found.extend(_split_prose(text, block))
    return tuple(found)


def _blocks(text: str, start: int, end: int) -> Iterator[Span]:
    """Join wrapped lines and rows of one table; a blank line always separates."""
    current: Span | None = None
    for line in _lines(text, start, end):
        if line.start == line.end:
            if current:
                yield current
            current = None
        elif current and _continues(text, current, line):
            current = Span(current.start, line.end, current.table)
        else:
            if current:
                yield current
            current = line
    if current:
        yield current


def _lines(text: str, start: int, end: int) -> Iterator[Span]:
    position = start
    while position < end:
        newline = text.find("\n", position, end)
        stop = end if newline < 0 else newline
        trimmed = trim(text, position, stop)
        yield Span(trimmed.start, trimmed.end, bool(_TABLE_ROW.match(text[trimmed.start : trimmed.end])))
        position = stop + 1


def _continues(text: str, current: Span, line: Span) -> bool:
    if current.table or line.table:
        return current.table and line.table
    last_line = text[max(text.rfind("\n", current.start, current.end) + 1, current.start) : current.end]
    if len(last_line) < WRAPPED_LINE_CHARS or last_line[-1] in ".!?:;":
        return False
    following = text[line.start : line.end]
    return not (_BULLET.match(following) or _LABEL.match(following))


def _split_prose(text: str, block: Span) -> Iterator[Span]:
    body = text[block.start : block.end]
    begin = 0
    for match in _STOP.finditer(body):
        if _ends_sentence(body, begin, match.start(), match.end()):
            yield trim(text, block.start + begin, block.start + match.end())
            begin = match.end()
    if begin < len(body):
        yield trim(text, block.start + begin, block.end)


def _ends_sentence(body: str, begin: int, dot: int, after: int) -> bool:
    if after >= len(body) or body[after].islower():
        return False
    if body[dot] != ".":
        return True
    before, _, word = body[begin:dot].rpartition(" ")
    bare = word.lower().lstrip("(\"'[")
    if bare in _ABBREVIATIONS or (bare.isdigit() and not before):
        return False
    # "J. Doe" continues, "37.9 C. Pulse" ends.
    return not (len(bare) == 1 and bare.isalpha()) or before[-1:].isdigit()


def trim(text: str, start: int, end: int) -> Span:
    """Strip white space from both ends of ``[start, end)``; blank text becomes empty."""
    while start < end and text[end - 1].isspace():
        end -= 1
    while start < end and text[start].isspace():
        start += 1
    return Span(start, end)
