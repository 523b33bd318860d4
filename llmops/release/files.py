"""Reads and writes the files of a release: no links followed on the way in, on disk before the way out ends."""

import os
import re
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from llmops.errors import ReleaseError
from llmops.plain_files import NotPlainError, open_file, replace_file

LATEST: Final = "latest"
"""Beside the releases of an output: a file with the id of the newest that stands. No link: it can name a folder beside
it and nothing else, and nothing in the released zone is followed."""
RELEASE_ID: Final = re.compile(r"[0-9a-f]{16}")
# Two changes within one tick of a file system's clock (2 s on the coarsest) leave one time of change.
_CLOCK_GRAIN_NS: Final = 2_500_000_000


def release_folder(path: Path | str) -> Path:
    """Give the one absolute path of a release folder: ``..`` and links on the way to it resolved, itself not followed.

    Revocations lie beside the folder, so a roundabout path (``<id>/data/..``) must not lead past them. The file
    ``latest`` stands for the release that it names.

    Raises:
        ReleaseError: not a path that can lead anywhere, or no release is named there.
    """
    try:
        given = Path(path).absolute()
        folder = given.resolve() if given.name in ("", "..") else given.parent.resolve() / given.name
        if given.name != LATEST or stat.S_ISDIR(folder.lstat().st_mode):
            return folder
    except FileNotFoundError:
        raise ReleaseError("release/latest is missing; llmops release list shows which releases stand") from None
    except (OSError, RuntimeError, ValueError):
        raise ReleaseError("the release folder does not exist or cannot be read") from None
    name = read_regular(folder, "release/latest").decode("ascii", "replace").strip()
    if RELEASE_ID.fullmatch(name) is None:
        raise ReleaseError("release/latest names no release; llmops release list shows which there are")
    return folder.with_name(name)


def point_latest(folder: Path, name: str) -> None:
    """Let the file ``latest`` in a folder of releases name one of them; remove it where ``name`` is empty.

    Raises:
        ReleaseError: it cannot be written.
    """
    with writing("release/latest"):
        if name:
            replace_file(folder / LATEST, f"{name}\n".encode())
        else:
            (folder / LATEST).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the system says of a file that changes whenever its bytes do: by it a file is known to be the one read.

    The time of change is set by the kernel and, unlike the time of modification, by nobody else.
    """

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> "Stamp":
        """The stamp in what ``stat`` gave."""
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def stamp(path: Path) -> Stamp | None:
    """Give the stamp of a plain file; None where there is none, or a link or something else."""
    try:
        status = path.lstat()
    except (OSError, ValueError):
        return None
    return Stamp.of(status) if stat.S_ISREG(status.st_mode) else None


def read_regular(path: Path, what: str, *, within: Path | None = None) -> bytes:
    """Read a file that must be a plain file, not a link, device or pipe.

    Args:
        path: the file.
        what: how the error names it; nothing of a path that is not part of a release is repeated.
        within: the folder above it from which on nothing may be a link; by default the one it lies in.

    Raises:
        ReleaseError: it is missing, is a link or no plain file, or cannot be read.
    """
    return read_stamped(path, what, within=within)[0]


def read_stamped(path: Path, what: str, *, within: Path | None = None) -> tuple[bytes, Stamp | None]:
    """Read as `read_regular`, and give the stamp that stands for these bytes from now on.

    Returns:
        The bytes, and the stamp; None where the file changed while it was read, or so shortly before that the clock of
        the file system could not tell a later change from it.
    """
    try:
        descriptor = open_file(path, within=within)
    except FileNotFoundError:
        raise ReleaseError(f"{what} is missing") from None
    except NotPlainError:
        raise ReleaseError(f"{what} is not a plain file: a link, a special file, or one with a second name") from None
    except OSError:
        raise ReleaseError(f"{what} cannot be opened") from None
    with os.fdopen(descriptor, "rb") as stream:
        before = os.fstat(descriptor)
        try:
            data = stream.read()
        except OSError:
            raise ReleaseError(f"{what} cannot be read") from None
        found = Stamp.of(os.fstat(descriptor))
    settled = found == Stamp.of(before) and time.time_ns() - found.changed_ns > _CLOCK_GRAIN_NS
    return data, found if settled else None


def list_files(folder: Path, *, folders: bool = False) -> frozenset[str]:
    """List every file under ``folder`` by its relative path with slashes; folders too, ended by one, if wanted.

    Raises:
        ReleaseError: the folder is none, or holds a link or a special file anywhere.
    """
    try:
        if not stat.S_ISDIR(folder.lstat().st_mode):
            raise ReleaseError("the release is not a folder (links are not followed)")
        return frozenset(name for name in _walk(folder, "") if folders or not name.endswith("/"))
    except (OSError, ValueError):
        raise ReleaseError("the release folder does not exist or cannot be read") from None


def _walk(folder: Path, prefix: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield f"{prefix}{entry.name}/"
                yield from _walk(Path(entry.path), f"{prefix}{entry.name}/")
            elif entry.is_file(follow_symlinks=False):
                yield f"{prefix}{entry.name}"
            else:
                raise ReleaseError("the release folder holds a link or a special file")


def sync(path: Path) -> None:
    """Wait until a file's bytes, or a folder's entries, are on disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_tree(path: Path) -> None:
    """Remove a folder that was never published; a link or file in its place is removed, not followed."""
    if path.is_symlink() or not path.is_dir():
        path.unlink()
    else:
        shutil.rmtree(path)


@contextmanager
def writing(what: str) -> Iterator[None]:
    """Turn a full or failing disk into a `ReleaseError` that names what was being written."""
    try:
        yield
    except OSError as error:
        raise ReleaseError(f"cannot write {what}: {os.strerror(error.errno or 0)}") from None
