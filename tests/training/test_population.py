"""Names by population: what marks are re-filled with, sentences put into notes, and a lexicon that counts by class."""

import random
from collections import Counter

import numpy as np

from llmops.deid.detect.judge import Lexicon
from llmops.deid.vocabulary.words import EPONYMS
from training.damage import changed, dictated
from training.fillers import Fillers
from training.inserting import inserted, sentence
from training.lists import lines, weighted
from training.notes import Mark, Note
from training.people import People, name_classes
from training.refill import refill

BARE = Note(id="b", text="Lungs are clear.  Heart is regular.\nNo edema.\nPlan is unchanged.", marks=())
NAMED = Note(
    id="n",
    text="Oona Vanterpool has Crohn disease. Seen: VANTERPOOL, OONA",
    marks=(Mark(0, 15, "NAME"), Mark(41, 57, "NAME")),
)
FILLERS = Fillers.of([NAMED])


def test_names_follow_the_census_and_every_other_class_has_its_share():
    """Common given names stand often, and eponyms and words are drawn as names, too."""
    people, rng = People.listed(), random.Random(1)
    drawn = [pair for pair in (people.words(rng) for _ in range(6000)) if pair]
    given, family = Counter(pair[0] for pair in drawn), Counter(pair[1].lower() for pair in drawn)
    common = set(list(weighted("census_given"))[:50])
    assert sum(given[name] for name in common) / len(drawn) > 0.1
    assert sum(count for name, count in family.items() if name in EPONYMS) / len(drawn) > 0.1
    assert {"smith", "rice", "young"} <= set(family)
    assert len(drawn) < 6000, "some names come from the notes"


def test_a_name_is_refilled_with_the_words_in_their_places():
    """The given name stays before the family name, or behind the comma, and both stand for the same person."""
    turned = 0
    for seed in range(400):
        new = refill(NAMED, FILLERS, random.Random(seed))
        first, second = (new.text[mark.start : mark.end] for mark in new.marks)
        given, _, family = first.partition(" ")
        turned += second == f"{family}, {given}".upper()
    assert turned >= 340, "one mark in twenty is filled with a surface of the notes"


def test_every_sentence_is_filled_and_marked_where_it_says():
    """No field stays open, marks are inside, ages over 89 are marked and numbers from 90 on are not."""
    rng = random.Random(2)
    for _ in range(3000):
        text, marks = sentence(FILLERS, rng)
        assert not set("{}") & set(text)
        assert not any(f"|{label}]" in text for label in ("NAME", "DATE", "ORG", "AGE90"))
        assert all(0 <= mark.start < mark.end <= len(text) for mark in marks)
        assert all(90 <= int(text[mark.start : mark.end]) <= 106 for mark in marks if mark.label == "AGE90")


def test_the_same_surface_is_a_person_and_a_disease():
    """Sentences hold people beside eponyms of their own name; only the person is marked."""
    both = [line for line in lines("sentences") if "{s}" in line and "{f}|NAME]" in line]
    assert len(both) > 5
    rng, seen = random.Random(3), 0
    for _ in range(3000):
        text, marks = sentence(FILLERS, rng)
        names = {text[mark.start : mark.end].split()[-1] for mark in marks if mark.label == "NAME"}
        outside = "".join(c for n, c in enumerate(text) if not any(m.start <= n < m.end for m in marks))
        seen += any(name in outside for name in names if len(name) > 3)
    assert seen > 20


def test_sentences_put_in_leave_all_else_in_place():
    """A note without what was put in is the note, and each mark covers what it covered."""
    for seed in range(200):
        for note in (BARE, NAMED):
            new = inserted(note, FILLERS, random.Random(seed))
            ends = [0, *(mark.end for mark in new.marks)]
            assert all(end <= mark.start < mark.end for end, mark in zip(ends, new.marks, strict=False))
            kept = [new.text[mark.start : mark.end] for mark in new.marks]
            for mark in note.marks:
                assert note.text[mark.start : mark.end] in kept
            letters = iter(new.text)
            assert all(character in letters for character in note.text)


def test_speech_written_down_keeps_its_marks_and_its_numbers():
    """Lower case without punctuation; a decimal stays one number."""
    note = Note(id="d", text="Saw J. Smith, BP 3.5.", marks=(Mark(4, 12, "NAME"),))
    new = changed(note, dictated, random.Random(1))
    assert new.text == "saw j smith bp 3.5"
    assert new.text[new.marks[0].start : new.marks[0].end] == "j smith"


def test_the_lexicon_counts_common_names_by_class():
    """A name that writers used for a disease alone weighs what names of its class weigh; other words keep their own."""
    texts = [[("smith", False), ("fracture", False)], [("nguyen", True)], [("miller", True), ("vanterpool", True)]]
    alike = {"smith": "<family>", "nguyen": "<family>", "miller": "<family>", "okafor": "<family>"}
    odds = Lexicon.from_json(Lexicon.count(texts, alike).to_json()).odds(["smith", "miller", "okafor", "vanterpool"])
    assert np.array_equal(odds[0], odds[1])
    assert np.array_equal(odds[0], odds[2]), "one that no note holds, too"
    assert odds[3, 0] > odds[0, 0] > Lexicon.count(texts).odds(["smith"])[0, 0]


def test_every_common_name_has_a_class_and_no_word_of_grammar_has():
    """The forty commonest family names are of one class; `will`, `he` and `may` keep counts of their own."""
    classes = name_classes()
    assert {classes[name.lower()] for name in ("Smith", "Johnson", "Miller", "Nguyen", "Garcia")} == {"<family>"}
    assert not {"will", "he", "her", "may", "do"} & set(classes)
