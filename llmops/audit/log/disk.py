"""System calls for durable writes; every failure becomes an `AuditError`."""

import fcntl
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from llmops import plain_files
from llmops.errors import AuditVerificationError, AuditWriteError
from llmops.plain_files import NotPlainError


def open_locked(path: Path, mode: int = plain_files.FILE_MODE, *, anyones: bool = False) -> int:
    """Open a plain file for appending under an exclusive lock; created with ``mode`` if missing.

    Args:
        anyones: whether another user may own it, as with a reader's stream.

    Raises:
        AuditVerificationError: it is a link or special file, or owned by another user.
        AuditWriteError: another process writes the stream, or it cannot be opened.
    """
    try:
        new = not plain_files.is_there(path)
        descriptor = plain_files.open_file(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, mode=mode, anyones=anyones)
        if new:
            plain_files.sync_folder(path.parent)
    except OSError as error:
        refuse("open a stream", error)
    return _held(descriptor, path)


def next_locked(path: Path) -> int:
    """Create a new, empty segment, locked before its name is visible.

    Raises:
        AuditWriteError: it cannot be created.
    """
    temporary = path.with_name(plain_files.temporary_name())
    try:
        with plain_files.opened_folder(path.parent) as folder:
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_EXCL
            descriptor = _held(plain_files.open_file(temporary, flags, folder=folder), path)
            try:
                os.rename(temporary.name, path.name, src_dir_fd=folder, dst_dir_fd=folder)
                os.fsync(folder)
            except OSError:
                os.close(descriptor)
                raise
    except OSError as error:
        refuse("begin a segment", error)
    return descriptor


def _held(descriptor: int, path: Path) -> int:
    """Lock the file and return its descriptor; refuse if another process holds the lock."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise AuditWriteError(f"audit stream {path.stem} is being written by another process") from None
    return descriptor


def close_for_good(descriptor: int) -> None:
    """Close a completed file and make it read-only where the file system allows."""
    with suppress(OSError):
        os.fchmod(descriptor, stat.S_IMODE(os.fstat(descriptor).st_mode) & ~0o222)
    os.close(descriptor)


def make_directory(path: Path, mode: int = plain_files.FOLDER_MODE) -> None:
    """Create a directory and its missing parents, durably.

    Raises:
        AuditVerificationError: a link or another file has its name.
        AuditWriteError: it cannot be created.
    """
    try:
        plain_files.make_folder(path, mode)
    except OSError as error:
        refuse("make a directory", error)


def append(descriptor: int, data: bytes) -> None:
    """Write ``data`` in one call and make it durable before returning.

    Raises:
        AuditWriteError: the write was incomplete, or it may not be durable.
    """
    try:
        written = os.write(descriptor, data)
        if written != len(data):
            raise AuditWriteError("audit: short write; the disk may be full")
        os.fdatasync(descriptor)
    except OSError as error:
        refuse("append", error)


def cut(descriptor: int, size: int) -> None:
    """Truncate a file to ``size`` bytes, durably.

    Raises:
        AuditWriteError: it cannot be truncated.
    """
    try:
        os.ftruncate(descriptor, size)
        os.fsync(descriptor)
    except OSError as error:
        refuse("cut off a torn tail", error)


def write_new(path: Path, data: bytes, mode: int = plain_files.FILE_MODE) -> None:
    """Write a complete new file, durably; a file of that name is replaced.

    Raises:
        AuditWriteError: it cannot be written.
    """
    try:
        plain_files.replace_file(path, data, mode=mode)
    except OSError as error:
        refuse("write a file", error)


def refuse(what: str, error: OSError) -> NoReturn:
    """Map a system error to an audit error that names no path.

    Raises:
        AuditVerificationError: the file is not one that this log wrote.
        AuditWriteError: any other error.
    """
    if isinstance(error, NotPlainError):
        raise AuditVerificationError(f"audit: cannot {what} ({error.strerror})") from None
    raise AuditWriteError(f"audit: cannot {what} ({os.strerror(error.errno or 0)})") from None
