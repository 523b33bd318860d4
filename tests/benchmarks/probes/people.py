"""Names for probes: by population frequency, of many origins, and names that are words.

Frequencies: US Census Bureau, 1990 (public domain). ``male``, ``female``: given names, per 100,000 of that sex.
``rare``: surnames drawn by frequency from those after the 5,000 most common, which no frequency list holds.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import training

DATA = files("tests.benchmarks.probes") / "data"
CLASSES = ("common", "rare", "diverse", "words")


@dataclass(frozen=True, slots=True)
class Person:
    given: str
    middle: str
    family: str
    male: bool


def draw(kind: str, rng: random.Random, *, male: bool | None = None) -> Person:
    """Draw a person of a class of `CLASSES`, of either sex unless given."""
    man = rng.random() < 0.5 if male is None else male
    if kind == "diverse":
        origin = rng.choice(_origins())
        given = origin[0 if man else 1]
        return Person(rng.choice(given), rng.choice(given), rng.choice(origin[2]), man)
    if kind == "words":
        words = _words()
        given = words["male" if man else "female"]
        return Person(rng.choice(given), rng.choice(given), rng.choice(words["family"]), man)
    given, middle = _weighted("male" if man else "female", rng), _weighted("male" if man else "female", rng)
    family = rng.choice(lines("rare")) if kind == "rare" else _weighted("census_family", rng)
    return Person(given, middle, family, man)


@cache
def lines(name: str) -> tuple[str, ...]:
    """The non-empty lines of a data file."""
    return tuple(line for line in (DATA / f"{name}.txt").read_text(encoding="utf-8").splitlines() if line)


def _weighted(name: str, rng: random.Random) -> str:
    names, counts = _frequencies(name)
    return rng.choices(names, cum_weights=counts)[0]


@cache
def _frequencies(name: str) -> tuple[Sequence[str], Sequence[int]]:
    if name == "census_family":
        text = (files(training) / "lists" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    else:
        text = list(lines(name))
    names, total, counts = [], 0, []
    for line in text:
        word, count = line.split()
        total += int(count)
        names.append(word)
        counts.append(total)
    return names, counts


@cache
def _origins() -> list[list[list[str]]]:
    return [[part.split() for part in line.split(";")[1:]] for line in lines("diverse")]


@cache
def _words() -> dict[str, list[str]]:
    return {name: words.split() for name, words in (line.split(": ") for line in lines("words"))}
