"""Cut an opened stream into records, according to its shape."""

import codecs
import io
from collections.abc import Iterator
from typing import IO

from llmops.documents import Reason
from llmops.sources import jsons, parquet, table
from llmops.sources.config import FilesConfig
from llmops.sources.encoding import Encoding, byte_order_mark, text_encoding, utf8_only, wide_encoding
from llmops.sources.errors import Unreadable
from llmops.sources.framed import Frame, Framed
from llmops.sources.input_unit import InputUnit
from llmops.sources.sniff import HEAD, container_of, json_shape, shape_in, sniff
from llmops.sources.spec import ROW, TABLE_LAYOUTS, Formats, Layout, Shape, SourceFormat, named, narrow
from llmops.sources.stream import Budget, Stream


def shape_of(stream: Stream, suffix: str, config: FilesConfig, formats: Formats) -> Shape:
    """Determine the shape of the stream: by content, or as the recipe says; archives are detected either way.

    Raises:
        Refused: empty, or no supported format.
    """
    head = stream.peek(HEAD)
    if config.format == "auto" or container_of(head) is not None:
        return sniff(stream, suffix, config.max_record_bytes, formats)
    if not head.strip():
        raise Unreadable(Reason.EMPTY)
    if config.format in TABLE_LAYOUTS:
        return Shape(Layout(config.format), named(formats, ROW))
    chosen = named(formats, config.format)
    return shape_in(chosen) if chosen.keys is None else _json_shape_of(chosen, stream, suffix, config, formats)


def _json_shape_of(chosen: SourceFormat, stream: Stream, suffix: str, config: FilesConfig, formats: Formats) -> Shape:
    """Return the shape of a recipe's JSON format; only detects whether it is one document or one per line."""
    if narrow(stream.peek(HEAD)).lstrip().startswith(b"["):
        return Shape(Layout.ARRAY)
    try:
        layout = json_shape(stream, suffix, config.max_record_bytes, formats).layout
    except Unreadable:
        layout = Layout.WHOLE
    return Shape(Layout.LINES, chosen) if layout is Layout.LINES else shape_in(chosen)


def frames(
    stream: Stream, shape: Shape, config: FilesConfig, unit: InputUnit, formats: Formats, header: bytes | None = None
) -> Iterator[Framed]:
    """Yield every record of a stream.

    Args:
        stream: at its first byte, or at the start of the unit's range.
        shape: its shape; no container.
        config: the caps.
        unit: the range, if only part of a file is read.
        formats: possible formats of array elements.
        header: the header row of a CSV, for a later range.

    Raises:
        Refused: the data after the records yielded so far cannot be read.
    """
    cap = config.max_record_bytes
    match shape.layout:
        case Layout.PARQUET:
            yield from parquet_rows(io.BytesIO(stream.whole(cap)), config, unit)
        case Layout.LINES:
            yield from jsons.lines(unmarked(stream, shape), cap, rows=shape.format is named(formats, ROW))
        case Layout.ARRAY:
            yield from jsons.array(unmarked(stream, shape), cap, formats)
        case Layout.CSV:
            lines = unmarked(stream, shape)
            yield from table.rows(
                lines, delimiter=config.delimiter, cap=cap, most=config.max_columns, header=header, first=unit.first
            )
        case _ if shape.format is not None and shape.format.frame is not None:
            yield from shape.format.frame(unmarked(stream, shape), cap)
        case _:
            yield _document(stream, cap, is_json=shape.is_json)


def parquet_rows(file: IO[bytes], config: FilesConfig, unit: InputUnit) -> Iterator[Framed]:
    """Yield the rows of the unit's range of a Parquet file."""
    start, stop = (unit.start, unit.stop) if unit.by_rows else (0, -1)
    limit, cap = config.max_file_bytes, config.max_record_bytes
    yield from parquet.rows(file, start=start, stop=stop, max_file_bytes=limit, cap=cap, most=config.max_columns)


def is_wide(stream: Stream) -> bool:
    """Say whether the stream is UTF-16 or UTF-32, whose lines cannot be found bytewise."""
    return wide_encoding(stream.peek(HEAD)) is not None


def _document(stream: Stream, cap: int, *, is_json: bool) -> Frame:
    """Return the whole stream as one record, without its byte order mark."""
    payload = stream.whole(cap)
    if is_json:
        utf8_only(payload)
        payload = jsons.whole_characters(payload)
    encoding = text_encoding(payload)
    body = payload[encoding.mark :]
    start = stream.origin + encoding.mark
    return Frame(ordinal=0, payload=body, start=start, end=start + len(body), encoding=encoding)


def unmarked(stream: Stream, shape: Shape) -> Stream:
    """Return the stream after its byte order mark, recoded to UTF-8 if its lines could not be separated otherwise.

    For a table, also skip the line in which Excel names its delimiter. Positions in a recoded stream count recoded
    bytes.
    """
    head = stream.peek(HEAD)
    wide = wide_encoding(head)
    if wide is not None and shape.is_json:
        raise Unreadable(Reason.WRONG_ENCODING)  # RFC 8259, section 8.1
    marked = wide or byte_order_mark(head)
    first = stream.origin == 0
    _pass_over(stream, marked.mark if marked else 0)
    if wide is not None:
        stream = _recoded(stream, wide)
    if shape.layout is Layout.CSV and first:
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
        raise Unreadable(Reason.WRONG_ENCODING) from None
