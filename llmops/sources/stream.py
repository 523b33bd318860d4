"""Provide a byte stream that can be peeked, counts its output and stops at its caps."""

import zlib
from collections.abc import Callable
from lzma import LZMAError
from typing import Final
from zipfile import BadZipFile

from llmops.documents import Reason
from llmops.sources.errors import Unreadable

CHUNK: Final = 256 * 1024
RATIO_GRACE: Final = 2**20  # small files of zeros are no bombs


class Budget:
    """Remaining decompressed bytes of a file; shared by the members of an archive."""

    def __init__(self, limit: int) -> None:
        self._left = limit

    def spend(self, count: int) -> None:
        """Subtract ``count`` bytes.

        Raises:
            Refused: nothing is left (``TOO_LARGE``).
        """
        self._left -= count
        if self._left < 0:
            raise Unreadable(Reason.TOO_LARGE)


class Stream:
    """Read the bytes of one file, range or member once, front to back.

    Args:
        read: reads at most the given number of bytes; ``b""`` at the end.
        budget: the cap on output bytes.
        origin: position of the first byte in the file or member.
        consumed: returns the compressed bytes consumed so far; ``None`` if uncompressed.
        max_ratio: maximum decompression ratio.
    """

    def __init__(
        self,
        read: Callable[[int], bytes],
        *,
        budget: Budget,
        origin: int = 0,
        consumed: Callable[[], int] | None = None,
        max_ratio: float = 0.0,
    ) -> None:
        self._read = read
        self._budget = budget
        self._consumed = consumed
        self._max_ratio = max_ratio
        self._held = b""
        self._given = 0
        self.origin = origin

    def peek(self, count: int) -> bytes:
        """Return up to ``count`` next bytes without consuming them; fewer only at the end."""
        parts, size = [self._held], len(self._held)
        while size < count and (more := self._fill()):
            parts.append(more)
            size += len(more)
        self._held = b"".join(parts)
        return self._held[:count]

    def chunk(self) -> bytes:
        """Consume the available bytes; ``b""`` at the end."""
        if self._held:
            held, self._held = self._held, b""
            return held
        return self._fill()

    def read(self, count: int = -1) -> bytes:
        """Consume up to ``count`` bytes (all if negative), like a binary file."""
        if count < 0:
            return b"".join(iter(self.chunk, b""))
        data = self.peek(count)
        self._held = self._held[len(data) :]
        return data

    def whole(self, limit: int) -> bytes:
        """Consume the rest as one record.

        Raises:
            Refused: more than ``limit`` bytes are left (``TOO_LARGE``).
        """
        if len(self.peek(limit + 1)) > limit:
            raise Unreadable(Reason.TOO_LARGE)
        return self.read()

    def _fill(self) -> bytes:
        data = _reading(self._read)
        self._budget.spend(len(data))
        self._given += len(data)
        if self._consumed is not None and self._given > max(RATIO_GRACE, self._max_ratio * self._consumed()):
            raise Unreadable(Reason.COMPRESSION_RATIO)
        return data


def _reading(read: Callable[[int], bytes]) -> bytes:
    """Read one chunk; map decompressor errors to a reason (their messages may quote names)."""
    try:
        return read(CHUNK)
    except EOFError:
        raise Unreadable(Reason.TRUNCATED) from None
    except (BadZipFile, zlib.error, LZMAError, NotImplementedError, RuntimeError, ValueError):
        raise Unreadable(Reason.BAD_ARCHIVE) from None
    except OSError as error:  # BadGzipFile is one, without an errno
        raise Unreadable(Reason.UNREADABLE if error.errno else Reason.BAD_ARCHIVE) from None
