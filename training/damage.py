"""Damages a note the way typists, scanners and line wrapping do, and keeps its marks in place."""

import random
from collections.abc import Callable
from typing import Final

from training.notes import Mark, Note

Change = Callable[[str, int, random.Random], str]
"""Gives what stands in a text at an index after the damage: the character, another, several or none."""

_LOOK_ALIKES: Final = {
    "0": "O", "O": "0", "1": "l", "l": "1", "I": "l", "5": "S", "S": "5", "8": "B", "B": "8", "2": "Z", "6": "G",
    "e": "c", "c": "e", "a": "o", "n": "ri", "m": "rn", "u": "ii", "h": "b", "t": "f", "i": "í", "g": "q", "d": "cl",
}  # fmt: skip


def damage(note: Note, rng: random.Random) -> Note:
    """Damage a note in zero to two ways, most often none."""
    for _ in range(rng.choice((0, 0, 0, 1, 1, 2))):
        note = changed(note, rng.choice(_CHANGES), rng)
    return note


def changed(note: Note, change: Change, rng: random.Random) -> Note:
    """Apply one change to each character of a note; a mark of which nothing is left is dropped."""
    moved = [0]
    made: list[str] = []
    for index in range(len(note.text)):
        new = change(note.text, index, rng)
        made.append(new)
        moved.append(moved[-1] + len(new))
    marks = tuple(
        Mark(moved[mark.start], moved[mark.end], mark.label)
        for mark in note.marks
        if moved[mark.start] < moved[mark.end]
    )
    return Note(id=note.id, text="".join(made), marks=marks)


def lower(text: str, index: int, rng: random.Random) -> str:  # noqa: ARG001 - every change has this signature
    """Lower case throughout."""
    return text[index].lower()


def upper(text: str, index: int, rng: random.Random) -> str:  # noqa: ARG001
    """Capitals throughout."""
    return text[index].upper()


def scanned(text: str, index: int, rng: random.Random) -> str:
    """Characters that a scanner takes for one another, and a few lost ones."""
    chance = rng.random()
    if chance < 0.03:
        return _LOOK_ALIKES.get(text[index], text[index])
    return "" if chance < 0.033 and text[index] != "\n" else text[index]


def run_together(text: str, index: int, rng: random.Random) -> str:
    """Spaces lost between words."""
    return "" if text[index] == " " and rng.random() < 0.04 else text[index]


def spread(text: str, index: int, rng: random.Random) -> str:
    """Spaces doubled and tabs for spaces."""
    if text[index] == " " and rng.random() < 0.08:
        return rng.choice(("  ", "\t", "    "))
    return text[index]


def wrapped(text: str, index: int, rng: random.Random) -> str:
    """Lines broken in the middle of sentences."""
    return "\n" if text[index] == " " and rng.random() < 0.06 else text[index]


def joined(text: str, index: int, rng: random.Random) -> str:
    """Line breaks lost."""
    return " " if text[index] == "\n" and rng.random() < 0.6 else text[index]


def mistyped(text: str, index: int, rng: random.Random) -> str:
    """Doubled, lost and swapped letters, and lost punctuation."""
    chance = rng.random()
    if text[index].isalpha() and chance < 0.01:
        return rng.choice(("", text[index] * 2, rng.choice("etaoinsr")))
    return "" if text[index] in ".,:;" and chance < 0.15 else text[index]


def dictated(text: str, index: int, rng: random.Random) -> str:  # noqa: ARG001
    """Lower case without punctuation, as speech is written down; what parts digits stays."""
    if text[index] in ".,:;()" and not (text[index - 1 : index].isdigit() and text[index + 1 : index + 2].isdigit()):
        return ""
    return text[index].lower()


_CHANGES: Final[tuple[Change, ...]] = (
    lower, lower, dictated, dictated, upper, scanned, run_together, spread, wrapped, joined, mistyped,
)  # fmt: skip
