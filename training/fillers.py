"""Fillers for marks: listed and generated names, places and facilities, and surfaces from other notes."""

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from training.lists import listed
from training.notes import Note
from training.people import People

WORD: Final = re.compile(r"[^\W\d_]+")
_ORDER: Final = 3


class SoundAlikes:
    """Generate words that resemble a list, letter by letter, so that no list bounds what is learnt."""

    def __init__(self, words: Iterable[str]) -> None:
        self._next: dict[str, list[str]] = defaultdict(list)
        for word in words:
            padded = "^" * _ORDER + word.lower() + "$"
            for index in range(_ORDER, len(padded)):
                self._next[padded[index - _ORDER : index]].append(padded[index])

    def word(self, rng: random.Random) -> str:
        """Generate one capitalised word of 3 to 12 letters."""
        while True:
            made = "^" * _ORDER
            while not made.endswith("$") and len(made) < 20:
                made += rng.choice(self._next[made[-_ORDER:]])
            word = made[_ORDER:].rstrip("$")
            if 3 <= len(word) <= 12:
                return word.capitalize()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fillers:
    """All fillers; built once for a set of notes.

    Args:
        surfaces: marked texts of the notes, by label of LABELS.md, without repeats.
        name_words: single words of person names, from lists and notes.
        sound_alikes: generates further ones.
    """

    surfaces: dict[str, tuple[str, ...]] = field(repr=False)
    name_words: tuple[str, ...] = field(repr=False)
    sound_alikes: SoundAlikes = field(repr=False)
    given: tuple[str, ...] = field(default=listed("given_names"), repr=False)
    family: tuple[str, ...] = field(default=listed("family_names"), repr=False)
    towns: tuple[str, ...] = field(default=listed("towns"), repr=False)
    streets: tuple[str, ...] = field(default=listed("streets"), repr=False)
    street_types: tuple[str, ...] = field(default=listed("streettypes"), repr=False)
    stems: tuple[str, ...] = field(default=listed("facility_stems"), repr=False)
    kinds: tuple[str, ...] = field(default=listed("facilities"), repr=False)
    holidays: tuple[str, ...] = field(default=listed("holidays"), repr=False)
    people: People = field(default_factory=People.listed, repr=False)

    @classmethod
    def of(cls, notes: Sequence[Note]) -> "Fillers":
        """Collect the surfaces of notes; pass training notes only."""
        surfaces: dict[str, dict[str, None]] = defaultdict(dict)
        for note in notes:
            for mark in note.marks:
                surfaces[mark.label][note.text[mark.start : mark.end]] = None
        of_notes = {w for s in surfaces["NAME"] for w in WORD.findall(s) if len(w) > 2}
        names = {*(w.capitalize() for w in of_notes), *listed("given_names"), *listed("family_names")}
        return cls(
            surfaces={label: tuple(found) for label, found in surfaces.items()},
            name_words=tuple(sorted(names)),
            sound_alikes=SoundAlikes(sorted(names)),
        )

    def name_word(self, rng: random.Random) -> str:
        """One word of a person's name; one in seven is generated."""
        return self.sound_alikes.word(rng) if rng.random() < 0.15 else rng.choice(self.name_words)

    def town(self, rng: random.Random) -> str:
        """A town, county or neighbourhood."""
        town = self.sound_alikes.word(rng) if rng.random() < 0.1 else rng.choice(self.towns)
        return rng.choice(("", "", "", "", "North ", "East ", "Lower ", "Old ")) + town + rng.choice(
            ("", "", "", "", "", "", "", " County", " Twp", " Heights", " Co", " Beach", " Falls")
        )  # fmt: skip

    def street(self, rng: random.Random) -> str:
        """A street address in one of the usual shapes."""
        name = self.name_word(rng) if rng.random() < 0.25 else rng.choice(self.streets)
        if rng.random() < 0.2:
            name = f"{rng.randint(1, 190)}{rng.choice(('th', 'st', 'nd', 'rd'))}"
        kind = rng.choice(self.street_types)
        number = str(rng.randint(1, 10 ** rng.randint(1, 5)))
        unit = rng.choice((" Apt {}", " #{}", ", Unit {}", " apt. {}", " Lot {}", ", Ste {}")).format(
            rng.choice((str(rng.randint(1, 900)), rng.choice("ABCDEFG"), f"{rng.randint(1, 40)}{rng.choice('ABC')}"))
        )
        return rng.choice(
            (
                f"{number} {name} {kind}", f"{number} {name} {kind}", f"{number} {name} {kind}{unit}",
                f"{number} {rng.choice(('N', 'S', 'E', 'W', 'NE', 'SW', 'N.'))} {name} {kind}", f"{number} {name}",
                f"{name} {kind}", f"{name} {kind}", f"RR {rng.randint(1, 9)} Box {number}",
                f"Rural Route {rng.randint(1, 9)}", f"PO Box {number}", f"P.O. Box {number}",
                f"County Road {rng.randint(1, 900)}", f"{number} Hwy {rng.randint(1, 400)}",
                f"{number} State Route {rng.randint(1, 400)}", f"corner of {name} and {rng.choice(self.streets)}",
            )
        )  # fmt: skip

    def facility(self, rng: random.Random) -> str:
        """A hospital, clinic, employer, school or church."""
        stem = rng.choice(
            (
                rng.choice(self.stems), rng.choice(self.stems), rng.choice(self.towns), self.name_word(rng),
                f"{self.name_word(rng)} {rng.choice(('&', 'and', '-'))} {self.name_word(rng)}",
                f"{self.name_word(rng)}'s", f"{rng.choice(self.towns)} {rng.choice(self.stems)}",
            )
        )  # fmt: skip
        kind = rng.choice(self.kinds)
        return rng.choice(
            (
                f"{stem} {kind}", f"{stem} {kind}", f"{stem} {kind}", f"{stem} {kind} of {rng.choice(self.towns)}",
                f"{kind} of {rng.choice(self.towns)}", f"{stem} {kind} at {rng.choice(self.towns)}",
                f"{stem} {kind} - {rng.choice(('North', 'Main', 'Service B', 'Building 2', '4 West'))}",
                f"University of {rng.choice(self.towns)} {kind}", stem,
                "".join(word[0] for word in f"{stem} {kind}".split() if word[0].isalpha()).upper() or stem,
            )
        )  # fmt: skip
