"""The files of one stream: sealed read-only segments, and the newest segment, which grows.

A stream starts in ``<stream>.jsonl`` and continues in ``<stream>.<n>.jsonl``, where ``n`` (12 digits) is the position
of the file's first event. Positions, links and tree run through all segments as through one file.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final

from llmops.audit import layout
from llmops.plain_files import is_there, open_file

SEGMENT_BYTES: Final = 256 << 20
_LATER: Final = re.compile(r"([0-9]{12})\.jsonl")
_READ_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One file of a stream.

    Args:
        path: the file.
        start: position of its first event in the stream.
    """

    path: Path
    start: int


def segment(directory: Path, stream: str, start: int) -> Segment:
    """Return the segment that begins with event ``start``."""
    first = layout.events_file(directory, stream)
    return Segment(path=first.with_name(f"{stream}.{start:012d}.jsonl") if start else first, start=start)


def segments(directory: Path, stream: str) -> tuple[Segment, ...]:
    """Return the segments of a stream in order; the name of the first one if none exists."""
    found = [
        Segment(path=path, start=int(match.group(1)))
        for path in layout.beginning(directory, f"{stream}.")
        if (match := _LATER.fullmatch(path.name.removeprefix(f"{stream}.")))
    ]
    first = segment(directory, stream, 0)
    if is_there(first.path) or not found:
        found.append(first)
    return tuple(sorted(found, key=lambda one: one.start))


def reading(one: Segment) -> BinaryIO:
    """Open a segment for reading.

    Raises:
        OSError: it cannot be read, or is no plain file.
    """
    return os.fdopen(open_file(one.path), "rb", buffering=_READ_BYTES)


def lines(directory: Path, stream: str, offset: int = 0) -> Iterator[bytes]:
    """Yield the events of a stream as lines with line ends, from a byte position counted over all segments.

    Raises:
        OSError: on the first use or later: a file cannot be read.
    """
    return chain.from_iterable(_files(directory, stream, offset))


def _files(directory: Path, stream: str, offset: int) -> Iterator[Iterator[bytes]]:
    for one in segments(directory, stream):
        with reading(one) as file:
            size = os.fstat(file.fileno()).st_size
            if offset < size:
                file.seek(offset)
                yield file
        offset = max(0, offset - size)
