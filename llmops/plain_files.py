"""Opens folders and files where others may write: no link is followed, and nothing but a plain file of one name opened.

The output may be written by its consumers. A link, a second name of another file, a pipe or somebody else's file that
they put in the place of one of ours must be neither read as ours nor written through. So each name is opened relative
to its opened folder, without following a link, and what was opened is looked at before it is used.
"""

import errno
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

FILE_MODE: Final = 0o644
FOLDER_MODE: Final = 0o775
PRIVATE_FILE: Final = 0o600
PRIVATE_FOLDER: Final = 0o700

_NOT_PLAIN: Final = frozenset({errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENXIO, errno.ENODEV})
_SAFE: Final = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_WRITING: Final = os.O_WRONLY | os.O_RDWR
_TEMPORARY: Final = re.compile(r"\.tmp-[0-9a-f]{32}")


class NotPlainError(OSError):
    """A link, a special file, a file of several names or somebody else's lies in the place of a file or folder."""

    def __init__(self) -> None:
        super().__init__(errno.ELOOP, "not a plain file or folder of one name and the right owner")


@contextmanager
def opened_folder(path: Path, within: Path | None = None) -> Iterator[int]:
    """Open a folder, to open what is in it by ``dir_fd``.

    Args:
        path: the folder.
        within: a folder above it whose inside others may write: none of the folders between is a link either.

    Raises:
        NotPlainError: it, or one between, is a link or no folder.
        OSError: it cannot be opened.
    """
    top = path if within is None else within
    descriptor = _open_folder(str(top))
    try:
        for name in path.relative_to(top).parts:
            inner = _open_folder(name, descriptor)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def open_file(
    path: Path,
    flags: int = os.O_RDONLY,
    *,
    mode: int = FILE_MODE,
    within: Path | None = None,
    folder: int | None = None,
    anyones: bool = False,
) -> int:
    """Open a plain file; one that is written must be ours, or belong to who owns its folder.

    Args:
        path: the file; with ``folder``, its name alone counts.
        flags: as of ``os.open``; a file is cut short only once it is known to be plain.
        mode: of a file that is made, less what the umask takes away.
        within: as in `opened_folder`, above the file.
        folder: its opened folder, where the caller holds it.
        anyones: whether one that is written may be somebody else's.

    Raises:
        NotPlainError: it is a link, special, has a second name, or is written and somebody else's.
        OSError: it cannot be opened.
    """
    if folder is None:
        with opened_folder(path.parent, within) as parent:
            return open_file(path, flags, mode=mode, folder=parent, anyones=anyones)
    with _not_plain():
        descriptor = os.open(path.name, (flags & ~os.O_TRUNC) | _SAFE, mode, dir_fd=folder)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
            raise NotPlainError
        if flags & _WRITING and not anyones and status.st_uid not in (os.geteuid(), os.fstat(folder).st_uid):
            raise NotPlainError
        if flags & os.O_TRUNC:
            os.ftruncate(descriptor, 0)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def read_file(path: Path, *, within: Path | None = None) -> bytes:
    """The bytes of a plain file; raises as `open_file`."""
    with os.fdopen(open_file(path, within=within), "rb") as file:
        return file.read()


def file_size(path: Path, *, within: Path | None = None) -> int:
    """The size of a plain file in bytes; raises as `open_file`."""
    descriptor = open_file(path, within=within)
    try:
        return os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)


def is_there(path: Path) -> bool:
    """Whether a name is taken, by whatever; a link that leads nowhere counts."""
    return os.path.lexists(path)


def names_in(path: Path, *, within: Path | None = None) -> tuple[str, ...]:
    """The names in a folder, sorted; raises as `opened_folder`."""
    with opened_folder(path, within) as folder:
        return tuple(sorted(os.listdir(folder)))  # noqa: PTH208 - of the folder that was opened


def make_folder(path: Path, mode: int = FOLDER_MODE) -> None:
    """Make a folder and those above it that are missing, durably, each with ``mode`` less what the umask takes away.

    Raises:
        NotPlainError: a link or something else lies in its place.
        OSError: it cannot be made.
    """
    for missing in reversed([one for one in (path, *path.parents) if not is_there(one)]):
        with suppress(FileExistsError):  # another process was quicker
            os.mkdir(missing, mode)  # noqa: PTH102 - `Path.mkdir` gives those above it another mode
        sync_folder(missing.parent)
    with opened_folder(path):
        pass


def create_file(path: Path, data: bytes, *, mode: int = FILE_MODE, within: Path | None = None) -> None:
    """Write a new file, durable but for its name.

    Raises:
        FileExistsError: the name is taken.
        OSError: it cannot be written.
    """
    with opened_folder(path.parent, within) as folder, os.fdopen(_new(path.name, mode, folder), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def replace_file(path: Path, data: bytes, *, mode: int = FILE_MODE, within: Path | None = None) -> None:
    """Put a whole file in place, durably: what lay there, a link too, is replaced and not written to.

    Raises:
        OSError: it cannot be written; nothing of it is left.
    """
    with replacing(path, mode=mode, within=within) as file:
        file.write(data)


@contextmanager
def replacing(path: Path, *, mode: int = FILE_MODE, within: Path | None = None) -> Iterator[BinaryIO]:
    """As `replace_file`, for what is written piece by piece; in place once the block ends without an error."""
    with opened_folder(path.parent, within) as folder:
        temporary = temporary_name()
        try:
            with os.fdopen(_new(temporary, mode, folder), "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.rename(temporary, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary, dir_fd=folder)
            raise
        os.fsync(folder)


def write_file(path: Path, data: bytes) -> None:
    """Write a file where a user named it, in place of what it held; raises as `open_file`."""
    with os.fdopen(open_file(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as file:
        file.write(data)


def temporary_name() -> str:
    """A name that nobody can have foreseen."""
    return f".tmp-{secrets.token_hex(16)}"


def is_temporary(name: str) -> bool:
    """Whether `temporary_name` may have given the name: what it names was left by a process that was killed."""
    return _TEMPORARY.fullmatch(name) is not None


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable.

    Raises:
        OSError: the folder cannot be opened or synced.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _new(name: str, mode: int, folder: int) -> int:
    return open_file(Path(name), os.O_RDWR | os.O_CREAT | os.O_EXCL, mode=mode, folder=folder)


def _open_folder(name: str, folder: int | None = None) -> int:
    with _not_plain():
        return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)


@contextmanager
def _not_plain() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _NOT_PLAIN:
            raise NotPlainError from None
        raise
