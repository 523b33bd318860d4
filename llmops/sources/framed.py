"""What a framer answers: a record's bytes with their place, or why there are none."""

from dataclasses import dataclass, field
from typing import TypeAlias

from llmops.documents import Reason
from llmops.sources.encoding import UTF8, Encoding


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The bytes of one record. PHI.

    Args:
        ordinal: what tells this record from the others of its file or member; the same however the file is split.
        start, end: bytes (rows for tables) in the file or member.
        rows: whether they count rows.
        format: name of its format, where it is not that of the file.
    """

    ordinal: int
    payload: bytes = field(repr=False)
    start: int
    end: int
    encoding: Encoding = UTF8
    rows: bool = False
    format: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A record that cannot be framed and why; ``data`` are its bytes, as far as they are known. PHI.

    Args:
        ordinal: as of a `Frame`; below zero, the whole file, range or member.
        rows: whether the ordinal counts rows.
    """

    ordinal: int
    reason: Reason
    data: bytes = field(default=b"", repr=False)
    rows: bool = False


Framed: TypeAlias = Frame | Broken
