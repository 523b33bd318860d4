"""Cleaning gives one form of text and says where every piece came from."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops.normalize.text import clean

_HOSTILE = st.text(
    alphabet=st.one_of(
        st.characters(),
        st.sampled_from(list("aé\u0301\u200b\ufeff\x00\x92\x85\r\n\t \u2028Ã©â€™\u202e\ud800")),
    ),
    max_size=60,
)


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("Hgb 9.1\r\nPlt 200\r", "Hgb 9.1\nPlt 200\n"),
        ("José GarcÃ\xada", "José García"),
        ("patientâ€™s", "patient’s"),
        ("the patient\x92s chart", "the patient’s chart"),
        ("M\u200bRN 00\u00ad417", "MRN 00417"),
        ("\ufeffNote\x00", "Note"),
        ("Cafe\u0301", "Café"),
        ("“smart” quotes ﬁne", "“smart” quotes ﬁne"),
        ("page 1\x0cpage 2", "page 1\npage 2"),
    ],
)
def test_each_kind_of_damage_is_mended_and_nothing_else(raw: str, cleaned: str) -> None:
    """Line ends, mojibake, invisible characters and composition are mended; the author's characters stay."""
    assert clean(raw).text == cleaned


def test_changes_are_counted_by_rule() -> None:
    """What was changed is known afterwards."""
    assert dict(clean("a\r\nb\u200b e\u0301 Ã©").changes) == {"control": 1, "line_end": 1, "mojibake": 1, "nfc": 1}


@given(_HOSTILE)
def test_cleaning_twice_is_cleaning_once(raw: str) -> None:
    """The output is a fixed point, NFC and free of control characters."""
    text = clean(raw).text
    assert clean(text).text == text
    assert unicodedata.is_normalized("NFC", text)
    assert not [c for c in text if unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\t"]


@given(_HOSTILE)
def test_segments_cover_the_text_and_exact_ones_equal_the_raw_text(raw: str) -> None:
    """Every code point of the output is mapped, in order, to a range of the input."""
    cleaned = clean(raw)
    at = raw_at = 0
    for segment in cleaned.segments:
        assert segment.start == at < segment.end
        assert raw_at <= segment.raw_start <= segment.raw_end <= len(raw)
        if segment.exact:
            assert cleaned.text[segment.start : segment.end] == raw[segment.raw_start : segment.raw_end]
        at, raw_at = segment.end, segment.raw_end
    assert at == len(cleaned.text)
