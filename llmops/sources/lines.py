"""Split a stream into physical lines with positions, none longer than a cap."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from llmops.sources.stream import Stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line with its terminator; ``data`` is ``None`` if the line exceeded the cap. PHI."""

    start: int
    end: int
    data: bytes | None = field(repr=False)


def line_end(head: bytes) -> bytes:
    r"""The terminator of the lines in ``head``: ``\n`` (also for ``\r\n``), or ``\r`` where there is no ``\n``."""
    return b"\r" if b"\r" in head and b"\n" not in head else b"\n"


def split_lines(stream: Stream, cap: int, terminator: bytes = b"\n") -> Iterator[Line]:
    """Yield every line of ``stream``; buffers at most ``cap`` bytes and a chunk."""
    start, size = stream.origin, 0
    parts: list[bytes] = []  # of the current line; emptied once it exceeds the cap
    while chunk := stream.chunk():
        first, *others = chunk.split(terminator)
        parts.append(first)
        size += len(first)
        for piece in others:
            yield _line(start, start + size + 1, [*parts, terminator], cap)
            start, parts, size = start + size + 1, [piece], len(piece)
        if size > cap:
            parts = []
    if size:
        yield _line(start, start + size, parts, cap)


def _line(start: int, end: int, parts: list[bytes], cap: int) -> Line:
    whole = end - start <= cap + 2  # room for the terminator
    return Line(start=start, end=end, data=b"".join(parts) if whole else None)
