"""Detect the format of a byte stream from its head; the extension only breaks ties between text and tables."""

import re
from collections.abc import Callable
from typing import Final

from llmops.documents import Reason
from llmops.sources import jsons, xmls
from llmops.sources.errors import Unreadable
from llmops.sources.lines import split_lines
from llmops.sources.spec import LEADING, ROW, TEXT, Formats, Head, Layout, Shape, SourceFormat, named, narrow, of_keys
from llmops.sources.stream import Budget, Stream
from llmops.sources.table import best_delimiter, raw_rows, separator_line

HEAD: Final = 65536


_CONTAINERS: Final = ((b"\x1f\x8b", Layout.GZIP), (b"PK\x03\x04", Layout.ZIP), (b"PK\x05\x06", Layout.ZIP))
_FOREIGN: Final = (
    *(b"%PDF-", b"{\\rtf", b"\xd0\xcf\x11\xe0"),
    *(b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\x00", b"MM\x00*"),
    *(b"BAM\x01", b"CRAM", b"\x7fELF", b"MZ\x90"),
    *(b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"Obj\x01"),
)
_DICOM_AT: Final = 128
_SAM: Final = re.compile(rb"@(?:HD|SQ|RG|PG|CO)\t")
_SAMPLE_SHEET: Final = re.compile(rb"\[(?:Header|Data|BCLConvert_Settings)\]\s*(?:,|$|\n|\r)")
_COLUMN: Final = re.compile(r"[A-Za-z_][\w ./()#-]{0,40}")


def sniff(stream: Stream, suffix: str, cap: int, formats: Formats) -> Shape:
    """Detect what ``stream`` holds.

    Args:
        stream: at its first byte; nothing is consumed.
        suffix: lower-case extension with its dot; only used between text, tables and single JSON lines.
        cap: maximum bytes to inspect if a single line decides.
        formats: possible formats.

    Raises:
        Refused: empty (``EMPTY``), or no supported format (``UNKNOWN_FORMAT``).
    """
    raw = stream.peek(HEAD)
    container = container_of(raw)
    if container is not None:
        return Shape(container)
    if raw.startswith(b"PAR1"):
        return Shape(Layout.PARQUET, named(formats, ROW))
    head = Head(raw)
    for one in formats:
        if one.sniff is not None and one.sniff(head):
            return shape_in(one)
    if raw.startswith(_FOREIGN) or raw[_DICOM_AT : _DICOM_AT + 4] == b"DICM":
        raise Unreadable(Reason.UNKNOWN_FORMAT)
    if not head.body and len(narrow(raw)) < HEAD:
        raise Unreadable(Reason.EMPTY)
    return _text_shape(head, stream, suffix, cap, formats)


def container_of(raw: bytes) -> Layout | None:
    """Return the container type of a file beginning with these bytes."""
    return next((layout for magic, layout in _CONTAINERS if raw.startswith(magic)), None)


def shape_in(one: SourceFormat) -> Shape:
    """Return the shape of a file that holds one format and is no JSON lines or table."""
    return Shape(Layout.OWN if one.frame is not None else Layout.WHOLE, one)


def _text_shape(head: Head, stream: Stream, suffix: str, cap: int, formats: Formats) -> Shape:
    body = head.body
    if _SAM.match(body) or _SAMPLE_SHEET.match(body) or head.is_binary:
        raise Unreadable(Reason.UNKNOWN_FORMAT)
    if body.startswith(b"<") and xmls.looks_like_xml(body):
        raise Unreadable(Reason.UNKNOWN_FORMAT)
    if body.startswith(b"{"):
        return json_shape(stream, suffix, cap, formats)
    if body.startswith(b"[") and re.match(rb"\[\s*[{\]]", body):
        return Shape(Layout.ARRAY)
    if _looks_like_table(body[separator_line(body) :], suffix):
        return Shape(Layout.CSV, named(formats, ROW))
    return Shape(Layout.WHOLE, named(formats, TEXT))


def json_shape(stream: Stream, suffix: str, cap: int, formats: Formats) -> Shape:
    """Distinguish one JSON document from one object per line, and detect their format.

    Raises:
        Refused: an object that no format claims and that is no row (``UNKNOWN_FORMAT``).
    """
    first, following = _first_line(stream, cap)
    lines = [line for line in (first, *following[:-1].splitlines()) if line.startswith(b"{")]
    parsed = [item for item in map(jsons.json_object, lines[:8]) if item is not None]
    # In a pretty-printed document no line but "{}" is an object by itself.
    if following.lstrip(LEADING).startswith(b"{") and any(parsed):
        return _lines_of(frozenset().union(*parsed), formats)
    if suffix in (".jsonl", ".ndjson") and following.lstrip(LEADING)[:1] in (b"", b"{"):
        return _lines_of(jsons.top_keys(first), formats)
    return _document_shape(stream, cap, formats)


def _lines_of(keys: frozenset[str], formats: Formats) -> Shape:
    return Shape(Layout.LINES, of_keys(formats, keys) or named(formats, ROW))


def _first_line(stream: Stream, cap: int) -> tuple[bytes, bytes]:
    """Return the first non-blank line and the rest of the head; a long line is read up to ``cap``."""
    size = HEAD
    while True:
        head = narrow(stream.peek(size)).lstrip(LEADING)
        first, found, following = head.partition(b"\n")
        if found or len(head) < size - 64 or size >= cap:
            return first.rstrip(), following
        size *= 4


def _document_shape(stream: Stream, cap: int, formats: Formats) -> Shape:
    kind = of_keys(formats, jsons.top_keys(narrow(stream.peek(HEAD))))
    if kind is None:  # the identifying keys may follow a long list
        kind = of_keys(formats, frozenset(jsons.json_object(narrow(stream.peek(cap))) or ()))
    if kind is None:
        raise Unreadable(Reason.UNKNOWN_FORMAT)
    return shape_in(kind)


def _looks_like_table(body: bytes, suffix: str) -> bool:
    """Say whether the first rows have a header of short names and equal numbers of cells.

    Prose with commas does not: without a table extension, at least three columns and three consistent rows are
    required.
    """
    if not body.strip():
        return False
    delimiter = best_delimiter(body)
    cells = [row.count(delimiter.encode()) + 1 for row in _complete_rows(body, delimiter)[:50]]
    named = suffix in (".csv", ".tsv", ".tab", ".psv")
    header = body.splitlines()[0].decode("utf-8", "replace").split(delimiter)
    names = [name.strip().strip('"') for name in header]
    if not all(_COLUMN.fullmatch(name) for name in names):
        return named and len(names) > 1
    if named:
        return True
    return len(cells) > 2 and len(names) > 2 and len(set(names)) == len(names) and len(set(cells)) == 1


def _complete_rows(body: bytes, delimiter: str) -> list[bytes]:
    """Return the rows in ``body`` with quoted cells emptied, without the last, which the head may truncate."""
    stream = Stream(_once(body), budget=Budget(len(body)))
    rows = raw_rows(split_lines(stream, len(body)), delimiter.encode(), len(body))
    found = [re.sub(rb'"[^"]*"', b"", row.data) for row in rows if row.data is not None]
    return found[:-1] if len(body) > HEAD // 2 else found


def _once(body: bytes) -> Callable[[int], bytes]:
    parts = iter((body,))
    return lambda _: next(parts, b"")
