"""Minimum necessary: what a purpose does not need is dropped and counted."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from llmops.documents import (
    AlignSegment,
    ClinicalDocument,
    Field,
    Kind,
    Provenance,
    Reason,
    Section,
    Withheld,
)
from llmops.minimize import Keep, KeepConfig
from llmops.normalize.text.sections import find_sections

TEXT = "Letterhead\nPlan: rest\nSocial history: lives alone\nImpression: fine"
DOCUMENT = ClinicalDocument(
    document_id="r1.0",
    record_id="r1",
    subject=(),
    kind=Kind.NOTE,
    text=TEXT,
    sections=find_sections(TEXT),
    fields=(Field(name="Observation.valueQuantity", value=1), Field(name="variant.hgvs", value="c.1A>G")),
    align=(AlignSegment(start=0, end=len(TEXT), path="text", source_start=5, source_end=5 + len(TEXT), exact=True),),
    provenance=Provenance(format="fhir", path="resource:DocumentReference"),
)


def kept(config: KeepConfig) -> ClinicalDocument:
    (document,) = Keep(config).process([DOCUMENT])
    assert isinstance(document, ClinicalDocument)
    return document


def test_by_default_narrative_stays_and_genotypes_go() -> None:
    """The bundled suites need no genotype."""
    document = kept(KeepConfig())
    assert document.text == TEXT
    assert [f.name for f in document.fields] == ["Observation.valueQuantity"]


def test_dropped_sections_leave_text_and_alignment_right() -> None:
    """What is left still leads back to its bytes."""
    keep = Keep(KeepConfig(drop_sections=("social_history", "preamble")))
    (document,) = keep.process([DOCUMENT])
    assert isinstance(document, ClinicalDocument)
    assert document.text == "Plan: rest\nImpression: fine"
    assert [document.text[s.start : s.end].strip() for s in document.sections] == ["Plan: rest", "Impression: fine"]
    for segment in document.align:
        assert TEXT[segment.source_start - 5 : segment.source_end - 5] == document.text[segment.start : segment.end]
    assert keep.dropped == {"section:social_history": 1, "section:preamble": 1, "field:variant*": 1}


def test_listed_fields_and_sections_are_all_that_stays() -> None:
    """A list keeps what it names."""
    document = kept(KeepConfig(sections=("impression",), fields=("Condition.*",)))
    assert (document.text, document.fields) == ("Impression: fine", ())


def test_unwanted_documents_are_withheld() -> None:
    """By kind, format or resource type; also when nothing is left of one."""
    for config in (
        KeepConfig(resource_types=("hl7v2",)),
        KeepConfig(drop_resource_types=("DocumentReference",)),
        KeepConfig(sections=("none",), fields=()),
    ):
        (answer,) = Keep(config).process([DOCUMENT])
        assert isinstance(answer, Withheld)
        assert (answer.reason, answer.document_id) == (Reason.NOT_NECESSARY, "r1.0")
    assert kept(KeepConfig(resource_types=("DocumentReference",))).text == TEXT


@given(st.sets(st.sampled_from(["preamble", "plan", "social_history", "impression"])))
def test_spans_stay_in_range_whatever_is_dropped(names: set[str]) -> None:
    """Sections and alignment lie within the text, in order."""
    (answer,) = Keep(KeepConfig(drop_sections=tuple(sorted(names)))).process([replace(DOCUMENT)])
    if isinstance(answer, ClinicalDocument):
        spans: list[Section | AlignSegment] = [*answer.sections, *answer.align]
        assert all(0 <= s.start < s.end <= len(answer.text) for s in spans)


def test_what_a_format_reader_left_out_is_counted_too() -> None:
    """So that a summary of a run tells of resources that no document shows; changes of text are no loss."""
    keep = Keep(KeepConfig())
    provenance = replace(DOCUMENT.provenance, changes=(("dropped:Claim", 2), ("nfc", 1)))
    keep.process([replace(DOCUMENT, fields=(), provenance=provenance)])
    assert keep.dropped == {"dropped:Claim": 2}
