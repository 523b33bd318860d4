"""Write a folder atomically; identify a folder by the digests of its files."""

import fcntl
import hashlib
import os
import stat
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from llmops.errors import ReleaseError
from llmops.plain_files import is_there, make_folder, open_file, opened_folder
from llmops.release.files import list_files, remove_tree


def file_digests(folder: Path) -> dict[str, str]:
    """Hex SHA-256 of every file under a folder, by relative POSIX path, sorted.

    Raises:
        ReleaseError: the path is no folder, or it holds a link or a special file.
        OSError: a file cannot be read.
    """
    return {name: _digest(folder, name) for name in sorted(list_files(folder))}


def index_place(release: Path, release_id: str) -> Path:
    """Path of a release's index: beside the release folders, since a release never changes."""
    return release.parents[1] / "index" / release_id


def remove_folder(folder: Path) -> None:
    """Remove a folder that `replace_folder` wrote, and the leftovers of a killed write.

    Raises:
        ReleaseError: one of them cannot be removed.
    """
    try:
        for path in (folder, *folder.parent.glob(f".{folder.name}.*")):
            if is_there(path):
                remove_tree(path)
    except OSError as error:
        raise ReleaseError(f"index {folder.name}: cannot be removed ({os.strerror(error.errno or 0)})") from None


@contextmanager
def only_builder(folder: Path) -> Iterator[None]:
    """Hold an exclusive lock for building beside ``folder``; a killed process releases it.

    Raises:
        ReleaseError: the parent folder cannot be made or opened.
    """
    with ExitStack() as stack:
        try:
            make_folder(folder.parent)
            descriptor = stack.enter_context(opened_folder(folder.parent))
        except OSError as error:
            raise _unwritable(folder, error) from None
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


def replace_folder(folder: Path, fill: Callable[[Path], None]) -> None:
    """Let ``fill`` write a new folder beside ``folder``, make it durable, then rename it into place.

    A reader sees the old folder, for an instant none, or the new one; never a partial one. The path given to ``fill``
    refers to the opened folder itself, even if it is renamed meanwhile.

    Raises:
        ReleaseError: it cannot be written.
    """
    mark = uuid.uuid4().hex
    fresh, old = (folder.with_name(f".{folder.name}.{kind}-{mark}") for kind in ("new", "old"))
    try:
        make_folder(folder.parent)
        with opened_folder(folder.parent) as parent:
            os.mkdir(fresh.name, 0o755, dir_fd=parent)
            with opened_folder(fresh, within=folder.parent) as inside:
                fill(Path(f"/proc/self/fd/{inside}"))
                _settle(inside)
            if is_there(folder):
                os.rename(folder.name, old.name, src_dir_fd=parent, dst_dir_fd=parent)
            os.rename(fresh.name, folder.name, src_dir_fd=parent, dst_dir_fd=parent)
            os.fsync(parent)
    except OSError as error:
        raise _unwritable(folder, error) from None
    finally:
        for left in (fresh, old):
            with suppress(OSError):
                remove_tree(left)


def _unwritable(folder: Path, error: OSError) -> ReleaseError:
    return ReleaseError(f"index {folder.name}: cannot be written ({os.strerror(error.errno or 0)})")


def _settle(folder: int) -> None:
    """Make an opened folder and its content durable, and not writable by others, whatever the umask."""
    for _, _, names, inside in os.fwalk(".", dir_fd=folder):
        for name in names:
            descriptor = open_file(Path(name), folder=inside)
            os.fchmod(descriptor, stat.S_IMODE(os.fstat(descriptor).st_mode) & ~0o022)
            os.fsync(descriptor)
            os.close(descriptor)
        os.fchmod(inside, stat.S_IMODE(os.fstat(inside).st_mode) & ~0o022)
        os.fsync(inside)


def _digest(folder: Path, name: str) -> str:
    with os.fdopen(open_file(folder / name, within=folder), "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
