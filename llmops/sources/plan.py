"""Finds the input files and cuts big ones into ranges, the same way every time."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO, Final

from llmops.documents import Reason
from llmops.errors import SourceError
from llmops.sources import framing, parquet, table
from llmops.sources.config import FilesConfig
from llmops.sources.errors import Refused
from llmops.sources.opening import limited, open_plain
from llmops.sources.sniff import Shape
from llmops.sources.stream import Budget, Stream
from llmops.sources.unit import Unit

_PARQUET_WORTH_LOOKING: Final = 2**20


def plan_units(paths: Sequence[Path], config: FilesConfig) -> tuple[Unit, ...]:
    """List what is to be read, in the order of the roots and sorted within each.

    In folders and archives, names that begin with a dot are left out (files and folders); a root itself may begin with
    one. Where roots overlap, a file is read once, under the first. A link to a file inside the root is read as a file;
    a link to a folder inside the root is not followed, since its files are met where they lie. What leaves the root,
    cannot be listed or is no file is a unit that will answer with the reason; of links that lead to no file,
    ``include`` leaves none out.

    Args:
        paths: files or folders. PHI.
        config: globs and sizes.

    Raises:
        SourceError: a root does not exist; the message gives its ordinal, not its name.
    """
    units: list[Unit] = []
    seen: set[Path] = set()
    for root, path in enumerate(paths):
        try:
            real = Path(path).resolve(strict=True)
        except (OSError, RuntimeError, ValueError):
            raise SourceError(f"input path #{root + 1} does not exist or cannot be reached") from None
        found = _walk(real, real, root, config) if real.is_dir() else [_unit(real, Path(path).name, root)]
        for unit in found:
            if unit.path not in seen:
                seen.add(unit.path)
                units.extend(_split(unit, config))
    return tuple(units)


def _walk(folder: Path, root: Path, ordinal: int, config: FilesConfig) -> Iterator[Unit]:
    try:
        with os.scandir(folder) as scan:
            entries = sorted(scan, key=lambda entry: os.fsencode(entry.name))
    except OSError:
        yield replace(_unit(folder, _relative(folder, root), ordinal), refused=Reason.UNREADABLE)
        return
    for entry in entries:
        path = Path(entry.path)
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(path, root, ordinal, config)
        elif _wanted(entry, _relative(path, root), config):
            yield from _entry(path, root, ordinal, link=entry.is_symlink())


def _entry(path: Path, root: Path, ordinal: int, *, link: bool) -> Iterator[Unit]:
    unit = _unit(path, _relative(path, root), ordinal)
    if not link:
        yield unit
        return
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):
        yield replace(unit, refused=Reason.UNREADABLE)
        return
    if not target.is_relative_to(root):
        yield replace(unit, refused=Reason.PATH_ESCAPE)
    elif not target.is_dir():
        yield unit


def _unit(path: Path, relative: str, root: int) -> Unit:
    try:
        size = path.stat().st_size
    except OSError:
        size = 0
    return Unit(path=path, relative=relative, root=root, size=size)


def _relative(path: Path, root: Path) -> str:
    """The path inside the root, with ``/`` everywhere and valid as text also where the file system's name is not."""
    return os.fsencode(path.relative_to(root).as_posix()).decode("utf-8", "backslashreplace")


def _wanted(entry: os.DirEntry[str], relative: str, config: FilesConfig) -> bool:
    if _matches(relative, config.exclude):
        return False
    no_file = entry.is_symlink() and not os.path.isfile(entry.path)  # noqa: PTH113 - Path raises where it may not look
    return no_file or _matches(relative, config.include)


def _matches(relative: str, globs: tuple[str, ...]) -> bool:
    name = relative.rpartition("/")[2]
    return any(fnmatchcase(relative if "/" in glob else name, glob) for glob in globs)


def _split(unit: Unit, config: FilesConfig) -> list[Unit]:
    """Cut a big file into ranges where its shape allows; what goes wrong here the reader will find and answer."""
    if unit.refused is not None or unit.size <= min(config.shard_bytes, _PARQUET_WORTH_LOOKING):
        return [unit]
    try:
        with open_plain(unit.path) as file:
            return _ranges(unit, file, config)
    except (Refused, OSError):
        return [unit]


def _ranges(unit: Unit, file: IO[bytes], config: FilesConfig) -> list[Unit]:
    stream = Stream(limited(file, 0, -1), budget=Budget(config.max_file_bytes))
    shape = framing.shape_of(stream, Path(unit.relative).suffix.lower(), config)
    if shape is Shape.PARQUET:
        edges = range(0, parquet.row_count(file), config.shard_rows)
        return [replace(unit, start=at, stop=at + config.shard_rows, by_rows=True) for at in edges] or [unit]
    if unit.size <= config.shard_bytes or framing.is_wide(stream):
        return [unit]
    if shape in (Shape.ROW_LINES, Shape.FHIR_LINES, Shape.PHENOPACKET_LINES):
        return _pieces(unit, [(at, 0) for at in _line_edges(file, unit.size, config)])
    if shape is Shape.CSV:
        text = framing.unmarked(Stream(limited(file, 0, -1), budget=Budget(2 * unit.size)), shape)
        return _pieces(unit, table.row_edges(text, config.delimiter, config.max_record_bytes, config.shard_bytes))
    return [unit]


def _pieces(unit: Unit, edges: list[tuple[int, int]]) -> list[Unit]:
    """Units between edges, each an offset and the number of the row that begins there."""
    stops = [*(at for at, _ in edges[1:]), unit.size]
    return [
        replace(unit, start=at, stop=stop, first=first, size=stop - at)
        for (at, first), stop in zip(edges, stops, strict=True)
    ]


def _line_edges(file: IO[bytes], size: int, config: FilesConfig) -> list[int]:
    r"""Offsets that begin ranges of about ``shard_bytes``, each right behind a ``\n``."""
    edges = [0]
    while (at := edges[-1] + config.shard_bytes) < size:
        file.seek(at)
        while at < size and (line := file.readline(2**20)):
            at += len(line)
            if line.endswith(b"\n"):
                break
        if at >= size:
            break
        edges.append(at)
    return edges
