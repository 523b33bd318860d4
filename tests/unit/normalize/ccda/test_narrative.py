"""Narrative blocks as text: nothing that a reader would see is lost, and each table row stands for itself."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from llmops.normalize.ccda.narrative import narrative


def rendered(xml: str) -> str:
    return "\n".join(block for _, block in narrative(etree.fromstring(f"<text>{xml}</text>")) if block)


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        ("plain\n   words", "plain words"),
        ("<paragraph>one</paragraph><paragraph>two</paragraph>", "one\ntwo"),
        ("one<br/>two", "one\ntwo"),
        ("<content>a <content styleCode='Bold'>b</content> c</content>", "a b c"),
        ("10<sup>9</sup>/L and H<sub>2</sub>O", "10^9/L and H2O"),
        ("<list><item>a</item><item>b<br/>c</item></list>", "- a\n- b\n  c"),
        ("<list listType='ordered'><caption>Steps</caption><item>a</item><item>b</item></list>", "Steps\n1. a\n2. b"),
        ("<list><item>a<list><item>b</item></list></item></list>", "- a\n  - b"),
        ("see<footnote>note</footnote> here", "see (note) here"),
        ("<renderMultiMedia referencedObject='x'><caption>ECG</caption></renderMultiMedia>", "[image]\nECG"),
        ("kept <content revised='delete'>gone</content>", "kept"),
        ("<paragraph xml:space='preserve'>a\nb</paragraph>", "a\nb"),
        ("<div>one</div>tail<p>two</p>", "one\ntail\ntwo"),
    ],
)
def test_markup_reads_as_text(xml: str, text: str) -> None:
    """Paragraphs, breaks, lists, footnotes, media and the HTML that senders use instead."""
    assert rendered(xml) == text


def test_rows_carry_their_headers() -> None:
    """A row that is cut out alone still says what its values are."""
    xml = """<table><caption>Active</caption><thead><tr><th>Drug</th><th>Dose</th></tr></thead>
    <tbody><tr><td>aspirin</td><td>81 mg</td></tr><tr><td>ramipril</td><td/></tr></tbody></table>"""
    assert rendered(xml) == "Active\nDrug: aspirin | Dose: 81 mg\nDrug: ramipril"


def test_a_table_without_header_or_that_does_not_fit_reads_as_cells() -> None:
    """No label is better than a wrong one."""
    assert rendered("<table><tbody><tr><th>BP</th><td>120/80</td></tr></tbody></table>") == "BP | 120/80"
    xml = "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>only</td></tr></tbody></table>"
    assert rendered(xml) == "only"


def test_spans_are_spread_out() -> None:
    """A header over two columns labels both; a cell over two rows belongs to both."""
    xml = """<table><thead><tr><th rowspan="2">Day</th><th colspan="2">BP</th></tr>
    <tr><th>sys</th><th>dia</th></tr></thead>
    <tbody><tr><td rowspan="2">Mon</td><td>120</td><td>80</td></tr><tr><td>130</td><td>85</td></tr></tbody></table>"""
    assert rendered(xml) == "Day: Mon | BP sys: 120 | BP dia: 80\nDay: Mon | BP sys: 130 | BP dia: 85"


def test_blocks_within_a_cell_stay_on_its_line() -> None:
    """A row is one line."""
    xml = "<table><tbody><tr><td><list><item>a</item><item>b</item></list></td><td>c<br/>d</td></tr></tbody></table>"
    assert rendered(xml) == "- a; - b | c; d"


def test_a_remark_across_the_table_gets_no_label() -> None:
    """It is no value of the first column."""
    xml = """<table><thead><tr><th>Test</th><th>Value</th></tr></thead><tbody><tr><td>PCP</td><td>neg</td></tr>
    <tr><td colspan="2">Comment:<br/>cut-off 25</td></tr></tbody></table>"""
    assert rendered(xml) == "Test: PCP | Value: neg\nComment: cut-off 25"


def test_absurd_spans_are_capped() -> None:
    """A span is a claim of the sender's, not a promise of memory."""
    xml = "<table><tbody><tr><td colspan='999'>a</td></tr><tr><td rowspan='99999999'>b</td></tr></tbody></table>"
    assert rendered(xml) == "a\nb"


def test_prose_in_the_place_of_a_header_is_said_once() -> None:
    """A label that is longer than any label must not be repeated on every row."""
    prose = "word " * 40
    xml = f"<table><thead><tr><th>{prose}</th></tr></thead><tbody>{'<tr><td>v</td></tr>' * 3}</tbody></table>"
    assert rendered(xml) == prose.strip() + "\nv\nv\nv"


WORD = st.from_regex(r"[a-z0-9]{1,6}", fullmatch=True)
LEAF = st.builds("<content>{}</content>".format, WORD) | WORD.map("{} ".format)
TREE = st.recursive(
    LEAF,
    lambda inner: st.builds(
        lambda tag, parts: tag.format("".join(parts)),
        st.sampled_from(
            [
                "<paragraph>{}</paragraph>",
                "<list><item>{}</item></list>",
                "<table><tbody><tr><td>{}</td><td>x</td></tr></tbody></table>",
                "<content>{}</content>",
                "<footnote>{}</footnote>",
                "<item>{}</item>",
            ]
        ),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=60)
@given(st.lists(TREE, max_size=4).map("".join))
def test_no_word_of_the_narrative_is_lost(xml: str) -> None:
    """Whatever the nesting, every text node is in the text, in order."""
    source = "".join(etree.fromstring(f"<text>{xml}</text>").itertext())
    assert re.sub(r"[^a-z0-9]", "", rendered(xml)) == re.sub(r"[^a-z0-9]", "", source)
