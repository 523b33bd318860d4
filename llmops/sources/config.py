"""Define the file source settings: what to read, how, and the caps that limit the cost of hostile input."""

from dataclasses import dataclass
from typing import Literal

from llmops.errors import RecipeError

_POSITIVE = ("max_file_bytes", "max_record_bytes", "max_members", "max_columns")


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesConfig:
    """Settings for reading files and folders; the defaults are safe for unknown input.

    Args:
        format: ``"auto"`` sniffs every file by content; the name of a format, or ``"csv"``, ``"jsonl"`` or
            ``"parquet"``, applies to every file (gzip and zip are still opened).
        include: globs of files to read inside folders. A glob without ``/`` is matched with the name, one with ``/``
            with the path relative to the root; ``*`` also crosses ``/``.
        exclude: globs of files to exclude, matched alike; overrides ``include``.
        max_file_bytes: maximum bytes of one file after decompression; all members of a zip count together. For a table
            or line file read by ranges, the cap applies per range.
        max_record_bytes: maximum bytes of one record; also bounds a reader's memory.
        max_ratio: maximum decompression ratio, checked after the first MiB of output.
        max_members: maximum members of a zip.
        max_columns: maximum columns of a CSV or Parquet file.
        delimiter: of CSV files: ``"auto"`` or one character.

    Raises:
        RecipeError: a cap is not positive or the delimiter not one character.
    """

    use: Literal["files"] = "files"
    format: str = "auto"
    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()
    max_file_bytes: int = 512 * 2**20
    max_record_bytes: int = 32 * 2**20
    max_ratio: float = 200.0
    max_members: int = 10_000
    max_columns: int = 10_000
    delimiter: str = "auto"

    def __post_init__(self) -> None:
        """Refuse invalid settings."""
        for name in _POSITIVE:
            if getattr(self, name) < 1:
                raise RecipeError(f"files source: {name} must be at least 1")
        if self.max_ratio < 1:
            raise RecipeError("files source: max_ratio must be at least 1")
        single = len(self.delimiter) == 1 and self.delimiter.isascii() and self.delimiter not in '\r\n"'
        if self.delimiter != "auto" and not single:
            raise RecipeError(
                'files source: delimiter must be "auto" or one ASCII character other than a quote or line end'
            )
