"""Cutting documents into passages."""

import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops.documents import Kind, Provenance, QualityReport, ScoredDocument, Section
from llmops.errors import RecipeError
from llmops.retrieval import RetrievalConfig, chunks
from llmops.retrieval.sentences import sentences


def document(text: str, *sections: Section) -> ScoredDocument:
    """A document of this text and these sections."""
    return ScoredDocument(
        document_id="r9.0",
        record_id="r9",
        subject="",
        kind=Kind.NOTE,
        text=text,
        sections=sections,
        policy_id="p@0",
        provenance=Provenance(format="text"),
        quality=QualityReport(score=1.0, dimensions=()),
    )


TABLE = "Drug | Dose | Taking |\nApixaban | 5 mg | yes |\nCarvedilol | 12.5 mg | yes |\n"


@given(
    text=st.text(alphabet=st.sampled_from("ab .\n|:-1é😀"), max_size=400),
    cuts=st.lists(st.integers(0, 400), max_size=6),
    words=st.integers(20, 40),
    overlap=st.integers(0, 3),
)
def test_no_text_is_lost_and_no_section_is_crossed(text: str, cuts: list[int], words: int, overlap: int) -> None:
    """Every visible code point lies in a chunk, chunk text is the document's, and each chunk lies in one section."""
    bounds = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    sections = [Section(start=a, end=b, name=f"s{a}") for a, b in pairwise(bounds)]
    cut = chunks(document(text, *sections), RetrievalConfig(chunk_words=words, overlap_sentences=overlap))
    covered = {position for chunk in cut for position in range(chunk.start, chunk.end)}
    assert {position for position, char in enumerate(text) if not char.isspace()} <= covered
    for number, chunk in enumerate(cut):
        assert chunk.text == text[chunk.start : chunk.end]
        assert chunk.chunk_id == f"r9.0#{number}"
        (home,) = [item for item in sections if item.start <= chunk.start and chunk.end <= item.end]
        assert chunk.section == home.name


@given(text=st.text(max_size=300))
def test_sentences_are_in_order_and_do_not_overlap(text: str) -> None:
    """Spans ascend, are not blank at their ends, and leave only white space out."""
    spans = sentences(text)
    position = 0
    for span in spans:
        assert position <= span.start < span.end
        assert not text[position : span.start].strip()
        position = span.end
    assert not text[position:].strip()


def test_text_between_sections_is_kept_under_no_name() -> None:
    """A letterhead above the first heading is searchable too."""
    text = "Letterhead here.\nPLAN:\nRest."
    cut = chunks(document(text, Section(start=17, end=len(text), name="plan")), RetrievalConfig())
    assert [(chunk.section, chunk.text) for chunk in cut] == [("", "Letterhead here."), ("plan", "PLAN:\nRest.")]


def test_a_table_is_kept_whole() -> None:
    """Rows mean nothing without their neighbours."""
    text = "One sentence. " * 12 + "\n" + TABLE
    cut = chunks(document(text), RetrievalConfig(chunk_words=25))
    assert cut[-1].text.endswith(TABLE.strip())
    assert sum("Apixaban" in chunk.text for chunk in cut) == 1


def test_a_chunk_repeats_the_sentences_before_it_where_asked() -> None:
    """Overlap keeps a reference and what it refers to together."""
    text = " ".join(f"Sentence number {number} says five words." for number in range(20))
    cut = chunks(document(text), RetrievalConfig(chunk_words=24, overlap_sentences=1))
    assert all(later.start < earlier.end for earlier, later in pairwise(cut))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Seen by Dr. Q today. Stable.", ["Seen by Dr. Q today.", "Stable."]),
        ("HIV neg in 2019. Off work.", ["HIV neg in 2019.", "Off work."]),
        ("Temp 37.9 C. BP 120/80.", ["Temp 37.9 C.", "BP 120/80."]),
        ("Hgb: 13.2 g/dL\nWBC: 7.1 K/uL", ["Hgb: 13.2 g/dL", "WBC: 7.1 K/uL"]),
        ("- aspirin 81 mg\n- apixaban 5 mg", ["- aspirin 81 mg", "- apixaban 5 mg"]),
        (
            "The patient was seen in follow up after a long admission for heart\nfailure and feels well.",
            ["The patient was seen in follow up after a long admission for heart\nfailure and feels well."],
        ),
        ("1. First item.\n2. Second item.", ["1. First item.", "2. Second item."]),
    ],
)
def test_clinical_sentences(text: str, expected: list[str]) -> None:
    """Abbreviations, decimals, labelled values, lists and wrapped lines are read as a clinician reads them."""
    assert [text[span.start : span.end] for span in sentences(text)] == expected


@pytest.mark.parametrize("field", [{"chunk_words": 5}, {"k": 0}, {"threads": -1}, {"overlap_sentences": 9}])
def test_a_senseless_configuration_is_refused(field: dict[str, int]) -> None:
    """The message names the key path."""
    with pytest.raises(RecipeError, match=rf"retrieval\.{next(iter(field))}"):
        RetrievalConfig(**field)


def test_importing_the_package_is_light() -> None:
    """A run that neither searches nor evaluates does not load LangChain, onnxruntime or bm25s."""
    heavy = "{'langchain_core', 'langchain', 'onnxruntime', 'bm25s'} & sys.modules.keys()"
    code = f"import sys, llmops.retrieval, llmops.evaluation.suite; sys.exit(', '.join({heavy}))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).stderr.strip() == b""
