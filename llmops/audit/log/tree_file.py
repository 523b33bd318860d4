"""Tree nodes stored beside a stream, so that a proof reads a few kilobytes of a log of any length.

``<stream>.tree`` holds one record per 256 events: where their lines end, the root over them, and the root of the
largest complete subtree that ends with them. It is a shortcut and proves nothing: results are checked against a
signed root, and without a correct tree file the whole log is read instead.
"""

import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Final, TypeAlias

from llmops.audit import layout
from llmops.audit.log import segments
from llmops.audit.log.merkle import Frontier, leaf_hash, node_hash, root_of
from llmops.plain_files import open_file, read_file

WIDTH: Final = 256
Span: TypeAlias = tuple[int, int]
_RECORD: Final = struct.Struct(">Q32s32s")


class TreeWriter:
    """Writes the tree file as a stream grows; a disk error ends the tree file, never the stream."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._leaves: list[bytes] = []
        self._blocks = Frontier()
        self._end = 0
        self._descriptor = -1
        self._held: list[bytes] = []

    def open(self) -> None:
        """Replace an earlier tree file with the nodes so far, and continue it."""
        with suppress(OSError):
            self._descriptor = open_file(self._path, os.O_RDWR | os.O_CREAT)
            held = b"".join(self._held)
            if os.pread(self._descriptor, len(held) + 1, 0) != held:
                os.ftruncate(self._descriptor, 0)
                self._write(held)
            os.lseek(self._descriptor, 0, os.SEEK_END)
        self._held.clear()

    def add(self, leaf: bytes, size: int) -> None:
        """Add one event, of ``size`` bytes with its line end."""
        self._leaves.append(leaf)
        self._end += size
        if len(self._leaves) == WIDTH:
            block = root_of(self._leaves)
            self._leaves.clear()
            self._blocks.append(block)
            record = _RECORD.pack(self._end, block, self._blocks.newest)
            if self._descriptor < 0:
                self._held.append(record)
            else:
                self._write(record)

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _write(self, data: bytes) -> None:
        try:
            whole = os.write(self._descriptor, data) == len(data)
        except OSError:
            whole = False
        if not whole:
            self.close()
            self._path.unlink(missing_ok=True)


class TreeReader:
    """Computes roots over ranges of a stream, from the tree file as far as it goes and from the events."""

    def __init__(self, directory: Path, stream: str) -> None:
        self._directory, self._stream = directory, stream
        self._tree = b""
        with suppress(OSError):
            self._tree = read_file(layout.tree_file(directory, stream))
        self._blocks = len(self._tree) // _RECORD.size

    def covers(self, size: int) -> bool:
        """Whether the tree file covers all but a few events."""
        return self._blocks >= size // WIDTH

    def line(self, index: int) -> bytes:
        """Return the event at a position, without line end; empty if there is none."""
        return next(self._lines(index, index + 1), b"")

    def root(self, start: int, end: int) -> bytes:
        """Return the root over events ``[start, end)``."""
        parts: list[tuple[int, bytes]] = []
        while start < end:
            width = min(start & -start or 1 << 62, 1 << ((end - start).bit_length() - 1))
            parts.append((width, self._complete(start, width)))
            start += width
        node = parts[-1][1]
        for _, left in reversed(parts[:-1]):
            node = node_hash(left, node)
        return node

    def _complete(self, start: int, width: int) -> bytes:
        """Return the root of a complete subtree: ``width`` is a power of two and divides ``start``."""
        last = (start + width) // WIDTH
        if width < WIDTH or last > self._blocks:
            return root_of([leaf_hash(line) for line in self._lines(start, start + width)])
        _, block, largest = self._record(last - 1)
        if width == WIDTH:
            return block
        if (start // width) % 2 == 0:
            return largest
        half = width // 2
        return node_hash(self._complete(start, half), self._complete(start + half, half))

    def _record(self, block: int) -> tuple[int, bytes, bytes]:
        end, own, largest = _RECORD.unpack_from(self._tree, block * _RECORD.size)
        return int(end), bytes(own), bytes(largest)

    def _lines(self, start: int, end: int) -> Iterator[bytes]:
        """Yield events ``[start, end)`` without line ends."""
        block = min(start // WIDTH, self._blocks)
        events = segments.lines(self._directory, self._stream, self._record(block - 1)[0] if block else 0)
        skip = start - block * WIDTH
        return (line.removesuffix(b"\n") for line in islice(events, skip, skip + end - start))


def roots(directory: Path, stream: str, spans: Sequence[Span], size: int) -> Iterator[tuple[bytes, ...]]:
    """Yield the roots over ranges of a stream's first ``size`` events twice: first the quick answer, then the exact.

    The first answer may come from a wrong tree file: if its proof fails, the caller takes the second. The ranges must
    not overlap.

    Raises:
        OSError: the stream cannot be read.
    """
    tree = TreeReader(directory, stream)
    if tree.covers(size):
        yield tuple(tree.root(start, end) for start, end in spans)
    found = _in_one_pass(islice(segments.lines(directory, stream), size), spans)
    yield tuple(found[span] for span in spans)


def _in_one_pass(lines: Iterator[bytes], spans: Sequence[Span]) -> dict[Span, bytes]:
    parts = {span: Frontier() for span in spans}
    in_order = sorted(parts)
    for position, line in enumerate(lines):
        while in_order and in_order[0][1] <= position:
            in_order.pop(0)
        if in_order and in_order[0][0] <= position:
            parts[in_order[0]].append(leaf_hash(line.removesuffix(b"\n")))
    return {span: part.root() for span, part in parts.items()}
