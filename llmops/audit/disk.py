"""The few system calls that durability rests on; every failure of one becomes an `AuditWriteError`."""

import fcntl
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from llmops.audit.keys import sync_directory
from llmops.errors import AuditWriteError


def open_locked(path: Path, mode: int = 0o644) -> int:
    """Open a file for appending, made with ``mode`` where it is missing, and hold it alone until it is closed.

    Raises:
        AuditWriteError: another process writes the stream, or it cannot be opened.
    """
    try:
        new = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, mode)
        if new:
            sync_directory(path.parent)
    except OSError as error:
        refuse("open a stream", error)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise AuditWriteError(f"audit stream {path.stem} is being written by another process") from None
    return descriptor


def next_locked(path: Path) -> int:
    """Open a new, empty segment, held alone from the moment its name is there.

    Raises:
        AuditWriteError: it cannot be made.
    """
    temporary = path.with_name(f".{path.name}.next")
    descriptor = open_locked(temporary)
    try:
        os.ftruncate(descriptor, 0)
        temporary.rename(path)
        sync_directory(path.parent)
    except OSError as error:
        os.close(descriptor)
        refuse("begin a segment", error)
    return descriptor


def close_for_good(descriptor: int) -> None:
    """Let go of a file that is never to be written again; its mode says so where the file system lets it."""
    with suppress(OSError):
        os.fchmod(descriptor, stat.S_IMODE(os.fstat(descriptor).st_mode) & ~0o222)
    os.close(descriptor)


def make_directory(path: Path) -> None:
    """Make a directory, with those it lies in, and their names durable.

    Raises:
        AuditWriteError: it cannot be made.
    """
    try:
        missing = [one for one in (path, *path.parents) if not one.is_dir()]
        path.mkdir(parents=True, exist_ok=True)
        for one in missing:
            sync_directory(one.parent)
    except OSError as error:
        refuse("make a directory", error)


def append(descriptor: int, data: bytes) -> None:
    """Write ``data`` in one call and make it durable before returning.

    Raises:
        AuditWriteError: not everything was written, or it may not be durable.
    """
    try:
        written = os.write(descriptor, data)
        if written != len(data):
            raise AuditWriteError("audit: short write; the disk may be full")
        os.fdatasync(descriptor)
    except OSError as error:
        refuse("append", error)


def cut(descriptor: int, size: int) -> None:
    """Shorten a file to ``size`` bytes, durably.

    Raises:
        AuditWriteError: it cannot be shortened.
    """
    try:
        os.ftruncate(descriptor, size)
        os.fsync(descriptor)
    except OSError as error:
        refuse("cut off a torn tail", error)


def write_new(path: Path, data: bytes) -> None:
    """Put a whole new file in place, durably; a file of that name is replaced.

    Raises:
        AuditWriteError: it cannot be written.
    """
    try:
        replace_durably(path, data)
    except OSError as error:
        refuse("write a file", error)


def replace_durably(path: Path, data: bytes) -> None:
    """As `write_new`, for files outside the log.

    Raises:
        OSError: it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_directory(path.parent)


def refuse(what: str, error: OSError) -> NoReturn:
    """Turn a system error into an audit error that names no path.

    Raises:
        AuditWriteError: always.
    """
    raise AuditWriteError(f"audit: cannot {what} ({os.strerror(error.errno or 0)})") from None
