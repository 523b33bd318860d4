r"""Probe texts: frames of the data files, filled in.

A line of a frame file is a text (``\n`` and ``\t`` are escapes) with ``$fields``; a line ``# kind`` names the lines
that follow. Names, ages and ``‹...›`` must be masked, numbers and ``«...»`` must be kept, telephone numbers are free.
"""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from tests.benchmarks.probes.people import Person, draw, lines

MASKED, STANDS, FREE = "masked", "stands", "free"
_FIELD = re.compile(r"\$(\w+)|([«‹])([^»›]*)[»›]")
_WOMAN = re.compile(r"\b(?:Mrs|Ms)\. |\bSister ")
_MAN = re.compile(r"\bMr\. ")


@dataclass(frozen=True, slots=True)
class Probe:
    """A text with the parts that must be masked or kept.

    Args:
        kind: kind of the frame.
        parts: ``(start, end, MASKED | STANDS | FREE)``, in order, disjoint.
        own: range of the probe in ``text``.
    """

    kind: str
    text: str
    parts: tuple[tuple[int, int, str], ...] = ()
    own: tuple[int, int] = (0, 0)

    def shifted(self, before: str, after: str) -> "Probe":
        """The same probe inside a larger text."""
        moved = tuple((start + len(before), end + len(before), must) for start, end, must in self.parts)
        return Probe(self.kind, before + self.text + after, moved, (len(before), len(before) + len(self.text)))

    def beside(self) -> list[int]:
        """Positions of letters and digits of the probe's own text outside any part."""
        taken = {i for start, end, _ in self.parts for i in range(start, end)}
        return [i for i in range(*self.own) if i not in taken and self.text[i].isalnum()]


@cache
def frames(name: str) -> tuple[tuple[str, str], ...]:
    """The ``(kind, frame)`` pairs of a data file."""
    kind, found = "", []
    for line in lines(name):
        if line.startswith("# "):
            kind = line[2:]
        else:
            found.append((kind, line.replace("\\n", "\n").replace("\\t", "\t")))
    return tuple(found)


def of_names(kind: str, count: int, rng: random.Random) -> Iterator[Probe]:
    """Frames in rotation, each with a person of a class."""
    for sort, frame in _in_turn(frames("frames"), count, rng):
        male = False if _WOMAN.search(frame) else True if _MAN.search(frame) else None
        yield _filled(sort, frame, _fields_of(draw(kind, rng, male=male), rng))


def of_numbers(count: int, rng: random.Random) -> Iterator[Probe]:
    """Clinical numbers that look like ages over 89; all must be kept."""
    for sort, frame in _in_turn(frames("numbers"), count, rng):
        numbers = {"n": str(rng.randint(90, 130)), "s": str(rng.randint(90, 99)), "t": f"{rng.uniform(96, 104):.1f}"}
        if not any(f"${key}" in frame for key in numbers):
            yield _whole(sort, frame)
        else:
            yield _filled(sort, frame, {key: (value, STANDS) for key, value in numbers.items()})


def of_ages(count: int, rng: random.Random) -> Iterator[Probe]:
    """True ages over 89."""
    for sort, frame in _in_turn(frames("ages"), count, rng):
        ones = rng.choice(("one", "two", "three", "four", "five", "six", "seven", "eight", "nine"))
        ordinal = {
            "one": "first",
            "two": "second",
            "three": "third",
            "five": "fifth",
            "eight": "eighth",
            "nine": "ninth",
        }
        fields = {
            "age": (str(rng.choice((*range(90, 100), *range(90, 106)))), MASKED),
            "ageword": (rng.choice((f"ninety-{ones}", f"ninety {ones}", "ninety")), MASKED),
            "ageord": (f"ninety-{ordinal.get(ones, ones + 'th')}", MASKED),
        }
        probe = _filled(sort, frame, fields)
        yield probe if probe.parts else _filled(sort, _OLD_AGE.sub(r"‹\g<0>›", frame), {})


_OLD_AGE = re.compile(r"(?:late )?nineties|centenarian|nonagenarian")


def of_charts(count: int, rng: random.Random) -> Iterator[Probe]:
    """Common chart content that must be kept, and list numbers beside dates."""
    for sort, frame in _in_turn(frames("charts"), count, rng):
        if "‹" in frame or "«" in frame:
            yield _filled(sort, frame, {})
        else:
            yield _whole(sort, frame)


def of_eponyms(count: int, rng: random.Random, *, beside: bool) -> Iterator[Probe]:
    """Eponyms alone, or in one text with a person of the same surname."""
    for _, frame in _in_turn([("", line) for line in lines("eponyms")], count, rng):
        surname, eponym, said = (part.strip() for part in frame.split("|"))
        said = said.replace("@", f"«{eponym}»")
        if not beside:
            yield _filled("eponym alone", said[0].upper() + said[1:], {})
            continue
        somebody = draw("common", rng)
        person = Person(somebody.given, somebody.middle, surname, somebody.male)
        about = rng.choice(lines("frames_beside"))
        both = [about, said]
        rng.shuffle(both)
        yield _filled("eponym beside a person", "\n".join(both), _fields_of(person, rng))


def _in_turn(pool: Sequence[tuple[str, str]], count: int, rng: random.Random) -> Iterator[tuple[str, str]]:
    waiting: list[tuple[str, str]] = []
    for _ in range(count):
        waiting = waiting or rng.sample(pool, len(pool))
        yield waiting.pop()


def _fields_of(person: Person, rng: random.Random) -> dict[str, tuple[str, str]]:
    """Text of each field of a frame, and whether it must be masked."""
    given, middle, family, man = person.given, person.middle, person.family, person.male
    full, initial = f"{given} {family}", f"{given} {middle[0]}. {family}"
    names = {
        "full": full, "mi": initial, "mid": f"{given} {middle} {family}", "first": given, "last": family,
        "comma": f"{family}, {given}", "commami": f"{family}, {given} {middle[0]}", "lower": full.lower(),
        "upper": full.upper(), "uppermi": initial.upper(), "uppercomma": f"{family}, {given}".upper(),
        "lastupper": family.upper(),
    }  # fmt: skip
    words = {
        "old": str(rng.randint(19, 88)), "male": ("female", "male")[man], "man": ("woman", "man")[man],
        "sex": ("F", "M")[man], "he": ("she", "he")[man], "his": ("her", "his")[man], "His": ("Her", "His")[man],
        "him": ("her", "him")[man], "Mr": rng.choice(("Mr.",) if man else ("Mrs.", "Ms.")),
    }  # fmt: skip
    relatives = {
        "husband": ("wife", "husband"), "son": ("daughter", "son"), "brother": ("sister", "brother"),
        "father": ("mother", "father"), "grandson": ("granddaughter", "grandson"), "daughter": ("daughter", "son"),
    }  # fmt: skip
    return {
        **{key: (value, MASKED) for key, value in names.items()},
        **{key: (value, "") for key, value in words.items()},
        **{key: (value[man], "") for key, value in relatives.items()},
        "phone": (f"({rng.randint(201, 989)}) 555-01{rng.randint(10, 99)}", FREE),
    }


def _whole(kind: str, text: str) -> Probe:
    return Probe(kind, text, ((0, len(text), STANDS),), (0, len(text)))


def _filled(kind: str, frame: str, fields: dict[str, tuple[str, str]]) -> Probe:
    text, parts, done = "", [], 0
    for match in _FIELD.finditer(frame):
        text += frame[done : match.start()]
        key = match[1] or ""
        # `$ageM`: the longest field that is a prefix of the letters.
        key = next((key[:end] for end in range(len(key), 0, -1) if key[:end] in fields), "")
        value, must = fields[key] if key else (match[3] or match[0], STANDS if match[2] == "«" else MASKED)
        if match[1] and not key:
            value, must = match[0], ""
        if must:
            parts.append((len(text), len(text) + len(value), must))
        text += value
        done = match.start(1) + len(key) if key else match.end()
    text += frame[done:]
    return Probe(kind, text, tuple(parts), (0, len(text)))
