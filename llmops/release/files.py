"""Read and write the files of a release: links are not followed when reading, writes are durable on return."""

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
"""File beside the releases of an output with the id of the newest release that is not revoked. Not a link: it can
only name a folder beside it, and nothing in the released zone is followed."""
RELEASE_ID: Final = re.compile(r"[0-9a-f]{16}")
# Two changes within one tick of a file system's clock (2 s on the coarsest) have the same change time.
_CLOCK_GRAIN_NS: Final = 2_500_000_000


def release_folder(path: Path | str) -> Path:
    """Return the absolute path of a release folder: ``..`` and links in its parents resolved, the folder not followed.

    Revocations lie beside the folder, so an indirect path (``<id>/data/..``) must not bypass them. The file ``latest``
    means the release that it names.

    Raises:
        ReleaseError: not a possible path, or ``latest`` names no release.
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
    """Make the file ``latest`` in a folder of releases name one of them; remove it if ``name`` is empty.

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
    """File status that changes whenever the bytes do: identifies a file that was read before.

    The kernel alone sets the change time; the modification time can be set by others.
    """

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> "Stamp":
        """Return the stamp from a ``stat`` result."""
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def stamp(path: Path) -> Stamp | None:
    """Return the stamp of a plain file; None if it is missing, a link or a special file."""
    try:
        status = path.lstat()
    except (OSError, ValueError):
        return None
    return Stamp.of(status) if stat.S_ISREG(status.st_mode) else None


def read_regular(path: Path, what: str, *, within: Path | None = None) -> bytes:
    """Read a file that must be a plain file, not a link, device or pipe.

    Args:
        path: the file.
        what: name of the file in errors; a path outside of a release is never shown.
        within: parent folder below which nothing may be a link; by default the file's own folder.

    Raises:
        ReleaseError: it is missing, is a link or special file, or cannot be read.
    """
    return read_stamped(path, what, within=within)[0]


def read_stamped(path: Path, what: str, *, within: Path | None = None) -> tuple[bytes, Stamp | None]:
    """Read as `read_regular`, and return the stamp of these bytes.

    Returns:
        The bytes and the stamp; None instead of the stamp if the file changed while it was read, or so shortly before
        that the file system's clock could not distinguish a later change.
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
    """List every file under ``folder`` by relative path with slashes; with ``folders``, also folders, ending in one.

    Raises:
        ReleaseError: ``folder`` is no folder, or contains a link or a special file.
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
    """Remove a folder that was never published; a link or file of that name is removed, not followed."""
    if path.is_symlink() or not path.is_dir():
        path.unlink()
    else:
        shutil.rmtree(path)


@contextmanager
def writing(what: str) -> Iterator[None]:
    """Map a full or failing disk to a `ReleaseError` that names what was being written."""
    try:
        yield
    except OSError as error:
        raise ReleaseError(f"cannot write {what}: {os.strerror(error.errno or 0)}") from None
