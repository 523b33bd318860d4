"""Insert sentences with ordinary names, numbers and ages into a note."""

import random
import re
from typing import Final

from training.fillers import Fillers
from training.lists import lines, listed
from training.notes import FREE, Mark, Note

_SENTENCES: Final = lines("sentences")
_SPECIALTIES: Final = listed("specialties")
_HEADS: Final = listed("eponym_heads")
_UNITS: Final = ("Clinic", "Service", "Unit", "Floor", "Department", "Team", "Clinic", "Ward", "Office", "Center")
_MARKED: Final = re.compile(r"\[([^][|]+)\|([A-Z0-9]+)\]")
_FIELD: Final = re.compile(r"\{(\w+)\}")
_BREAK: Final = re.compile(r"\n|(?<=[a-z]\.)  ?(?=[A-Z])")
_BARE_SHARE: Final = 0.4
_OTHER_SHARE: Final = 0.12
_MOST: Final = 3


def inserted(note: Note, fillers: Fillers, rng: random.Random) -> Note:
    """Insert 0 to 3 sentences into a note, more often into one without PHI.

    Args:
        note: any training note.
        fillers: source of people, places and facilities.
        rng: selects sentences and positions.
    """
    bare = all(mark.label in FREE for mark in note.marks)
    if rng.random() >= (_BARE_SHARE if bare else _OTHER_SHARE):
        return note
    for _ in range(rng.randint(1, _MOST)):
        note = _with(note, *sentence(fillers, rng), rng)
    return note


def sentence(fillers: Fillers, rng: random.Random) -> tuple[str, tuple[Mark, ...]]:
    """Make a sentence with its marks."""
    family: list[str] = []

    def filled(match: re.Match[str]) -> str:
        return _filled(match[1], family, fillers, rng)

    made = _FIELD.sub(filled, rng.choice(_SENTENCES))
    text, marks, last = "", [], 0
    for match in _MARKED.finditer(made):
        text += made[last : match.start()]
        marks.append(Mark(len(text), len(text) + len(match[1]), match[2]))
        text += match[1]
        last = match.end()
    return text + made[last:], tuple(marks)


def _filled(name: str, family: list[str], fillers: Fillers, rng: random.Random) -> str:
    """Fill one field; an eponymous disease takes the family name of the sentence."""
    if name in ("g", "gl", "G"):
        return _cased(_given(fillers, rng), name)
    if name in ("f", "fl", "F", "s"):
        if not family:
            family.append(_family(fillers, rng))
        elif name != "s" and rng.random() < 0.3:
            return _cased(_family(fillers, rng), name)
        return rng.choice(_HEADS).replace("{f}", family[0]) if name == "s" else _cased(family[0], name)
    if name in ("i", "il", "I"):
        return _cased(rng.choice("ABCDEFGHJKLMNPRSTW"), name)
    if name in ("u", "ul"):
        return _cased(f"{rng.choice(_SPECIALTIES)} {rng.choice(_UNITS)}", name)
    if name in ("o", "ol"):
        return _cased(fillers.facility(rng), name)
    return str(rng.randint(*_RANGES[name])) if name != "yy" else f"{rng.randint(0, 99):02d}"


_RANGES: Final = {"a": (90, 106), "y": (18, 89), "n": (90, 130), "m": (1, 12), "d": (1, 28)}


def _given(fillers: Fillers, rng: random.Random) -> str:
    words = fillers.people.words(rng)
    return words[0] if words else fillers.name_word(rng)


def _family(fillers: Fillers, rng: random.Random) -> str:
    words = fillers.people.words(rng)
    return words[1] if words else fillers.name_word(rng)


def _cased(word: str, name: str) -> str:
    return word.upper() if name.isupper() else word.lower() if name.endswith("l") else word


def _with(note: Note, text: str, marks: tuple[Mark, ...], rng: random.Random) -> Note:
    """Insert a sentence at a line or sentence break that no mark spans."""
    breaks = [
        match
        for match in _BREAK.finditer(note.text)
        if not any(mark.start < match.end() and match.start() < mark.end for mark in note.marks)
    ]
    if breaks:
        at = rng.choice(breaks)
        place, gap = at.end(), at.group()
    else:
        place, gap = len(note.text), "\n"
        text = gap + text
        marks = tuple(Mark(m.start + 1, m.end + 1, m.label) for m in marks)
    added = text + gap if breaks else text
    shifted = [Mark(m.start + len(added), m.end + len(added), m.label) if m.start >= place else m for m in note.marks]
    shifted += [Mark(m.start + place, m.end + place, m.label) for m in marks]
    return Note(
        id=note.id,
        text=note.text[:place] + added + note.text[place:],
        marks=tuple(sorted(shifted, key=lambda mark: mark.start)),
    )
