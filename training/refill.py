"""Replace every mark's text by one of the same shape, so that the network learns context, not surfaces."""

import random
import re
from collections.abc import Callable
from typing import Final

from training.fillers import WORD, Fillers
from training.notes import FREE, Mark, Note

_PARTICLES: Final = frozenset(
    ("de", "da", "del", "della", "di", "van", "von", "der", "den", "ter", "la", "le", "los", "las", "el", "al", "bin",
     "ibn", "bint", "y", "e", "jr", "sr", "ii", "iii", "dos", "du")
)  # fmt: skip
_MONTHS: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "sept",
)  # fmt: skip
_NUMBER: Final = re.compile(r"\d+")
_TEENS: Final = ("ninety", "ninety-one", "ninety-two", "ninety-three", "ninety-four", "ninety-five", "ninety-six",
                 "ninety-seven", "ninety-eight", "ninety-nine", "one hundred", "a hundred and one",
                 "one hundred and two", "hundred and three")  # fmt: skip


def refill(note: Note, fillers: Fillers, rng: random.Random) -> Note:
    """Re-fill all marks; equal name words get equal replacements.

    Args:
        note: any training note.
        fillers: source of replacements.
        rng: source of all choices.
    """
    names: dict[str, str] = {}
    pieces: list[str] = []
    marks: list[Mark] = []
    position = length = 0
    for mark in note.marks:
        between = note.text[position : mark.start]
        surface = new_surface(note.text[mark.start : mark.end], mark.label, fillers, names, rng)
        pieces += [between, surface]
        start = length + len(between)
        length = start + len(surface)
        marks.append(Mark(start, length, mark.label))
        position = mark.end
    return Note(id=note.id, text="".join([*pieces, note.text[position:]]), marks=tuple(marks))


def new_surface(surface: str, label: str, fillers: Fillers, names: dict[str, str], rng: random.Random) -> str:
    """Make a replacement for a surface; free labels keep theirs.

    Args:
        surface: marked text.
        label: label of LABELS.md.
        fillers: source of replacements.
        names: name words replaced so far in this note; extended here.
        rng: source of all choices.
    """
    if label in FREE or label == "IP":
        return surface
    if label == "NAME":
        return _name(surface, fillers, names, rng)
    if label in ("EMAIL", "URL"):
        return _scramble(_letters(surface, fillers, rng, 0.5), rng, letters=False)
    made = _MAKERS.get(label, _identifier)(surface, label, fillers, rng)
    return like_case(made, surface) if label != "DATE" else made


def like_case(word: str, model: str) -> str:
    """Copy the letter case of a model word that is all upper or all lower case."""
    letters = [c for c in model if c.isalpha()]
    if len(letters) > 1 and all(c.isupper() for c in letters):
        return word.upper()
    if letters and all(c.islower() for c in letters):
        return word.lower()
    return word


def _name(surface: str, fillers: Fillers, names: dict[str, str], rng: random.Random) -> str:
    initials = [c for c in surface if c.isalpha()]
    if len(initials) <= 3 and " " not in surface.strip() and not (len(initials) == 3 and surface.istitle()):
        return "".join(_letter(c, rng) if c.isalpha() else c for c in surface)
    if rng.random() < 0.05:
        return like_case(rng.choice(fillers.surfaces["NAME"]), surface)

    person = fillers.people.words(rng)
    places = [match.start() for match in WORD.finditer(surface) if _is_name_word(match.group())]
    comma = surface.find(",")

    def word(match: re.Match[str]) -> str:
        old = match.group()
        if old.lower() in _PARTICLES:
            return old
        if not _is_name_word(old):
            return "".join(_letter(c, rng) for c in old)
        key = old.lower()
        if key not in names:
            first = match.start() == places[0]
            family = comma > match.start() if comma > 0 else not first or (len(places) == 1 and rng.random() < 0.5)
            names[key] = person[int(family)] if person else fillers.name_word(rng)
        return like_case(names[key], old)

    return re.sub(r"\d", lambda _: str(rng.randint(0, 9)), WORD.sub(word, surface))


def _is_name_word(word: str) -> bool:
    """Whether a word of a name is more than a particle or initials."""
    return word.lower() not in _PARTICLES and not (len(word) <= 2 and word.isupper())


def _letter(model: str, rng: random.Random) -> str:
    letter = rng.choice("abcdefghijklmnopqrstuvwyz")
    return letter.upper() if model.isupper() else letter


def _place(surface: str, label: str, fillers: Fillers, rng: random.Random) -> str:
    if re.fullmatch(r"[\dOlI]{5}(-\d{4})?", surface):
        return _scramble(surface, rng)
    if rng.random() < 0.35:
        same = [s for s in rng.choices(fillers.surfaces[label], k=12) if s[0].isdigit() == surface[0].isdigit()]
        return same[0] if same else surface
    if surface[0].isdigit() and " " in surface:
        return fillers.street(rng)
    if any(c.isdigit() for c in surface):
        return _scramble(surface, rng)
    return fillers.town(rng)


def _facility(surface: str, label: str, fillers: Fillers, rng: random.Random) -> str:
    if len(surface) <= 5 and surface.isalpha() and rng.random() < 0.8:
        return "".join(_letter(c, rng) for c in surface)
    return rng.choice(fillers.surfaces[label]) if rng.random() < 0.45 else fillers.facility(rng)


def _date(surface: str, label: str, fillers: Fillers, rng: random.Random) -> str:
    chance = rng.random()
    numeric = not any(c.isalpha() for c in surface)
    if chance < 0.12 and not numeric:
        return like_case(rng.choice(fillers.holidays), surface)
    if chance < 0.25:
        same = [s for s in rng.choices(fillers.surfaces[label], k=8) if any(c.isalpha() for c in s) != numeric]
        return same[0] if same else surface
    if chance < 0.32 and len(surface) > 6:
        return _written_date(rng)

    def number(match: re.Match[str]) -> str:
        digits = match.group()
        if len(digits) == 4 and digits[:2] in ("19", "20"):
            return str(rng.randint(1925, 2026))
        if len(digits) > 2:
            return _scramble(digits, rng)
        top = 12 if match.start() == 0 and numeric else 28
        value = rng.randint(1, top if int(digits) < 32 else 99)
        return f"{value:02d}" if len(digits) == 2 else str(value if rng.random() < 0.35 else rng.randint(1, 9))

    def word(match: re.Match[str]) -> str:
        old = match.group()
        if old.lower() not in _MONTHS:
            return old
        at = _MONTHS.index(old.lower())
        new = rng.choice(_MONTHS[:12] if at < 12 and len(old) > 3 else _MONTHS[12:24])
        return new.upper() if old.isupper() else new if old.islower() else new.capitalize()

    return WORD.sub(word, _NUMBER.sub(number, surface))


def _written_date(rng: random.Random) -> str:
    day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(1925, 2026)
    full, short = _MONTHS[month - 1].capitalize(), _MONTHS[month + 11].capitalize()
    return rng.choice(
        (
            f"{month}/{day}/{year}", f"{month:02d}/{day:02d}/{year % 100:02d}", f"{month}-{day}-{year % 100:02d}",
            f"{year}-{month:02d}-{day:02d}", f"{day}.{month}.{year}", f"{day} {full} {year}", f"{full} {day}, {year}",
            f"{short} {day} {year}", f"{day}-{short}-{year}", f"{day:02d}{short.upper()}{year}", f"{full} {year}",
            f"{short} '{year % 100:02d}", f"{year}{month:02d}{day:02d}", f"{day}{rng.choice(('st', 'th'))} of {full}",
            f"{full} {day}{rng.choice(('st', 'nd', 'th'))}", f"{month}/{year}", f"the {day}th", f"{day}/{month}",
        )
    )  # fmt: skip


def _age(surface: str, _label: str, _fillers: Fillers, rng: random.Random) -> str:
    return str(rng.randint(90, 109)) if any(c.isdigit() for c in surface) else rng.choice(_TEENS)


def _identifier(surface: str, label: str, fillers: Fillers, rng: random.Random) -> str:
    if rng.random() < 0.15:
        return rng.choice(fillers.surfaces[label])
    if rng.random() < 0.1:
        surface = re.sub(r"(?<=\w)[-. ](?=\w)", rng.choice(("-", " ", "", ".")), surface)
    return _scramble(_letters(surface, fillers, rng, 0.4), rng)


def _letters(surface: str, fillers: Fillers, rng: random.Random, share: float) -> str:
    """Replace some of the longer letter runs of a path, address or code by name words."""
    return re.sub(
        r"[^\W\d_]{4,}",
        lambda m: like_case(fillers.name_word(rng), m.group()) if rng.random() < share else m.group(),
        surface,
    )


def _scramble(surface: str, rng: random.Random, *, letters: bool = True) -> str:
    """Change the digits, and the letters of short capital runs; separators stay."""
    digits = re.sub(r"\d", lambda _: rng.choice("0123456789"), surface)
    if not letters:
        return digits
    return re.sub(r"(?<![A-Za-z])[A-Z]{1,3}(?![a-z])", lambda m: "".join(_letter(c, rng) for c in m.group()), digits)


_MAKERS: Final[dict[str, Callable[[str, str, Fillers, random.Random], str]]] = {
    "LOC": _place,
    "ORG": _facility,
    "DATE": _date,
    "AGE90": _age,
}
