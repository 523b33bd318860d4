"""Damage a note as typists, scanners and line wrapping do, and keep its marks in place."""

import random
from collections.abc import Callable
from typing import Final

from training.notes import Mark, Note

Change = Callable[[str, int, random.Random], str]
"""Return the replacement for the character at an index: the character, another, several or none."""

_LOOK_ALIKES: Final = {
    "0": "O", "O": "0", "1": "l", "l": "1", "I": "l", "5": "S", "S": "5", "8": "B", "B": "8", "2": "Z", "6": "G",
    "e": "c", "c": "e", "a": "o", "n": "ri", "m": "rn", "u": "ii", "h": "b", "t": "f", "i": "í", "g": "q", "d": "cl",
}  # fmt: skip


def damage(note: Note, rng: random.Random) -> Note:
    """Damage a note in 0 to 2 ways, most often 0."""
    for _ in range(rng.choice((0, 0, 0, 1, 1, 2))):
        note = changed(note, rng.choice(_CHANGES), rng)
    return note


def changed(note: Note, change: Change, rng: random.Random) -> Note:
    """Apply a change to each character of a note; drop marks that become empty."""
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
    """Lower-case the text."""
    return text[index].lower()


def upper(text: str, index: int, rng: random.Random) -> str:  # noqa: ARG001
    """Upper-case the text."""
    return text[index].upper()


def scanned(text: str, index: int, rng: random.Random) -> str:
    """Confuse characters that scanners confuse, and drop a few."""
    chance = rng.random()
    if chance < 0.03:
        return _LOOK_ALIKES.get(text[index], text[index])
    return "" if chance < 0.033 and text[index] != "\n" else text[index]


def run_together(text: str, index: int, rng: random.Random) -> str:
    """Drop spaces between words."""
    return "" if text[index] == " " and rng.random() < 0.04 else text[index]


def spread(text: str, index: int, rng: random.Random) -> str:
    """Double spaces, and replace spaces by tabs."""
    if text[index] == " " and rng.random() < 0.08:
        return rng.choice(("  ", "\t", "    "))
    return text[index]


def wrapped(text: str, index: int, rng: random.Random) -> str:
    """Break lines in the middle of sentences."""
    return "\n" if text[index] == " " and rng.random() < 0.06 else text[index]


def joined(text: str, index: int, rng: random.Random) -> str:
    """Drop line breaks."""
    return " " if text[index] == "\n" and rng.random() < 0.6 else text[index]


def mistyped(text: str, index: int, rng: random.Random) -> str:
    """Double, drop and swap letters, and drop punctuation."""
    chance = rng.random()
    if text[index].isalpha() and chance < 0.01:
        return rng.choice(("", text[index] * 2, rng.choice("etaoinsr")))
    return "" if text[index] in ".,:;" and chance < 0.15 else text[index]


def dictated(text: str, index: int, rng: random.Random) -> str:  # noqa: ARG001
    """Lower-case and drop punctuation, like dictated speech; separators between digits stay."""
    if text[index] in ".,:;()" and not (text[index - 1 : index].isdigit() and text[index + 1 : index + 2].isdigit()):
        return ""
    return text[index].lower()


_CHANGES: Final[tuple[Change, ...]] = (
    lower, lower, dictated, dictated, upper, scanned, run_together, spread, wrapped, joined, mistyped,
)  # fmt: skip
