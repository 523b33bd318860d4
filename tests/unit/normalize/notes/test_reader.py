"""Free-text notes become one document each."""

import pytest

from llmops.documents import ClinicalDocument, Kind, Locator, Reason, SourceRecord, locate
from llmops.identities import Role
from llmops.normalize import NormalizeConfig
from llmops.normalize.errors import Refused
from llmops.normalize.notes.reader import documents, identities

NOTE = """\
LAKESIDE CLINIC
DISCHARGE SUMMARY
PATIENT:  OKAFOR, ADA N          MRN: 00-77-41-26
DOB: 11/02/1961                  Acct: 5530019
Date of service: 03/05/2024      Phone: 555-0142

HOSPITAL COURSE
Diuresed well. José visited.
"""


def record(text: str | bytes, encoding: str = "utf-8") -> SourceRecord:
    payload = text if isinstance(text, bytes) else text.encode(encoding)
    return SourceRecord(
        record_id="r1", format="text", payload=payload, locator=Locator(container="x"), encoding=encoding
    )


def refusal(text: str | bytes, config: NormalizeConfig, encoding: str = "utf-8") -> Reason:
    with pytest.raises(Refused) as refused:
        documents(record(text, encoding), config)
    return refused.value.reason


def test_a_note_knows_its_patient_kind_and_time() -> None:
    """The patient block links the note; the title says what it is."""
    (document,) = documents(record(NOTE), NormalizeConfig())
    assert [s.value for s in document.subject] == ["00-77-41-26"]
    assert (document.kind, document.doc_type, document.time) == (Kind.NOTE, "18842-5", "2024-03-05")
    assert [s.name for s in document.sections] == ["preamble", "hospital_course"]


def test_the_patient_block_is_an_identity() -> None:
    """What the block says is known to the vault before any note is rewritten."""
    identity, *_ = identities(record(NOTE), NormalizeConfig())
    assert (identity.names[0].family, identity.names[0].given) == ("OKAFOR", ("ADA", "N"))
    assert (identity.birth_date, identity.phones) == ("1961-11-02", ("555-0142",))
    assert [i.value for i in identity.identifiers] == ["5530019"]


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("seen today, MRN 4420917 ok", "4420917"),
        ("Hospital no. ... 778-20-31", "778-20-31"),
        ("pt# 55-3310", "55-3310"),
        ("MR#: MV-005518", "MV-005518"),
        ("MRN RIC 0098 2217.", "RIC 0098 2217"),
        ("| Chart | TP-5512 |", "TP-5512"),
    ],
)
def test_record_numbers_are_found_as_people_write_them(line: str, value: str) -> None:
    """With and without colon, with spaces and dashes."""
    (document,) = documents(record(f"Note\n{line}\n"), NormalizeConfig())
    assert document.subject[0].value == value


@pytest.mark.parametrize(
    "line", ["Patient: 62-year-old man", "no mrn given", "MRN: pending", "chart reviewed 3/4/2024"]
)
def test_look_alikes_name_nobody(line: str) -> None:
    """A note that names no patient is refused where one is required, and has no identity."""
    assert refusal(f"Note\n{line}\n", NormalizeConfig()) is Reason.NO_SUBJECT
    assert identities(record(f"Note\n{line}"), NormalizeConfig()) == ()


@pytest.mark.parametrize(
    "line", ["Facility Name: Lakeside Clinic", "Clinic phone: 555-0100", "Mother's name: Ruth Okafor"]
)
def test_what_belongs_to_others_is_not_the_patients(line: str) -> None:
    """A facility's name or phone in the block never becomes the patient's."""
    identity, *others = identities(record(f"MRN: 445120\n{line}\n"), NormalizeConfig())
    assert (identity.names, identity.phones) == ((), ())
    assert all(other.role is not Role.SELF for other in others)


def test_html_notes_are_read_and_rtf_is_refused() -> None:
    """Exports of portals are HTML; RTF would leave its control words in the text."""
    (document,) = documents(record("<html><body><p>MRN: 445120</p><p>Plan: rest</p></body></html>"), NormalizeConfig())
    assert document.text == "MRN: 445120\n\nPlan: rest"
    assert refusal("{\\rtf1 MRN: 445120}", NormalizeConfig()) is Reason.UNKNOWN_FORMAT
    assert refusal("MRN: 445120\nScanned: {\\rtf1 Wren{\\i field}}", NormalizeConfig()) is Reason.UNKNOWN_FORMAT


def test_references_in_a_plain_note_are_read_in_text_and_header() -> None:
    """A record number or a name is known as a reader would see it, and leads back to its bytes."""
    note = record("MRN&#58; 8\ufe0f\u20e3300551\nPatient: Tamsin O&#39;Neil\nK &lt;3.5, rest")
    (document,) = documents(note, NormalizeConfig())
    assert document.text == "MRN: 8300551\nPatient: Tamsin O'Neil\nK <3.5, rest"
    assert document.subject[0].value == "8300551"
    (segment,) = locate(document.align, document.text.index("Neil"), document.text.index("Neil") + 4)
    assert note.payload[segment.source_start : segment.source_end] == b"Neil"
    assert dict(document.provenance.changes) == {"control": 2, "reference": 3}
    assert "O'Neil" in [name.family for identity in identities(note, NormalizeConfig()) for name in identity.names]


def test_a_subject_may_be_optional() -> None:
    """Teaching texts have no patient."""
    (document,) = documents(record("A teaching note."), NormalizeConfig(require_subject=False))
    assert document.subject == ()


def test_broken_notes_are_refused_with_their_reason() -> None:
    """Empty and wrongly encoded notes."""
    assert refusal(" \r\n\x00", NormalizeConfig()) is Reason.EMPTY
    assert refusal(b"MRN 123456 caf\xe9", NormalizeConfig()) is Reason.WRONG_ENCODING


def test_alignment_leads_back_to_the_bytes() -> None:
    """Also behind a byte order mark, CRLF and characters of two bytes."""
    payload = b"\xef\xbb\xbf" + NOTE.replace("\n", "\r\n").encode()
    (document,) = documents(record(payload), NormalizeConfig())
    assert isinstance(document, ClinicalDocument)
    at = document.text.index("Diuresed")
    (segment,) = locate(document.align, at, at + 8)
    assert payload[segment.source_start : segment.source_end].startswith(b"Diuresed")
