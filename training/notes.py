"""Training notes: texts and marks, with the labels of LABELS.md mapped to the network's."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from llmops.deid.detect.ner.labels import LABELS, OUTSIDE, beginning
from llmops.deid.detect.ner.pieces import Ints, Pieces
from llmops.errors import RecipeError

IGNORED: Final = -100
"""Target of an ignored piece (torch's default ``ignore_index``)."""

_SAME: Final = {"NAME": "NAME", "LOC": "LOC", "ORG": "ORG", "DATE": "DATE", "AGE90": "AGE"}
FREE: Final = frozenset({"ORG_SOFT", "DATE_SOFT", "NAME_SOFT", "LOC_SOFT", "DEVICE_SOFT", "PROF"})
"""Labels excluded from scoring."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark on ``text[start:end]``, with a label of LABELS.md."""

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """An invented note with its marks, disjoint and in order."""

    id: str
    text: str = field(repr=False)
    marks: tuple[Mark, ...] = field(repr=False)


def read_notes(path: Path) -> list[Note]:
    """Read JSONL notes ``{"id", "text", "spans": [{"start", "end", "label"}]}``.

    Raises:
        RecipeError: the file cannot be read as such notes.
    """
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        return [
            Note(
                id=str(row["id"]),
                text=row["text"],
                marks=tuple(
                    Mark(s["start"], s["end"], s["label"]) for s in sorted(row["spans"], key=lambda s: int(s["start"]))
                ),
            )
            for row in rows
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecipeError(f"training notes: cannot be read ({type(error).__name__})") from None


def folds(notes: Sequence[Note], count: int, held_out: int) -> tuple[list[Note], list[Note]]:
    """Split whole notes into a training set and every ``count``-th, from ``held_out`` on, as the test set."""
    kept = [note for index, note in enumerate(notes) if index % count != held_out]
    return kept, [note for index, note in enumerate(notes) if index % count == held_out]


def targets(pieces: Pieces, marks: Iterable[Mark], length: int) -> Ints:
    """Return the target tag of each piece.

    Args:
        pieces: pieces of the marked text.
        marks: disjoint.
        length: text length in code points.
    """
    owner = np.full(length + 1, -1, dtype=np.int64)
    tags: list[int] = []
    for number, mark in enumerate(marks):
        owner[mark.start : mark.end] = number
        label = _SAME.get(mark.label, "ID")
        tags.append(IGNORED if mark.label in FREE else beginning(LABELS.index(label)))
    found = np.full(len(pieces), OUTSIDE, dtype=np.int64)
    previous = -1
    for index, (start, end) in enumerate(zip(pieces.starts.tolist(), pieces.ends.tolist(), strict=True)):
        holders = owner[start:end]
        holders = holders[holders >= 0]
        if not len(holders):
            previous = -1
            continue
        holder = int(holders[0])
        tag = tags[holder]
        found[index] = tag if tag == IGNORED or holder != previous else tag + 1
        previous = holder
    return found
