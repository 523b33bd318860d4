"""Says what a stream of bytes is by looking at its head; the extension only breaks ties between text and tables."""

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from llmops.documents import Format, Reason
from llmops.sources import jsons, xmls
from llmops.sources.encoding import byte_order_mark, wide_encoding
from llmops.sources.errors import Refused
from llmops.sources.lines import split_lines
from llmops.sources.stream import Budget, Stream
from llmops.sources.table import best_delimiter, raw_rows, separator_line

HEAD: Final = 65536


class Shape(StrEnum):
    """How a file is framed."""

    TEXT = "text"
    CSV = "csv"
    ROW_LINES = "row_lines"
    FHIR_LINES = "fhir_lines"
    PHENOPACKET_LINES = "phenopacket_lines"
    JSON_ARRAY = "json_array"
    FHIR = "fhir"
    PHENOPACKET = "phenopacket"
    HL7V2 = "hl7v2"
    CCDA = "ccda"
    VCF = "vcf"
    PARQUET = "parquet"
    GZIP = "gzip"
    ZIP = "zip"


_CONTAINERS: Final = ((b"\x1f\x8b", Shape.GZIP), (b"PK\x03\x04", Shape.ZIP), (b"PK\x05\x06", Shape.ZIP))
_FOREIGN: Final = (
    *(b"%PDF-", b"{\\rtf", b"\xd0\xcf\x11\xe0"),
    *(b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\x00", b"MM\x00*"),
    *(b"BAM\x01", b"CRAM", b"\x7fELF", b"MZ\x90"),
    *(b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"Obj\x01"),
)
_DICOM_AT: Final = 128
_SAM: Final = re.compile(rb"@(?:HD|SQ|RG|PG|CO)\t")
_SAMPLE_SHEET: Final = re.compile(rb"\[(?:Header|Data|BCLConvert_Settings)\]\s*(?:,|$|\n|\r)")
_HL7: Final = re.compile(rb"(?:MSH|FHS|BHS)[^A-Za-z0-9\s]|[A-Z][A-Z0-9]{2}\|\^~\\")
_LEADING: Final = b" \t\r\n\x0b\x0c"
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0e-\x1b]")
_COLUMN: Final = re.compile(r"[A-Za-z_][\w ./()#-]{0,40}")
_LINE_SHAPES: Final = {
    Format.ROW: Shape.ROW_LINES,
    Format.FHIR: Shape.FHIR_LINES,
    Format.PHENOPACKET: Shape.PHENOPACKET_LINES,
}


def sniff(stream: Stream, suffix: str, cap: int) -> Shape:
    """Say what ``stream`` holds.

    Args:
        stream: at its first byte; nothing is taken from it.
        suffix: lower-case extension with its dot; only believed between text, tables and single JSON lines.
        cap: most bytes to look at where a single line decides.

    Raises:
        Refused: nothing in it (``EMPTY``), or nothing we read (``UNKNOWN_FORMAT``).
    """
    head = stream.peek(HEAD)
    for magic, shape in _CONTAINERS:
        if head.startswith(magic):
            return shape
    if head.startswith(b"PAR1"):
        return Shape.PARQUET
    if head.startswith(_FOREIGN) or head[_DICOM_AT : _DICOM_AT + 4] == b"DICM":
        raise Refused(Reason.UNKNOWN_FORMAT)
    head = narrow(head)
    body = head.lstrip(_LEADING)
    if not body and len(head) < HEAD:
        raise Refused(Reason.EMPTY)
    return _text_shape(body, stream, suffix, cap)


def narrow(head: bytes) -> bytes:
    """``head`` without its byte order mark, and as UTF-8 where it is UTF-16 or UTF-32, so that ASCII can be found."""
    wide = wide_encoding(head)
    if wide is not None:
        return head[wide.mark :].decode(wide.name, "replace").encode("utf-8", "replace")
    marked = byte_order_mark(head)
    return head[marked.mark :] if marked is not None else head


def _text_shape(body: bytes, stream: Stream, suffix: str, cap: int) -> Shape:
    if body.startswith(b"##fileformat=VCF"):
        return Shape.VCF
    if _HL7.match(body):
        return Shape.HL7V2
    if _SAM.match(body) or _SAMPLE_SHEET.match(body) or len(_CONTROL.findall(body)) * 50 > len(body) or b"\x00" in body:
        raise Refused(Reason.UNKNOWN_FORMAT)
    if body.startswith(b"<") and xmls.looks_like_xml(body):
        return _believed(Shape.CCDA, xmls.is_ccda(body))
    if body.startswith(b"{"):
        return json_shape(stream, suffix, cap)
    if body.startswith(b"[") and re.match(rb"\[\s*[{\]]", body):
        return Shape.JSON_ARRAY
    return Shape.CSV if _looks_like_table(body[separator_line(body) :], suffix) else Shape.TEXT


def _believed(shape: Shape, believed: bool) -> Shape:  # noqa: FBT001 - reads as a sentence at its one call
    if not believed:
        raise Refused(Reason.UNKNOWN_FORMAT)
    return shape


def json_shape(stream: Stream, suffix: str, cap: int) -> Shape:
    """Tell one JSON document from one object a line, and what they are.

    Raises:
        Refused: an object that is neither FHIR nor phenopacket nor a row (``UNKNOWN_FORMAT``).
    """
    first, following = _first_line(stream, cap)
    lines = [line for line in (first, *following[:-1].splitlines()) if line.startswith(b"{")]
    parsed = [item for item in map(jsons.json_object, lines[:8]) if item is not None]
    # Of a pretty-printed document no line but "{}" is an object by itself.
    if following.lstrip(_LEADING).startswith(b"{") and any(parsed):
        return _LINE_SHAPES[jsons.format_of(frozenset().union(*parsed)) or Format.ROW]
    if suffix in (".jsonl", ".ndjson") and following.lstrip(_LEADING)[:1] in (b"", b"{"):
        return _LINE_SHAPES[jsons.format_of(jsons.top_keys(first)) or Format.ROW]
    return _document_shape(stream, cap)


def _first_line(stream: Stream, cap: int) -> tuple[bytes, bytes]:
    """The first line that is not blank, and what of the head follows it; a long line is looked at up to ``cap``."""
    size = HEAD
    while True:
        head = narrow(stream.peek(size)).lstrip(_LEADING)
        first, found, following = head.partition(b"\n")
        if found or len(head) < size - 64 or size >= cap:
            return first.rstrip(), following
        size *= 4


def _document_shape(stream: Stream, cap: int) -> Shape:
    kind = jsons.format_of(jsons.top_keys(narrow(stream.peek(HEAD))))
    if kind is None:  # the telling names may stand behind a long list
        kind = jsons.format_of(frozenset(jsons.json_object(narrow(stream.peek(cap))) or ()))
    if kind is None:
        raise Refused(Reason.UNKNOWN_FORMAT)
    return Shape.FHIR if kind is Format.FHIR else Shape.PHENOPACKET


def _looks_like_table(body: bytes, suffix: str) -> bool:
    """Whether the first rows have a header of short names and agree in their number of cells.

    Prose with commas does not: without a table's extension three columns and three rows that all agree are asked for.
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
    """The rows in ``body`` with quoted cells emptied; the last may be cut off by the head and is left out."""
    stream = Stream(_once(body), budget=Budget(len(body)))
    rows = raw_rows(split_lines(stream, len(body)), delimiter.encode(), len(body))
    found = [re.sub(rb'"[^"]*"', b"", row.data) for row in rows if row.data is not None]
    return found[:-1] if len(body) > HEAD // 2 else found


def _once(body: bytes) -> Callable[[int], bytes]:
    parts = iter((body,))
    return lambda _: next(parts, b"")
