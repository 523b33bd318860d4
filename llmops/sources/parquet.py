"""Frame Parquet: each row a JSON object, read in small batches by row range."""

from collections.abc import Iterator
from datetime import date, datetime, time
from typing import IO, Any, Final

import orjson

from llmops.documents import NOT_TEXT, Reason
from llmops.sources.encoding import text_encoding
from llmops.sources.errors import Unreadable
from llmops.sources.framed import Broken, Frame, Framed

_BATCH_ROWS: Final = 256
_READ_ERRORS: Final = (OSError, ValueError, TypeError, NotImplementedError, MemoryError)


def row_count(file: IO[bytes]) -> int:
    """Return the number of rows according to the footer.

    Raises:
        Refused: the footer is broken or missing.
    """
    return int(_open(file).metadata.num_rows)


def stored_bytes(file: IO[bytes]) -> int:
    """Return the decompressed bytes of all row groups, according to the footer.

    Raises:
        Refused: the footer is broken or missing.
    """
    metadata = _open(file).metadata
    return sum(int(metadata.row_group(group).total_byte_size) for group in range(metadata.num_row_groups))


def rows(file: IO[bytes], *, start: int, stop: int, max_file_bytes: int, cap: int, most: int) -> Iterator[Framed]:
    """Yield rows ``[start, stop)`` as JSON objects; dates become ISO 8601, decimals and other values strings.

    Binary values are decoded like a text file, and become `NOT_TEXT` if they are no text: encoded, they would not be
    searched.

    Args:
        file: seekable, binary.
        start: first row.
        stop: one past the last row; negative for all.
        max_file_bytes: maximum decompressed bytes of one row group, by the footer.
        cap: maximum bytes of one row.
        most: maximum columns.

    Raises:
        Refused: the file, or a row group in the range, cannot be read, or has too many columns.
    """
    table = _open(file)
    if table.metadata.num_columns > most:
        raise Unreadable(Reason.TOO_LARGE)
    stop = table.metadata.num_rows if stop < 0 else stop
    offset = 0
    for group in range(table.metadata.num_row_groups):
        meta = table.metadata.row_group(group)
        below, above = offset, offset + meta.num_rows
        offset = above
        if above <= start or below >= stop:
            continue
        if meta.total_byte_size > max_file_bytes:
            raise Unreadable(Reason.TOO_LARGE)
        for number, row in _group(table, group, below, start, stop):
            yield _row(number, row, cap)


def _open(file: IO[bytes]) -> Any:
    import pyarrow.parquet as pq  # noqa: PLC0415 - slow to import and rarely needed

    try:
        return pq.ParquetFile(file, memory_map=False)
    except _READ_ERRORS:
        raise Unreadable(Reason.TRUNCATED if _footer_missing(file) else Reason.MALFORMED) from None


def _footer_missing(file: IO[bytes]) -> bool:
    size = file.seek(0, 2)
    file.seek(max(0, size - 4))
    return file.read(4) != b"PAR1"


def _group(table: Any, group: int, first: int, start: int, stop: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield rows ``[start, stop)`` of a row group whose first row is ``first``; other rows are never converted."""
    try:
        for batch in table.iter_batches(batch_size=_BATCH_ROWS, row_groups=[group], use_threads=False):
            low, high = max(start - first, 0), min(stop - first, batch.num_rows)
            if low < high:
                yield from enumerate(batch.slice(low, high - low).to_pylist(), start=first + low)
            first += batch.num_rows
            if first >= stop:
                return
    except _READ_ERRORS:  # pyarrow's errors are OSError and ValueError; bad UTF-8 is a ValueError
        raise Unreadable(Reason.MALFORMED) from None


def _row(number: int, row: dict[str, Any], cap: int) -> Framed:
    try:
        payload = orjson.dumps(row, default=_plain, option=orjson.OPT_NON_STR_KEYS)
    except (TypeError, ValueError):
        return Broken(ordinal=number, reason=Reason.BAD_ROW, rows=True)
    if len(payload) > cap:
        return Broken(ordinal=number, reason=Reason.TOO_LARGE, rows=True)
    return Frame(ordinal=number, payload=payload, start=number, end=number + 1, rows=True)


def _plain(value: object) -> str:
    if isinstance(value, bytes):
        try:
            encoding = text_encoding(value)
        except Unreadable:
            return NOT_TEXT
        return value[encoding.mark :].decode(encoding.name)
    return value.isoformat() if isinstance(value, date | datetime | time) else str(value)
