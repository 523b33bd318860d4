"""List the input files, always in the same order."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

from llmops.documents import Reason
from llmops.errors import SourceError
from llmops.sources.config import FilesConfig
from llmops.sources.cut import ShardSize, cut
from llmops.sources.input_unit import InputUnit
from llmops.sources.spec import Formats


def plan_units(
    paths: Sequence[Path], config: FilesConfig, size: ShardSize | None = None, *, formats: Formats
) -> tuple[InputUnit, ...]:
    """List the units to read, in the order of the roots and sorted within each.

    In folders and archives, files and folders beginning with a dot are excluded; a root itself may begin with one.
    Where roots overlap, a file is read once, under the first. A link to a file inside the root is read as a file; a
    link to a folder inside the root is not followed, since its files are visited in place. What leaves the root, cannot
    be listed or is no file becomes a unit that reports the reason; ``include`` does not filter links to no file.

    Args:
        paths: files or folders. PHI.
        config: globs and caps.
        size: size of one shard; larger files are cut into ranges.
        formats: supported formats.

    Raises:
        SourceError: a root does not exist; the message holds its ordinal, not its name.
    """
    size = size or ShardSize()
    units: list[InputUnit] = []
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
                units.extend(cut(unit, config, size, formats))
    return tuple(units)


def _walk(folder: Path, root: Path, ordinal: int, config: FilesConfig) -> Iterator[InputUnit]:
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


def _entry(path: Path, root: Path, ordinal: int, *, link: bool) -> Iterator[InputUnit]:
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


def _unit(path: Path, relative: str, root: int) -> InputUnit:
    try:
        size = path.stat().st_size
    except OSError:
        size = 0
    return InputUnit(path=path, relative=relative, root=root, size=size)


def _relative(path: Path, root: Path) -> str:
    """Return the path inside the root, with ``/`` and as valid text even if the file system's name is not."""
    return os.fsencode(path.relative_to(root).as_posix()).decode("utf-8", "backslashreplace")


def _wanted(entry: os.DirEntry[str], relative: str, config: FilesConfig) -> bool:
    if _matches(relative, config.exclude):
        return False
    no_file = entry.is_symlink() and not os.path.isfile(entry.path)  # noqa: PTH113 - Path raises where it may not look
    return no_file or _matches(relative, config.include)


def _matches(relative: str, globs: tuple[str, ...]) -> bool:
    name = relative.rpartition("/")[2]
    return any(fnmatchcase(relative if "/" in glob else name, glob) for glob in globs)
