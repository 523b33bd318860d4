"""The few system calls that durability rests on; every failure of one becomes an `AuditWriteError`."""

import fcntl
import os
from pathlib import Path
from typing import NoReturn

from llmops.audit.keys import sync_directory
from llmops.errors import AuditWriteError


def open_locked(path: Path) -> int:
    """Open a stream for appending, made where it is missing, and hold it alone until it is closed.

    Raises:
        AuditWriteError: another process writes the stream, or it cannot be opened.
    """
    try:
        new = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
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


def make_directory(path: Path) -> None:
    """Make a directory and its name durable.

    Raises:
        AuditWriteError: it cannot be made.
    """
    try:
        if not path.is_dir():
            path.mkdir(parents=True, exist_ok=True)
            sync_directory(path.parent)
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
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_directory(path.parent)
    except OSError as error:
        refuse("write a file", error)


def refuse(what: str, error: OSError) -> NoReturn:
    """Turn a system error into an audit error that names no path.

    Raises:
        AuditWriteError: always.
    """
    raise AuditWriteError(f"audit: cannot {what} ({os.strerror(error.errno or 0)})") from None
