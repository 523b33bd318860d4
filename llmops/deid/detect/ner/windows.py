"""Cut a long text into windows for the network; each piece is decided once, with context on both sides."""

from dataclasses import dataclass

import numpy as np

from llmops.deid.detect.ner.pieces import Pieces


@dataclass(frozen=True, slots=True)
class Window:
    """Pieces ``[first, last)`` go through the network; it decides those in ``[core_first, core_last)``."""

    first: int
    last: int
    core_first: int
    core_last: int


def windows(pieces: Pieces, *, core: int, context: int) -> list[Window]:
    """Cut pieces into windows with disjoint, covering cores; cores end at a line end where possible.

    Args:
        pieces: pieces of one text.
        core: maximum pieces one window decides.
        context: maximum context pieces before and after the core.
    """
    total = len(pieces)
    line_starts = np.flatnonzero(pieces.lines)
    found: list[Window] = []
    position = 0
    while position < total:
        end = min(total, position + core)
        if end < total:
            candidate = int(line_starts[np.searchsorted(line_starts, end, side="right") - 1])
            end = candidate if candidate > position + core // 2 else _word_start(pieces, end, position)
        found.append(Window(max(0, position - context), min(total, end + context), position, end))
        position = end
    return found


def _word_start(pieces: Pieces, end: int, position: int) -> int:
    """Step back to the first piece of a word, unless the word fills the core."""
    start = int(np.searchsorted(pieces.words, pieces.words[end], side="left"))
    return start if start > position else end
