"""Open folders and files where others may write: no link is followed, and only a plain file with one name is opened.

Consumers may write to the output. If they replace one of our files by a link, a second name of another file, a pipe
or a file of their own, it must be neither read as ours nor written through. So each name is opened relative to its
opened folder, without following a link, and the opened file is checked before use.
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
    """The file or folder is a link, a special file, has several names or belongs to another user."""

    def __init__(self) -> None:
        super().__init__(errno.ELOOP, "not a plain file or folder of one name and the right owner")


@contextmanager
def opened_folder(path: Path, within: Path | None = None) -> Iterator[int]:
    """Open a folder, for access to its entries by ``dir_fd``.

    Args:
        path: the folder.
        within: a parent folder that others may write: no folder between it and ``path`` may be a link.

    Raises:
        NotPlainError: it, or a folder between, is a link or no folder.
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
    """Open a plain file; a file opened for writing must be ours, or belong to its folder's owner.

    Args:
        path: the file; with ``folder``, only its name counts.
        flags: as in ``os.open``; a file is truncated only after it was checked to be plain.
        mode: mode of a created file, reduced by the umask.
        within: as in `opened_folder`, a parent of the file.
        folder: its opened folder, if the caller has it.
        anyones: whether a file opened for writing may belong to another user.

    Raises:
        NotPlainError: it is a link or special file, has a second name, or is opened for writing and another user's.
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
    """Return the bytes of a plain file; raises as `open_file`."""
    with os.fdopen(open_file(path, within=within), "rb") as file:
        return file.read()


def file_size(path: Path, *, within: Path | None = None) -> int:
    """Return the size of a plain file in bytes; raises as `open_file`."""
    descriptor = open_file(path, within=within)
    try:
        return os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)


def is_there(path: Path) -> bool:
    """Whether any file has the name; a dangling link counts."""
    return os.path.lexists(path)


def names_in(path: Path, *, within: Path | None = None) -> tuple[str, ...]:
    """Return the names in a folder, sorted; raises as `opened_folder`."""
    with opened_folder(path, within) as folder:
        return tuple(sorted(os.listdir(folder)))  # noqa: PTH208 - of the opened folder


def make_folder(path: Path, mode: int = FOLDER_MODE) -> None:
    """Create a folder and its missing parents, durably, each with ``mode`` reduced by the umask.

    Raises:
        NotPlainError: a link or another file has its name.
        OSError: it cannot be created.
    """
    for missing in reversed([one for one in (path, *path.parents) if not is_there(one)]):
        with suppress(FileExistsError):  # another process created it first
            os.mkdir(missing, mode)  # noqa: PTH102 - `Path.mkdir` gives parents another mode
        sync_folder(missing.parent)
    with opened_folder(path):
        pass


def create_file(path: Path, data: bytes, *, mode: int = FILE_MODE, within: Path | None = None) -> None:
    """Write a new file; its content is durable, its name not yet.

    Raises:
        FileExistsError: the name is taken.
        OSError: it cannot be written.
    """
    with opened_folder(path.parent, within) as folder, os.fdopen(_new(path.name, mode, folder), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def replace_file(path: Path, data: bytes, *, mode: int = FILE_MODE, within: Path | None = None) -> None:
    """Write a complete file, durably: an existing file or link of that name is replaced, not written to.

    Raises:
        OSError: it cannot be written; no partial file remains.
    """
    with replacing(path, mode=mode, within=within) as file:
        file.write(data)


@contextmanager
def replacing(path: Path, *, mode: int = FILE_MODE, within: Path | None = None) -> Iterator[BinaryIO]:
    """Replace as `replace_file`, written in pieces; the file appears when the block ends without an error."""
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
    """Overwrite a file that a user named; raises as `open_file`."""
    with os.fdopen(open_file(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as file:
        file.write(data)


def temporary_name() -> str:
    """Return an unpredictable name."""
    return f".tmp-{secrets.token_hex(16)}"


def is_temporary(name: str) -> bool:
    """Whether the name may come from `temporary_name`: such a file was left by a killed process."""
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
