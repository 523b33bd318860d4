"""Read one unit: open the file and archives, frame records, and account for everything in it."""

import gzip
import hashlib
import hmac
import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import PurePosixPath
from typing import IO, Final, cast

from llmops.documents import Locator, Reason, SourceRecord, StageName, Withheld
from llmops.sources import framers as framing
from llmops.sources.archive import Archive, Member
from llmops.sources.config import FilesConfig
from llmops.sources.errors import Unreadable
from llmops.sources.framed import Broken, Framed
from llmops.sources.input_unit import InputUnit
from llmops.sources.open_file import limited, open_plain
from llmops.sources.spec import ROW, Formats, Layout, Shape
from llmops.sources.stream import Budget, Stream
from llmops.sources.table import header_row

_ID_HEX: Final = 20
_HOLDS_ROWS: Final = (Layout.ARRAY, Layout.GZIP, Layout.ZIP)
_WHOLE: Final = -1  # negative ordinals denote a file, range or member, never a record


class UnitSource:
    """A `llmops.stage.Source` over one unit: every record is yielded once, readable or withheld.

    An unreadable record does not stop the others. If a stream breaks off, the records before the break are yielded and
    one `Withheld` accounts for the rest.

    Args:
        unit: from `llmops.sources.plan_units`.
        config: the caps and the format.
        key: secret from which record ids are derived; makes them safe outside the raw zone.
        formats: supported formats.
    """

    def __init__(self, unit: InputUnit, config: FilesConfig, key: bytes, formats: Formats) -> None:
        self._unit = unit
        self._config = config
        self._key = key
        self._formats = formats

    def records(self) -> Iterator[SourceRecord | Withheld]:
        """Yield the records of the unit in file order; never raises for file content."""
        try:
            if self._unit.refused is not None:
                raise Unreadable(self._unit.refused)
            with open_plain(self._unit.path) as file:
                yield from self._file(file)
        except Unreadable as refused:
            yield self._whole("", refused.reason)

    def _file(self, file: IO[bytes]) -> Iterator[SourceRecord | Withheld]:
        suffix = _suffix(self._unit.relative)
        shape = framing.shape_of(self._stream(limited(file, 0, -1)), suffix, self._config, self._formats)
        if self._unit.by_rows and shape.layout is not Layout.PARQUET:
            yield from self._numbered()
        elif shape.layout is Layout.ZIP:
            yield from self._members(Archive(file, self._config))
        elif shape.layout is Layout.GZIP:
            yield from self._content(self._unzipped(file), suffix)
        elif shape.layout is Layout.PARQUET:
            yield from self._answers(framing.parquet_rows(file, self._config, self._unit), shape)
        else:
            header = self._header(file, shape) if shape.layout is Layout.CSV and self._unit.start else None
            stream = self._stream(limited(file, self._unit.start, self._unit.stop), self._unit.start)
            framed = framing.frames(stream, shape, self._config, self._unit, self._formats, header)
            yield from self._answers(framed, shape)

    def _numbered(self) -> Iterator[SourceRecord | Withheld]:
        """Yield the records of a number range, from a file readable only from its first byte."""
        unit = self._unit
        whole = UnitSource(replace(unit, start=0, stop=-1, by_rows=False), self._config, self._key, self._formats)
        return islice(whole.records(), unit.start, unit.stop if unit.stop >= 0 else None)

    def _header(self, file: IO[bytes], shape: Shape) -> bytes:
        """Return the header row of a CSV of which the unit reads a later range."""
        start = framing.unmarked(self._stream(limited(file, 0, -1)), shape)
        return header_row(start, self._config.delimiter, self._config.max_record_bytes)

    def _members(self, archive: Archive) -> Iterator[SourceRecord | Withheld]:
        empty = True
        for member in archive.members():
            empty = False
            if member.reason is not None:
                yield self._whole(member.key, member.reason)
                continue
            try:
                stream = archive.open(member)
            except Unreadable as refused:
                yield self._whole(member.key, refused.reason)
                continue
            yield from self._content(stream, _suffix(member.name), member)
        if empty:
            raise Unreadable(Reason.EMPTY)

    def _content(self, stream: Stream, suffix: str, member: Member | None = None) -> Iterator[SourceRecord | Withheld]:
        """Yield the content of a gzip file or zip member; a gzip inside a zip is opened, nothing deeper."""
        try:
            shape = framing.shape_of(stream, suffix, self._config, self._formats)
            if shape.layout is Layout.GZIP and member is not None:
                stream = self._unzipped(cast("IO[bytes]", _Readable(stream)))
                shape = framing.shape_of(stream, suffix, self._config, self._formats)
            if shape.layout in (Layout.GZIP, Layout.ZIP):
                raise Unreadable(Reason.BAD_ARCHIVE)
        except Unreadable as refused:
            yield self._whole(member.key if member else "", refused.reason)
            return
        yield from self._answers(framing.frames(stream, shape, self._config, self._unit, self._formats), shape, member)

    def _answers(
        self, framed: Iterator[Framed], shape: Shape, member: Member | None = None
    ) -> Iterator[SourceRecord | Withheld]:
        key, empty = member.key if member else "", True
        try:
            for item in framed:
                yield self._answer(item, shape, member)
                empty = False
            if empty and not self._unit.start:
                raise Unreadable(Reason.EMPTY)
        except Unreadable as refused:
            yield self._whole(key, refused.reason)

    def _answer(self, item: Framed, shape: Shape, member: Member | None) -> SourceRecord | Withheld:
        key = member.key if member else ""
        if isinstance(item, Broken):
            return self._withheld(key, item)
        name = item.format or (shape.format.name if shape.format is not None else "")
        return SourceRecord(
            record_id=self._id("content", name, item.payload),
            format=name,
            payload=item.payload,
            locator=replace(self._place(member.name if member else ""), start=item.start, end=item.end, rows=item.rows),
            encoding=item.encoding.name,
            encoding_from=item.encoding.known_from,
        )

    def _stream(self, read: Callable[[int], bytes], origin: int = 0) -> Stream:
        return Stream(read, budget=Budget(self._config.max_file_bytes), origin=origin)

    def _unzipped(self, file: IO[bytes]) -> Stream:
        file.seek(0)
        unzipped = gzip.GzipFile(fileobj=file, mode="rb")
        budget = Budget(self._config.max_file_bytes)
        return Stream(unzipped.read, budget=budget, consumed=file.tell, max_ratio=self._config.max_ratio)

    def _withheld(self, member: str, broken: Broken) -> Withheld:
        """Return the `Withheld` of an unframed record; its id derives from its place only if no bytes are known."""
        if broken.data:
            record_id = self._id("content", "", broken.data)
        else:
            parts = (str(self._unit.root), self._unit.relative, member, str(broken.ordinal))
            record_id = self._id("place", "", "\0".join(parts).encode("utf-8", "surrogatepass"))
        place = self._place(member)
        if broken.ordinal >= 0:
            place = replace(place, start=broken.ordinal, end=broken.ordinal + 1, rows=broken.rows)
        return Withheld(record_id=record_id, stage=StageName.READ, reason=broken.reason, place=place)

    def _place(self, member: str) -> Locator:
        """Return the locator of the file or member, or of the unit's range."""
        unit = self._unit
        end, rows = max(0, unit.stop), unit.by_rows
        return Locator(container=unit.relative, root=unit.root, member=member, start=unit.start, end=end, rows=rows)

    def _whole(self, member: str, reason: Reason) -> Withheld:
        """Return the `Withheld` of the (rest of the) file, range or member."""
        return self._withheld(member, Broken(ordinal=_WHOLE - self._unit.start, reason=reason))

    def _id(self, kind: str, format_: str, data: bytes) -> str:
        message = f"{kind}\0{format_}\0".encode() + data
        return "r" + hmac.new(self._key, message, hashlib.sha256).hexdigest()[:_ID_HEX]


def first_row(unit: InputUnit, config: FilesConfig, formats: Formats) -> SourceRecord | None:
    """Return the first row of a table, or of a table first in an archive; None if absent or unreadable. PHI.

    Args:
        unit: the file, or a range of it.
        config: the caps and the format.
        formats: supported formats.
    """
    try:
        with open_plain(unit.path) as file:
            stream = Stream(limited(file, 0, -1), budget=Budget(config.max_file_bytes))
            shape = framing.shape_of(stream, _suffix(unit.relative), config, formats)
    except Unreadable:
        return None
    is_table = shape.format is not None and shape.format.name == ROW
    if not is_table and shape.layout not in _HOLDS_ROWS:
        return None
    whole = UnitSource(replace(unit, start=0, stop=-1, by_rows=False), config, b"", formats)
    first = next((one for one in whole.records() if isinstance(one, SourceRecord)), None)
    return first if first is not None and first.format == ROW else None


class _Readable(io.RawIOBase):
    """Wraps a zip member's stream as the file object that gzip requires."""

    def __init__(self, stream: Stream) -> None:
        super().__init__()
        self._stream = stream
        self._given = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._given += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        return offset if not whence else self._given

    def tell(self) -> int:
        return self._given


def _suffix(name: str) -> str:
    path = PurePosixPath(name.lower())
    return path.with_suffix("").suffix if path.suffix in (".gz", ".bgz") else path.suffix
