"""Parquet parts: equal rows in equal order give equal bytes, independent of writer and time."""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from llmops.documents import ScoredDocument
from llmops.errors import ReleaseError
from llmops.plain_files import PRIVATE_FILE, open_file
from llmops.release.canonical import digest
from llmops.release.files import read_regular
from llmops.release.schema import INTERNAL, from_batch, to_batch

ROWS_PER_GROUP: Final = 1_000
"""Rows per row group; a reader holds one row group decoded at a time."""

GROUP_WEIGHT: Final = 32 * 2**20
"""Characters of text at which a row group ends early, so that long reports do not fill memory."""

PART_WEIGHT: Final = 256 * 2**20
"""Characters of text at which a part ends early: a reader holds one part's bytes."""

_ZSTD_LEVEL: Final = 3
_SHARD_ROWS: Final = 128
"""Rows per row group of a shard's file."""

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One Parquet file of a release: relative path, SHA-256 (hex), rows and size in bytes."""

    path: str
    sha256: str
    rows: int
    bytes: int


class PartWriter(Generic[Row]):
    """Writes rows to ``<folder>/part-00000.parquet`` and following; row group and part ends depend on the rows alone.

    Args:
        folder: an existing folder; its name becomes the first half of each part's path.
        schema: the columns.
        columns: converts rows to a batch of that schema.
        weigh: returns the characters of text in a row.
        rows_per_part: rows after which a new part begins.
        within: as in `llmops.plain_files.opened_folder`.
    """

    def __init__(
        self,
        folder: Path,
        schema: pa.Schema,
        columns: Callable[[Sequence[Row]], pa.RecordBatch],
        *,
        weigh: Callable[[Row], int] = lambda _: 0,
        rows_per_part: int = 50_000,
        within: Path | None = None,
    ) -> None:
        self._folder = folder
        self._within = within
        self._schema = schema
        self._columns = columns
        self._weigh = weigh
        self._rows_per_part = rows_per_part
        self._parts: list[Part] = []
        self._file: ParquetFile | None = None
        self._pending: list[Row] = []
        self._group_weight = self._part_weight = self._part_rows = 0

    def add(self, row: Row) -> None:
        """Add a row; durable after `close`."""
        weight = self._weigh(row)
        self._pending.append(row)
        self._group_weight += weight
        self._part_weight += weight
        self._part_rows += 1
        if self._part_rows >= self._rows_per_part or self._part_weight >= PART_WEIGHT:
            self._end_part()
        elif len(self._pending) >= ROWS_PER_GROUP or self._group_weight >= GROUP_WEIGHT:
            self._end_group()

    def close(self) -> tuple[Part, ...]:
        """Finish the last part and return all parts; a writer without rows leaves one empty part."""
        if self._part_rows or not self._parts:
            self._end_part()
        return tuple(self._parts)

    def abandon(self) -> None:
        """Close the open file without finishing it; the folder is to be removed."""
        if self._file is not None:
            self._file.abandon()
            self._file = None

    def _path(self) -> Path:
        return self._folder / f"part-{len(self._parts):05d}.parquet"

    def _open(self) -> "ParquetFile":
        if self._file is None:
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
            descriptor = open_file(self._path(), flags, mode=0o444, within=self._within)
            self._file = ParquetFile(descriptor, self._schema)
        return self._file

    def _end_group(self) -> None:
        self._open().write(self._columns(self._pending))
        self._pending.clear()
        self._group_weight = 0

    def _end_part(self) -> None:
        if self._pending:
            self._end_group()
        sha256, size = self._open().close()
        self._file = None
        relative = f"{self._folder.name}/{self._path().name}"
        self._parts.append(Part(path=relative, sha256=sha256, rows=self._part_rows, bytes=size))
        self._part_weight = self._part_rows = 0


class ShardFile:
    """Writes the scored documents of one shard to one file, for the run's use between its two passes.

    The rows keep their duplicate signatures, so the file stays in the raw zone. Use as a context manager; `close`
    returns the file's `Part`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC  # an earlier attempt may have left one
        self._file = ParquetFile(open_file(path, flags, mode=PRIVATE_FILE), INTERNAL)
        self._waiting: list[ScoredDocument] = []
        self._rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.abandon()

    def write(self, documents: Sequence[ScoredDocument]) -> None:
        """Add documents; buffered, since a row group costs as much as 100 rows."""
        self._waiting.extend(documents)
        if len(self._waiting) >= _SHARD_ROWS or sum(len(one.text) for one in self._waiting) >= GROUP_WEIGHT:
            self._write_group()

    def _write_group(self) -> None:
        if self._waiting:
            self._file.write(to_batch(self._waiting, internal=True))
            self._rows += len(self._waiting)
            self._waiting.clear()

    def close(self) -> Part:
        """Finish the file, sync it to disk and return its digest and row count."""
        self._write_group()
        sha256, size = self._file.close()
        return Part(path=self._path.name, sha256=sha256, rows=self._rows, bytes=size)


def read_shard(path: Path, sha256: str) -> Iterator[ScoredDocument]:
    """Yield the documents of a `ShardFile` whose bytes have the given digest.

    Raises:
        ReleaseError: the digest differs, or the rows are not documents.
    """
    data = read_regular(path, "a shard file")
    if digest(data) != sha256:
        raise ReleaseError("a shard file is not the one that was written")
    for batch in read_batches(data, INTERNAL, "a shard file"):
        yield from from_batch(batch)


class ParquetFile:
    """A Parquet file whose bytes depend on rows and schema only: fixed codec and level, no clock.

    Args:
        descriptor: the open, empty file, for reading and writing; `close` closes it.
        schema: the columns.
    """

    def __init__(self, descriptor: int, schema: pa.Schema) -> None:
        self._stream = os.fdopen(descriptor, "w+b")
        self._writer = pq.ParquetWriter(
            self._stream, schema, compression="zstd", compression_level=_ZSTD_LEVEL, version="2.6"
        )

    def write(self, batch: pa.RecordBatch) -> None:
        """Write rows as one row group."""
        self._writer.write_batch(batch, row_group_size=max(1, batch.num_rows))

    def close(self) -> tuple[str, int]:
        """Finish the file, sync it to disk, and return the SHA-256 (hex) and number of its bytes."""
        self._writer.close()
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.seek(0)
        sha256 = hashlib.file_digest(self._stream, "sha256").hexdigest()
        size = self._stream.tell()
        self._stream.close()
        return sha256, size

    def abandon(self) -> None:
        """Close the file without finishing it; safe to call after `close`."""
        with suppress(OSError, ValueError, pa.ArrowException):
            self._writer.close()
        with suppress(OSError):
            self._stream.close()


def read_batches(data: bytes, schema: pa.Schema, what: str) -> Iterator[pa.RecordBatch]:
    """Yield the row groups in the bytes of a Parquet file, at most one decoded at a time.

    Raises:
        ReleaseError: not a Parquet file, or its columns differ from ``schema``.
    """
    with _parquet(data, schema, what) as file:
        for group in range(file.num_row_groups):
            yield from file.read_row_group(group).to_batches()


def read_column(data: bytes, schema: pa.Schema, name: str, what: str) -> pa.Array:
    """Return one column of the bytes of a Parquet file; raises as `read_batches`."""
    with _parquet(data, schema, what) as file:
        return pa.concat_arrays([*file.read(columns=[name])[name].chunks, pa.array([], schema.field(name).type)])


@contextmanager
def _parquet(data: bytes, schema: pa.Schema, what: str) -> Iterator[pq.ParquetFile]:
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        if file.schema_arrow.remove_metadata() != schema:
            raise ReleaseError(f"{what} does not hold the columns it should")
        yield file
    except (pa.ArrowException, OSError):
        raise ReleaseError(f"{what} is not a readable Parquet file") from None
