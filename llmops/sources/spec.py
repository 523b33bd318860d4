"""Define what the file source requires of a format: detection by file head, and framing into records."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final, Protocol, TypeAlias

from llmops.sources.encoding import byte_order_mark, wide_encoding
from llmops.sources.framed import Framed
from llmops.sources.stream import Stream

ROW: Final = "row"
"""Name of the format of table rows and of JSON objects no other format claims."""
TEXT: Final = "text"
"""Name of the format of text no other format claims."""
LEADING: Final = b" \t\r\n\x0b\x0c"
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0e-\x1b]")


class Head:
    """The first bytes of a file or member. PHI.

    Args:
        raw: unchanged bytes.
    """

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    @cached_property
    def body(self) -> bytes:
        """The bytes after byte order mark and leading blanks, as UTF-8 if they are UTF-16 or UTF-32."""
        return narrow(self.raw).lstrip(LEADING)

    @cached_property
    def is_binary(self) -> bool:
        """Whether the bytes are no text in any ASCII-compatible encoding."""
        return len(_CONTROL.findall(self.body)) * 50 > len(self.body) or b"\x00" in self.body


Framer: TypeAlias = Callable[[Stream, int], Iterator[Framed]]
"""Cuts a stream positioned after its byte order mark into records of at most the given bytes.

Raises:
    Refused: the data after the records yielded so far cannot be read.
"""


class SourceFormat(Protocol):
    """The part of `llmops.formats.FormatSpec` that the file source uses."""

    @property
    def name(self) -> str:
        """Name in recipes, provenance and audit events."""
        ...

    @property
    def sniff(self) -> Callable[[Head], bool] | None:
        """Says whether a file with this head is of the format; None for JSON, rows and text."""
        ...

    @property
    def keys(self) -> Callable[[frozenset[str]], bool] | None:
        """Says whether a JSON object with these keys is a record of the format; None for non-JSON formats."""
        ...

    @property
    def frame(self) -> Framer | None:
        """Cuts a file into records; None if a whole file, or one JSON object, is one record."""
        ...

    @property
    def one_record(self) -> bool:
        """Whether a file holds one record, and so is never read in parts."""
        ...


Formats: TypeAlias = Sequence[SourceFormat]
"""The supported formats, in detection order."""


class Layout(StrEnum):
    """How records are arranged in a file."""

    OWN = "own"
    """According to the format's own framer."""
    WHOLE = "whole"
    """The file is one record."""
    CSV = "csv"
    LINES = "jsonl"
    """One JSON object per line."""
    ARRAY = "array"
    """One JSON array, each element a record of the format that claims it."""
    PARQUET = "parquet"
    GZIP = "gzip"
    ZIP = "zip"


TABLE_LAYOUTS: Final = (Layout.CSV, Layout.LINES, Layout.PARQUET)
"""Layouts a recipe may name in place of a format: their records are rows."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How to read a file: the layout of its records, and their format.

    Args:
        format: None for containers and arrays, which may hold several.
    """

    layout: Layout
    format: SourceFormat | None = None

    @property
    def is_json(self) -> bool:
        """Whether the file is JSON, which is UTF-8 (RFC 8259, section 8.1)."""
        is_object = self.layout is Layout.WHOLE and self.format is not None and self.format.keys is not None
        return is_object or self.layout in (Layout.LINES, Layout.ARRAY)


def named(formats: Formats, name: str) -> SourceFormat:
    """Return the format of a name; `formats` always contain ``ROW`` and ``TEXT``."""
    return next(one for one in formats if one.name == name)


def of_keys(formats: Formats, keys: frozenset[str]) -> SourceFormat | None:
    """Return the format of a JSON object with these keys, or None if it is only a row."""
    return next((one for one in formats if one.keys is not None and one.keys(keys)), None)


def narrow(head: bytes) -> bytes:
    """Return ``head`` without its byte order mark, and UTF-16 or UTF-32 as UTF-8, so that ASCII can be found."""
    wide = wide_encoding(head)
    if wide is not None:
        return head[wide.mark :].decode(wide.name, "replace").encode("utf-8", "replace")
    marked = byte_order_mark(head)
    return head[marked.mark :] if marked is not None else head
