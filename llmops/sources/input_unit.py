"""What one reader reads."""

from dataclasses import dataclass, field
from pathlib import Path

from llmops.documents import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class InputUnit:
    """What one reader reads: a file or a range of one. Picklable; the names are PHI.

    Args:
        path: where the file lies.
        relative: its path relative to the root it was found in (the name, for a root that is a file).
        root: ordinal of the root, so that equal names in two roots stay apart.
        start, stop: the range, bytes or records; ``stop`` -1 is the end.
        by_rows: whether the range counts records.
        first: number of the first row in the range of a CSV file.
        size: bytes to be read, about.
        records: how many it holds, about; a file that was not looked into counts as one.
        refused: why the file is not to be opened at all, if so.
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
