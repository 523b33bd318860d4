"""Raise some patients' ages above 89: few notes have such an age, and only those are marked."""

import random
import re
from typing import Final

from training.notes import Mark, Note

_AGE: Final = re.compile(
    r"(?<![\w/.#-])(?<!x )[1-8]\d(?=(?:[ -]?(?:y[/.]?o\b|yrs?\b|years?[ -]old\b|y\b|[MF]\b|f\b)|-year-old\b| y/o\b))"
    r"|(?<=\b[Aa]ge )[1-8]\d\b|(?<=\baged )[1-8]\d\b"
)


def aged(note: Note, share: float, rng: random.Random) -> Note:
    """Replace some unmarked ages of a note by marked ones of 90 to 104; equal numbers change together.

    Args:
        note: any training note.
        share: share of the ages to replace.
        rng: selects the ages.
    """
    turned: dict[str, str] = {}
    inside = [range(mark.start, mark.end) for mark in note.marks]
    marks = list(note.marks)
    text = note.text
    shift = 0
    for match in _AGE.finditer(note.text):
        if any(match.start() in span for span in inside):
            continue
        age = match.group()
        if age not in turned:
            turned[age] = str(rng.randint(90, 104)) if rng.random() < share else age
        if turned[age] == age:
            continue
        start, new = match.start() + shift, turned[age]
        text = text[:start] + new + text[start + len(age) :]
        moved = len(new) - len(age)
        marks = [Mark(m.start + moved, m.end + moved, m.label) if m.start > start else m for m in marks]
        marks.append(Mark(start, start + len(new), "AGE90"))
        shift += moved
    return Note(id=note.id, text=text, marks=tuple(sorted(marks, key=lambda mark: mark.start)))
