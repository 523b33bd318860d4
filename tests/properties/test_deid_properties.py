"""What holds for every text: spans in range, nothing found twice, hostile input answered in time."""

import json
import re
import unicodedata
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from llmops.deid import DeidConfig, Deidentifier
from llmops.deid.detect.normal_form import composed
from llmops.deid.folding import fold
from llmops.phi import PLACEHOLDER

NOTES = Path(__file__).resolve().parents[2] / "training/notes/notes-train.jsonl"
DEIDENTIFIER = Deidentifier("safe_harbor", config=DeidConfig(ner="none"))
PIECES = st.sampled_from(
    [
        "Dr. Amy Roe", "ROE, AMY B", "3/14/24", "(218) 555-0142", "MRN: 00-41-77-26", "Nov 2, 1948", "94-year-old",
        "55811",         "St. Brendan's Hospital", "118 Old Ferry Rd", "BP 178/94", "\n", "  ", "pd/jkl", "x4471",
        "[NAME]", "[DATE 2024]",
        "é", "Æ", "５", "\u200b", "Ньют", "-", ",", ":", "a@b.example", "10.4.7.2", "6/5", "the 14th", "[", "]", "90+",
    ]
)  # fmt: skip
TEXTS = st.lists(PIECES | st.text(max_size=6), max_size=25).map(" ".join)


@settings(max_examples=150, deadline=None)
@given(TEXTS)
def test_placeholders_are_never_found_again(text: str) -> None:
    """De-identifying a de-identified text leaves every placeholder where it is; it may only find more."""
    once = DEIDENTIFIER.text(text).text
    again = DEIDENTIFIER.text(once).text
    remaining = iter(PLACEHOLDER.findall(again))
    assert all(placeholder in remaining for placeholder in PLACEHOLDER.findall(once))


def test_rules_twice_is_once_on_written_notes() -> None:
    """Every thirteenth training note: hardly one changes again, and in none does a placeholder change."""
    lines = NOTES.read_text(encoding="utf-8").splitlines()[::13]
    once = [DEIDENTIFIER.text(json.loads(line)["text"]).text for line in lines]
    again = [DEIDENTIFIER.text(text).text for text in once]
    changed = [number for number, (one, two) in enumerate(zip(once, again, strict=True)) if one != two]
    assert len(changed) <= len(lines) // 50
    for one, two in zip(once, again, strict=True):
        remaining = iter(PLACEHOLDER.findall(two))
        assert all(placeholder in remaining for placeholder in PLACEHOLDER.findall(one))


def test_a_placeholder_is_no_cue() -> None:
    """What a placeholder is called says nothing of the number behind it."""
    for text in ("of [DATE], 8-11 beats", "id [BIOMETRIC]. Merge charts 3952", "[MRN] 4471, [PHONE] 4471"):
        assert DEIDENTIFIER.text(text).text == text


def test_twice_is_once_on_a_note() -> None:
    """On text as people write it the second pass changes nothing."""
    note = "ROE, AMY B  MRN 00-41-77-26 DOB 11/02/1948\nSeen 3/14/24 by Dr. Ash Tree, (218) 555-0142.\npd/jkl\n"
    once = DEIDENTIFIER.text(note).text
    assert DEIDENTIFIER.text(once).text == once


@settings(max_examples=150, deadline=None)
@given(TEXTS)
def test_findings_are_in_range_ordered_and_disjoint(text: str) -> None:
    """Each finding covers something, none covers what another does."""
    position = 0
    for finding in DEIDENTIFIER.detect(text):
        assert position <= finding.start < finding.end <= len(text)
        position = finding.end


@given(st.text())
def test_folding_keeps_the_length_and_is_ascii(text: str) -> None:
    """Offsets of the shadow are those of the text."""
    folded = fold(text)
    assert len(folded) == len(text)
    assert folded.isascii()


ACCENTED = st.text(st.sampled_from("aeE\u0301\u0308\u0327 .\n7é한\u20e3\u200b\u034f"), max_size=40)
UNSEEN = re.compile(r"[\u0300-\u036f\u20e3\u200b]+")


@given(ACCENTED)
def test_a_composed_text_leads_back_to_the_one_that_was_given(text: str) -> None:
    """Edges go from its beginning to its end, never back, and say the same but for accents and what is not seen."""
    one = composed(text)
    edges = one.edges if one.edges is not None else tuple(range(len(text) + 1))
    assert len(edges) == len(one.text) + 1
    assert edges[-1] == len(text)
    assert edges[0] == 0 or not one.text
    assert list(edges) == sorted(edges)
    seen = unicodedata.normalize("NFC", re.sub("[\u200b\u034f]", "", text))
    assert one.text == UNSEEN.sub("", seen)
    for index, character in enumerate(one.text):
        given_as = UNSEEN.sub("", re.sub("[\u200b\u034f]", "", text[edges[index] : edges[index + 1]]))
        assert unicodedata.normalize("NFD", character)[0] == unicodedata.normalize("NFD", given_as)[0]


SPLIT = st.lists(
    st.sampled_from(
        ["&#45;", "&amp;lt;", "<b>", "</i>", "a", "B c d", "J A N E", "  D .", "\u200a", "8", "-", "\ufe0f\u20e3", " "]
    )
)


@given(SPLIT.map("".join))
def test_what_is_seen_leads_back_to_how_it_was_spelt(text: str) -> None:
    """Whatever was resolved, joined or dropped: edges are ordered and cover the text that was given."""
    one = composed(text)
    edges = one.edges if one.edges is not None else tuple(range(len(text) + 1))
    assert len(edges) == len(one.text) + 1
    assert list(edges) == sorted(edges)
    assert edges[-1] == len(text)
    assert edges[0] == 0 or not one.text


def test_hostile_text_is_answered() -> None:
    """Long runs of what patterns begin with; linear patterns make this quick."""
    for piece in (
        "1",
        "A",
        "a.",
        "Dr. ",
        "A, ",
        "1/",
        "- ",
        "@",
        "[NAME",
        "~",
        "x1 ",
        "(1",
        "A^",
        "A ",
        "A  ",
        "A B.  ",
    ):
        assert DEIDENTIFIER.text(piece * (20_000 // len(piece))).text
