"""Cuts an opened stream into records, each shape in its own way."""

import codecs
import io
from collections.abc import Iterator
from typing import IO, Final

from llmops.documents import Format, Reason
from llmops.sources import hl7, jsons, parquet, table, vcf
from llmops.sources.config import FilesConfig
from llmops.sources.encoding import Encoding, byte_order_mark, text_encoding, utf8_only, wide_encoding
from llmops.sources.errors import Refused
from llmops.sources.framed import Frame, Framed
from llmops.sources.sniff import HEAD, Shape, json_shape, narrow, sniff
from llmops.sources.stream import Budget, Stream
from llmops.sources.unit import Unit

_FORCED: Final = {
    "text": Shape.TEXT,
    "csv": Shape.CSV,
    "jsonl": Shape.ROW_LINES,
    "parquet": Shape.PARQUET,
    "hl7v2": Shape.HL7V2,
    "ccda": Shape.CCDA,
    "vcf": Shape.VCF,
}
_LINES: Final = {
    Shape.ROW_LINES: Format.ROW,
    Shape.FHIR_LINES: Format.FHIR,
    Shape.PHENOPACKET_LINES: Format.PHENOPACKET,
}
_DOCUMENTS: Final = {
    Shape.TEXT: Format.TEXT,
    Shape.CCDA: Format.CCDA,
    Shape.FHIR: Format.FHIR,
    Shape.PHENOPACKET: Format.PHENOPACKET,
}
_JSON: Final = frozenset({*_LINES, Shape.FHIR, Shape.PHENOPACKET, Shape.JSON_ARRAY})
_CONTAINERS: Final = (b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06")


def shape_of(stream: Stream, suffix: str, config: FilesConfig) -> Shape:
    """What the stream is: by content, or as the recipe says; archives are recognised either way.

    Raises:
        Refused: empty, or nothing we read.
    """
    head = stream.peek(HEAD)
    if config.format == "auto" or head.startswith(_CONTAINERS):
        return sniff(stream, suffix, config.max_record_bytes)
    if not head.strip():
        raise Refused(Reason.EMPTY)
    if config.format in _FORCED:
        return _FORCED[config.format]
    return _forced_json(stream, suffix, config)


def _forced_json(stream: Stream, suffix: str, config: FilesConfig) -> Shape:
    """FHIR or phenopacket by order of the recipe; only one document or one a line is found out."""
    fhir = config.format == "fhir"
    if narrow(stream.peek(HEAD)).lstrip().startswith(b"["):
        return Shape.JSON_ARRAY
    try:
        several = json_shape(stream, suffix, config.max_record_bytes) in _LINES
    except Refused:
        several = False
    if several:
        return Shape.FHIR_LINES if fhir else Shape.PHENOPACKET_LINES
    return Shape.FHIR if fhir else Shape.PHENOPACKET


def frames(
    stream: Stream, shape: Shape, config: FilesConfig, unit: Unit, header: bytes | None = None
) -> Iterator[Framed]:
    """Yield every record of a stream.

    Args:
        stream: at its first byte, or at the start of the unit's range.
        shape: what it is; no container.
        config: the caps.
        unit: the range, where only part of a file is read.
        header: the header row of a CSV, for a range behind it.

    Raises:
        Refused: what follows the records yielded so far cannot be read.
    """
    cap = config.max_record_bytes
    if shape is Shape.PARQUET:
        yield from parquet_rows(io.BytesIO(stream.whole(cap)), config, unit)
    elif shape in _DOCUMENTS:
        yield _document(stream, _DOCUMENTS[shape], cap)
    elif shape in _JSON:
        yield from _json_records(unmarked(stream, shape), shape, cap)
    elif shape is Shape.HL7V2:
        yield from hl7.messages(unmarked(stream, shape), cap)
    elif shape is Shape.VCF:
        yield vcf.record(unmarked(stream, shape), cap)
    else:
        lines = unmarked(stream, shape)
        yield from table.rows(
            lines, delimiter=config.delimiter, cap=cap, most=config.max_columns, header=header, first=unit.first
        )


def parquet_rows(file: IO[bytes], config: FilesConfig, unit: Unit) -> Iterator[Framed]:
    """Yield the rows of the unit's range of a Parquet file."""
    start, stop = (unit.start, unit.stop) if unit.by_rows else (0, -1)
    limit, cap = config.max_file_bytes, config.max_record_bytes
    yield from parquet.rows(file, start=start, stop=stop, max_file_bytes=limit, cap=cap, most=config.max_columns)


def is_wide(stream: Stream) -> bool:
    """Whether the stream is UTF-16 or UTF-32, whose lines cannot be found by their bytes."""
    return wide_encoding(stream.peek(HEAD)) is not None


def _json_records(stream: Stream, shape: Shape, cap: int) -> Iterator[Framed]:
    return jsons.array(stream, cap) if shape is Shape.JSON_ARRAY else jsons.lines(stream, _LINES[shape], cap)


def _document(stream: Stream, format_: Format, cap: int) -> Frame:
    """The whole stream as one record, without its byte order mark."""
    payload = stream.whole(cap)
    if format_ in (Format.FHIR, Format.PHENOPACKET):
        utf8_only(payload)
        payload = jsons.whole_characters(payload)
    encoding = text_encoding(payload)
    body = payload[encoding.mark :]
    start = stream.origin + encoding.mark
    return Frame(ordinal=0, format=format_, payload=body, start=start, end=start + len(body), encoding=encoding)


def unmarked(stream: Stream, shape: Shape) -> Stream:
    """The stream behind its byte order mark, recoded to UTF-8 where its lines could not be told apart otherwise.

    Of a table, also behind the line with which Excel names its delimiter.

    Positions in a recoded stream count recoded bytes.
    """
    head = stream.peek(HEAD)
    wide = wide_encoding(head)
    if wide is not None and shape in _JSON:
        raise Refused(Reason.WRONG_ENCODING)  # RFC 8259, section 8.1
    marked = wide or byte_order_mark(head)
    first = stream.origin == 0
    _pass_over(stream, marked.mark if marked else 0)
    if wide is not None:
        stream = _recoded(stream, wide)
    if shape is Shape.CSV and first:
        _pass_over(stream, table.separator_line(stream.peek(HEAD)))
    return stream


def _pass_over(stream: Stream, count: int) -> None:
    stream.read(count)
    stream.origin += count


def _recoded(stream: Stream, encoding: Encoding) -> Stream:
    decoder = codecs.getincrementaldecoder(encoding.name)("strict")

    def read(_: int) -> bytes:
        while chunk := stream.chunk():
            if text := _decoded(decoder, chunk, final=False):
                return text
        return _decoded(decoder, b"", final=True)

    return Stream(read, budget=Budget(2**62))


def _decoded(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool) -> bytes:
    try:
        return decoder.decode(chunk, final).encode("utf-8")
    except UnicodeError:
        raise Refused(Reason.WRONG_ENCODING) from None
