"""The probes: same seed, same texts; what must be masked or stand is what was drawn, also inside a host."""

import random

from tests.benchmarks.probes import frames
from tests.benchmarks.probes.frames import MASKED, STANDS
from tests.benchmarks.probes.hosts import planted
from tests.benchmarks.probes.people import CLASSES


def surfaces(probe, must):
    return [probe.text[start:end] for start, end, what in probe.parts if what == must]


def test_every_frame_is_filled_and_says_what_must_become_of_it():
    """No field is left as written, and no frame asks for nothing."""
    rng = random.Random(1)
    made = [
        *(probe for kind in CLASSES for probe in frames.of_names(kind, 300, rng)),
        *frames.of_numbers(500, rng), *frames.of_ages(150, rng), *frames.of_charts(200, rng),
        *frames.of_eponyms(200, rng, beside=True), *frames.of_eponyms(200, rng, beside=False),
    ]  # fmt: skip
    for probe in made:
        assert "$" not in probe.text
        assert not set("«»‹›") & set(probe.text)
        assert any(must in (MASKED, STANDS) for _, _, must in probe.parts)


def test_names_and_ages_are_to_be_masked_and_numbers_to_stand():
    rng = random.Random(2)
    (person,) = frames.of_names("common", 1, rng)
    (age,) = frames.of_ages(1, rng)
    assert surfaces(person, MASKED)
    assert surfaces(age, MASKED)
    assert all(surfaces(number, STANDS) for number in frames.of_numbers(50, rng))


def test_an_eponym_stands_beside_the_person_of_its_surname():
    for probe in frames.of_eponyms(120, random.Random(3), beside=True):
        (eponym,) = surfaces(probe, STANDS)
        assert any(word.lower() in eponym.lower() for name in surfaces(probe, MASKED) for word in name.split())


def test_the_same_seed_makes_the_same_probes():
    first, second = (list(frames.of_names("diverse", 80, random.Random(4))) for _ in range(2))
    assert first == second


def test_a_planted_probe_keeps_its_parts():
    """Whether it stands on a line of its own or behind a sentence."""
    rng = random.Random(5)
    host = "First line.\nThe pain is better today. He walks. It was long. The end\nLast line"
    for probe in frames.of_names("words", 100, rng):
        placed = planted(probe, [host], rng)
        assert surfaces(placed, MASKED) == surfaces(probe, MASKED)
        assert placed.text[slice(*placed.own)] == probe.text
        assert len(placed.beside()) == len(probe.beside())
