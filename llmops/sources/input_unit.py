"""Define the unit of input of one reader."""

from dataclasses import dataclass, field
from pathlib import Path

from llmops.documents import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class InputUnit:
    """The input of one reader: a file or a range of one. Picklable; the names are PHI.

    Args:
        path: path of the file.
        relative: path relative to its root (the name, if the root is a file).
        root: ordinal of the root, to distinguish equal names in two roots.
        start, stop: the range, bytes or records; ``stop`` -1 means the end.
        by_rows: whether the range counts records.
        first: number of the first row in the range of a CSV file.
        size: approximate bytes to read.
        records: approximate number of records; 1 for an uninspected file.
        refused: why the file must not be opened, or None.
    """

    path: Path = field(repr=False)
    relative: str = field(repr=False)
    root: int = 0
    start: int = 0
    stop: int = -1
    by_rows: bool = False
    first: int = 0
    size: int = 0
    records: int = 1
    refused: Reason | None = None
