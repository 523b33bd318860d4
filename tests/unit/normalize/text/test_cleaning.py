"""Cleaning gives one form of text and says where every piece came from."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops.normalize.text.cleaning import clean

_DAMAGED = st.text(
    alphabet=st.one_of(
        st.characters(),
        st.sampled_from(list("aé\u0301\u200b\ufeff\x00\x92\x85\r\n\t \u2028Ã©â€™\u202e\ud8007\u20e3\u200a\u2800")),
    ),
    max_size=20,
)
_MARKUP = st.sampled_from(
    ["&", "#", ";", "<", ">", "&#45;", "&amp;", "&lt;", "b>", "<b>", "</p>", "<td x='", "<!--", "-->"]
)
_HOSTILE = st.lists(st.one_of(_DAMAGED, _MARKUP), max_size=12).map("".join)


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
        ("8\ufe0f\u20e30\ufe0f\u20e32\ufe0f\u20e3", "802"),
        ("8\u03360\u03362\u0336-\u20e37, x̄\u0301 4.1", "802-7, x̄\u0301 4.1"),
        ("Wren\u034ffield\U000e0100 \u3164Odalys", "Wrenfield Odalys"),
        ("tel 8\u200a0\u200a2\u200a-\u200a5\u200a5, 8\u28000\u28002", "tel 802-55, 802"),
        ("5\u2009mg, 10\u202f000 cells, à\u202f: dim\u2800light", "5\u2009mg, 10\u202f000 cells, à\u202f: dim light"),
    ],
)
def test_each_kind_of_damage_is_mended_and_nothing_else(raw: str, cleaned: str) -> None:
    """Line ends, mojibake, invisible characters and composition are mended; the author's characters stay."""
    assert clean(raw).text == cleaned


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("SSN 123&#45;45&#x2D;6789, 12&nbsp;Elm, O&apos;Neil", "SSN 123-45-6789, 12\xa0Elm, O'Neil"),
        ("DOB 5&sol;5&#47;1961 &amp;amp;#45; K&thinsp;&lt;3.5 &mu;g", "DOB 5/5/1961 - K\u2009<3.5 μg"),
        ("&#74ane &#x52omily &amp;#X52o, 802&#45&#x35 AT&amp;#2", "Jane Romily Ro, 802-5 AT&#2"),
        ("Nu&ntilde;ez, Garc&Atilde;&shy;a, 8&#8203;0", "Nuñez, García, 80"),
        (
            "Haver<b>brook</b>son, Wren<I>field</I>, 802<span style='x: y'>-555-</span>1237",
            "Haverbrookson, Wrenfield, 802-555-1237",
        ),
        ("Wren&lt;i&gt;field&lt;/i&gt;", "Wrenfield"),
        ("<p>Seen.</p><p>Stable,<br/>\r\nhome.</p>", "Seen.\n\nStable,\nhome.\n"),
        ("<div>\n<ul>\n  <li>x</li>\n  <li>y</li>\n</ul>\n</div>", "- x\n- y\n\n"),
        ("<table border=1><tr><th>Hgb</th> <td nowrap>9.1</td></tr><tr><td>K", "Hgb | 9.1\nK"),
        ("<section><title>Allergies</title><text>none</text></section>", "Allergies\n<text>none</text>\n"),
        ("a <!-- Odalys\n--> b<script>f('<p>')</script><img alt='Wrenfield'>", "a  b"),
    ],
)
def test_html_in_plain_text_is_read(raw: str, cleaned: str) -> None:
    """Exports paste HTML into notes: a reference or a tag inside a number or name would hide it."""
    assert clean(raw).text == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "x < 5 > y, K <3.5, Plt >150, p<0.05; a<b and c>d",
        "M&M; A&O x3; H&P; R&D; am&pm; labs&rx; n&v &c. &unknown; AT&T",
        "SpO2 <90%; <redacted> <Date> <PATIENT NAME> <a and b> <i.v.> <b.i.d.>",
        "Amy Roe <amy@example.org>, <https://example.org/x?a=1&b=2&copy=3>",
        "plan for #1&#2, teeth #31&#32 &#xZZ; &#; &#12345678; -->  <!-- never closed",
        "genotype <DEL>, HLA-B<27>, </etc>, <br",
    ],
)
def test_ordinary_notes_keep_their_angles_and_ampersands(text: str) -> None:
    """Only what is well-formed and known is markup."""
    assert clean(text).text == text


def test_hostile_markup_is_answered_in_linear_time() -> None:
    """Openings that nothing closes, and quotes that run on."""
    for piece in ("<script>", "<!--", "<a b='", "<td ", "&amp;", "&", "<", "<p x=\"<p y='", "<b> ", " \n<p>"):
        assert clean(clean(piece * 20_000).text).text is not None


def test_what_was_replaced_twice_leads_back_to_its_place() -> None:
    """The characters around a reference that was part of a tag keep their own bytes."""
    raw = "Mr. Wren&lt;i&gt;field\u200b was seen"
    cleaned = clean(raw)
    assert cleaned.text == "Mr. Wrenfield was seen"
    exact = [(cleaned.text[s.start : s.end], raw[s.raw_start : s.raw_end]) for s in cleaned.segments if s.exact]
    assert exact == [("Mr. ", "Mr. "), (" was seen", " was seen")]


def test_changes_are_counted_by_rule() -> None:
    """What was changed is known afterwards."""
    assert dict(clean("a\r\nb\u200b e\u0301 Ã©").changes) == {"control": 1, "line_end": 1, "mojibake": 1, "nfc": 1}
    assert dict(clean("<p>5&nbsp;mg</p> 8\u200a0").changes) == {"markup": 2, "reference": 1, "spacing": 1}


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
    at = raw_at = raw_end = 0
    for segment in cleaned.segments:
        assert segment.start == at < segment.end
        assert raw_at <= segment.raw_start <= segment.raw_end <= len(raw)
        assert not segment.exact or segment.raw_start >= raw_end
        if segment.exact:
            assert cleaned.text[segment.start : segment.end] == raw[segment.raw_start : segment.raw_end]
        at, raw_at, raw_end = segment.end, segment.raw_start, segment.raw_end
    assert at == len(cleaned.text)
