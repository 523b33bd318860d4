"""Open regular input files only."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import IO

from llmops.documents import Reason
from llmops.sources.errors import Unreadable


def open_plain(path: Path) -> IO[bytes]:
    """Open a regular file; refuse a pipe, device or socket without blocking.

    Args:
        path: PHI.

    Raises:
        Refused: missing, forbidden or not a regular file (``UNREADABLE``).
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        raise Unreadable(Reason.UNREADABLE) from None
    try:
        plain = stat.S_ISREG(os.fstat(descriptor).st_mode)
    except OSError:
        plain = False
    if not plain:
        os.close(descriptor)
        raise Unreadable(Reason.UNREADABLE)
    return os.fdopen(descriptor, "rb")


def limited(file: IO[bytes], start: int, stop: int) -> Callable[[int], bytes]:
    """Read bytes ``[start, stop)`` of ``file`` and then ``b""``; a negative ``stop`` means the end."""
    file.seek(start)
    if stop < 0:
        return file.read
    left = stop - start

    def read(count: int) -> bytes:
        nonlocal left
        data = file.read(min(count, left))
        left -= len(data)
        return data

    return read
