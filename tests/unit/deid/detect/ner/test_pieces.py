"""Word pieces, their shapes and the windows over them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from llmops.deid.detect.ner.clinical import windows
from llmops.deid.detect.ner.pieces import SHAPES, SPECIAL_SHAPE, encode
from llmops.deid.detect.ner.shipped import SHIPPED, VOCABULARY

TOKENIZER = Tokenizer.from_file(str(SHIPPED / VOCABULARY))


def _shape(text: str, word: str) -> int:
    pieces = encode(TOKENIZER, text)
    at = text.index(word)
    return int(pieces.shapes[list(pieces.starts).index(at)])


def test_case_tells_words_apart_that_the_uncased_vocabulary_joins():
    """Lower case, capitalised, capitals, mixed and single capitals are five shapes."""
    shapes = {_shape(f"seen {word} today", word) for word in ("will", "Will", "WILL", "wIll", "W")}
    assert len(shapes) == 5


def test_digits_and_foreign_letters_are_part_of_the_shape():
    """A number, a code and a word with letters outside ASCII differ from a plain word."""
    shapes = {_shape(f"seen {word} today", word) for word in ("0417", "x0417", "trịnh", "trinh")}
    assert len(shapes) == 4


def test_layout_is_part_of_the_shape():
    """The same word after one space, two spaces, a line break and a blank line has four shapes."""
    shapes = {_shape(f"seen{gap}will today", "will") for gap in (" ", "  ", "\n", "\n\n")}
    assert len(shapes) == 4


def test_a_tab_counts_as_a_wide_gap():
    """Columns parted by one tab look like columns parted by spaces."""
    assert _shape("seen\twill today", "will") == _shape("seen   will today", "will")


@given(st.text(max_size=200))
def test_pieces_stay_inside_the_text_and_in_order(text: str):
    """Any text, lone surrogates among them, gives pieces with offsets in range, in order, with known shapes."""
    pieces = encode(TOKENIZER, text)
    assert (pieces.starts >= 0).all()
    assert (pieces.ends <= len(text)).all()
    assert (pieces.starts <= pieces.ends).all()
    assert (np.diff(pieces.starts) >= 0).all()
    assert ((pieces.shapes >= 0) & (pieces.shapes < SPECIAL_SHAPE)).all()
    assert SPECIAL_SHAPE < SHAPES


def test_offsets_count_code_points():
    """Characters outside the basic plane and decomposed accents do not shift what follows."""
    text = "👍 José\u0301 seen"
    pieces = encode(TOKENIZER, text)
    assert text[int(pieces.starts[-1]) : int(pieces.ends[-1])] == "seen"


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\t"])
def test_blank_text_has_no_pieces(text: str):
    """Nothing to decide, nothing to run."""
    assert len(encode(TOKENIZER, text)) == 0


@given(st.lists(st.sampled_from(["Smith", "4/6", "\n", "BP 120/80", "x" * 300, "hydrochlorothiazide"]), max_size=60))
def test_each_piece_is_decided_by_exactly_one_window(words: list[str]):
    """Cores are disjoint, cover the text, and lie inside their windows."""
    pieces = encode(TOKENIZER, " ".join(words))
    covered: list[int] = []
    for window in windows(pieces, core=16, context=4):
        assert window.first <= window.core_first < window.core_last <= window.last
        assert window.last - window.first <= 24
        covered.extend(range(window.core_first, window.core_last))
    assert covered == list(range(len(pieces)))
