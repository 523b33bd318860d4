"""Define a framer's output: a record's bytes with their place, or the reason there are none."""

from dataclasses import dataclass, field
from typing import TypeAlias

from llmops.documents import Reason
from llmops.sources.encoding import UTF8, Encoding


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The bytes of one record. PHI.

    Args:
        ordinal: number of the record within its file or member; independent of how the file is split.
        start, end: bytes (rows for tables) in the file or member.
        rows: whether ``start`` and ``end`` count rows.
        format: name of its format, if other than the file's.
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
    """A record that cannot be framed, with the reason; ``data`` are its bytes, as far as known. PHI.

    Args:
        ordinal: as in `Frame`; negative for the whole file, range or member.
        rows: whether the ordinal counts rows.
    """

    ordinal: int
    reason: Reason
    data: bytes = field(default=b"", repr=False)
    rows: bool = False


Framed: TypeAlias = Frame | Broken
