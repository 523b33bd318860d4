"""Convert notes to batches of windows, padded to the longest and grouped by length."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from llmops.deid.detect.ner.pieces import SPECIAL_SHAPE, Ints, encode
from training.notes import IGNORED, Note, targets

WINDOW: Final = 190
"""Word pieces per window, without the two special ones."""
SHORT: Final = 40
"""Minimum window length of a truncated note; matches the short doubtful parts of a text."""
_CUT_SHORT: Final = 0.25
CLS: Final = "[CLS]"
SEP: Final = "[SEP]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Arrays of (windows, pieces); padding has id 0, mask False and an ignored target."""

    ids: Ints = field(repr=False)
    shapes: Ints = field(repr=False)
    mask: Any = field(repr=False)
    targets: Ints = field(repr=False)


def training_batches(tokenizer: Any, notes: Sequence[Note], size: int, rng: random.Random) -> list[Batch]:
    """Cut notes into windows at random places and group them by length, in random batch order."""
    rows = [row for note in notes for row in _rows(tokenizer, note, rng)]
    rng.shuffle(rows)
    rows.sort(key=lambda row: len(row[0]) // 8)
    batches = [_padded(rows[start : start + size]) for start in range(0, len(rows), size)]
    rng.shuffle(batches)
    return batches


def _rows(tokenizer: Any, note: Note, rng: random.Random) -> Iterator[tuple[Ints, Ints, Ints]]:
    pieces = encode(tokenizer, note.text)
    tags = targets(pieces, note.marks, len(note.text))
    cls, sep = tokenizer.token_to_id(CLS), tokenizer.token_to_id(SEP)
    longest = rng.randrange(SHORT, WINDOW) if rng.random() < _CUT_SHORT else WINDOW
    first = rng.randrange(longest // 2, longest) if len(pieces) > longest else longest
    start = 0
    while start < len(pieces):
        end = start + first
        ids = np.concatenate(([cls], pieces.ids[start:end], [sep]))
        shapes = np.concatenate(([SPECIAL_SHAPE], pieces.shapes[start:end], [SPECIAL_SHAPE]))
        wanted = np.concatenate(([IGNORED], tags[start:end], [IGNORED]))
        yield ids, shapes, wanted
        start, first = end, longest


def _padded(rows: Sequence[tuple[Ints, Ints, Ints]]) -> Batch:
    length = max(len(ids) for ids, _, _ in rows)
    found = Batch(
        ids=np.zeros((len(rows), length), dtype=np.int64),
        shapes=np.full((len(rows), length), SPECIAL_SHAPE, dtype=np.int64),
        mask=np.zeros((len(rows), length), dtype=bool),
        targets=np.full((len(rows), length), IGNORED, dtype=np.int64),
    )
    for number, (ids, shapes, wanted) in enumerate(rows):
        found.ids[number, : len(ids)] = ids
        found.shapes[number, : len(ids)] = shapes
        found.mask[number, : len(ids)] = True
        found.targets[number, : len(ids)] = wanted
    return found
