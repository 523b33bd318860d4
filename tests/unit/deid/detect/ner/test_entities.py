"""From probabilities of pieces to entities of whole words."""

import numpy as np
from tokenizers import Tokenizer

from llmops.deid.detect.ner.entities import Entity, entities, trimmed
from llmops.deid.detect.ner.labels import LABELS, TAGS
from llmops.deid.detect.ner.pieces import encode
from llmops.deid.detect.ner.shipped import SHIPPED, VOCABULARY

TOKENIZER = Tokenizer.from_file(str(SHIPPED / VOCABULARY))


def _found(text: str, tags: dict[str, str], probability: float = 0.9, threshold: float = 0.5) -> list[Entity]:
    """Entities where the first piece of each given substring has a tag and every other piece is outside."""
    pieces = encode(TOKENIZER, text)
    probabilities = np.zeros((len(pieces), len(TAGS)), dtype=np.float32)
    probabilities[:, 0] = 1
    for surface, tag in tags.items():
        index = list(pieces.starts).index(text.index(surface))
        probabilities[index, 0] = 1 - probability
        probabilities[index, TAGS.index(tag)] = probability
    return list(trimmed(text, entities(text, pieces, probabilities, dict.fromkeys(LABELS, threshold))))


def _surfaces(text: str, found: list[Entity]) -> list[tuple[str, str]]:
    return [(text[e.start : e.end], e.label) for e in found]


def test_one_hit_covers_its_whole_word():
    """A word of which the network marks one piece is reported whole."""
    text = "seen by Oluwaseunadebayo today"
    assert _surfaces(text, _found(text, {"Oluwaseun": "B-NAME"})) == [("Oluwaseunadebayo", "NAME")]


def test_words_that_go_on_are_joined_over_what_stands_between():
    """The joint of a long facility name is completed where the network says that the name goes on."""
    text = "at Sisters of Mercy today"
    assert _surfaces(text, _found(text, {"Sisters": "B-ORG", "Mercy": "I-ORG"})) == [("Sisters of Mercy", "ORG")]


def test_a_beginning_starts_another_entity():
    """Two names side by side stay two."""
    text = "Cash, Chase healthy"
    found = _found(text, {"Cash": "B-NAME", "Chase": "B-NAME"})
    assert _surfaces(text, found) == [("Cash", "NAME"), ("Chase", "NAME")]


def test_parts_without_white_space_are_one_entity():
    """A hyphenated identifier is one entity, whatever tags its parts have."""
    text = "MRN 0044-817 noted"
    assert _surfaces(text, _found(text, {"0044": "B-ID", "817": "B-ID"})) == [("0044-817", "ID")]


def test_what_is_less_likely_than_the_threshold_is_left():
    """The threshold is on the probability of being PHI at all."""
    assert _found("seen by Smith", {"Smith": "B-NAME"}, probability=0.4) == []


def test_punctuation_alone_is_no_entity():
    """A mark on a comma reports nothing."""
    assert _found("well, then", {",": "B-NAME"}) == []


def test_an_entity_does_not_hold_its_surface():
    """What is logged of an entity by mistake is a position."""
    text = "seen by Zyxomma"
    assert "Zyxomma" not in repr(_found(text, {"Zyxomma": "B-NAME"}))


def test_a_word_of_very_many_pieces_takes_linear_time():
    """Script without spaces is one word of as many pieces as characters; each is widened once (an hour otherwise)."""
    text = "患" * 200_000
    pieces = encode(TOKENIZER, text)
    probabilities = np.zeros((len(pieces), len(TAGS)), dtype=np.float32)
    probabilities[:, TAGS.index("B-NAME")] = 1
    found = entities(text, pieces, probabilities, dict.fromkeys(LABELS, 0.5))
    assert [(e.start, e.end) for e in found] == [(0, len(text))]
