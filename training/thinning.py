"""Derive texts that are more common in hospitals: with little PHI, and short ones."""

import random
from collections.abc import Iterator, Sequence
from typing import Final

from training.notes import FREE, Mark, Note

_KEPT: Final = 0.3
"""Share of the lines with PHI that are kept."""
_SHORT: Final = (40, 400)
"""Minimum characters of a snippet."""


def thinned(notes: Sequence[Note], rng: random.Random) -> Iterator[Note]:
    """Yield for each note with PHI one with some of its lines placed inside a note without.

    Notes written to hold PHI hold much of it; most hospital documents hold little.

    Args:
        notes: with and without PHI.
        rng: selects lines and positions.
    """
    bare = [note.text.split("\n") for note in notes if not _marked(note)]
    for note in filter(_marked, notes):
        lines = list(_lines(note))
        some = [line for line in lines if not line[1] or rng.random() < _KEPT]
        if not any(marks for _, marks in some):
            some = [rng.choice([line for line in lines if line[1]])]
        around = rng.choice(bare) if bare else []
        cut = rng.randrange(len(around) + 1)
        mixed = [(text, ()) for text in around[:cut]], some, [(text, ()) for text in around[cut:]]
        yield _joined(f"{note.id}/thinned", [line for part in mixed for line in part])


def snippets(notes: Sequence[Note], rng: random.Random) -> Iterator[Note]:
    """Yield a few adjacent lines of each note: a message, a form field, a query."""
    for note in notes:
        lines = list(_lines(note))
        start, wanted = rng.randrange(len(lines)), rng.randrange(*_SHORT)
        some: list[tuple[str, tuple[Mark, ...]]] = []
        for line in lines[start:]:
            some.append(line)
            if sum(len(text) for text, _ in some) > wanted:
                break
        yield _joined(f"{note.id}/snippet", some)


def _marked(note: Note) -> bool:
    return any(mark.label not in FREE for mark in note.marks)


def _lines(note: Note) -> Iterator[tuple[str, tuple[Mark, ...]]]:
    """Yield lines with their marks; lines spanned by one mark stay together."""
    start = 0
    for end in [n for n, character in enumerate(note.text) if character == "\n"] + [len(note.text)]:
        if any(mark.start < end < mark.end for mark in note.marks):
            continue
        marks = tuple(
            Mark(mark.start - start, mark.end - start, mark.label) for mark in note.marks if start <= mark.start < end
        )
        yield note.text[start:end], marks
        start = end + 1


def _joined(note_id: str, lines: Sequence[tuple[str, Sequence[Mark]]]) -> Note:
    text, marks = "", []
    for line, of_line in lines:
        marks += [Mark(mark.start + len(text), mark.end + len(text), mark.label) for mark in of_line]
        text += line + "\n"
    return Note(id=note_id, text=text, marks=tuple(marks))
