"""HL7 v2 messages as documents: reports, attachments, summaries, and what is withheld."""

import base64
import os
from pathlib import Path

import pytest

from llmops.documents import ClinicalDocument, FieldPhi, Kind, Locator, Reason, SourceRecord, Withheld, locate
from llmops.identities import PersonName, Role
from llmops.minimize import Keep
from llmops.normalize.config import NormalizeConfig
from llmops.normalize.errors import Refused
from llmops.normalize.hl7v2.fields import VIEWS
from llmops.normalize.hl7v2.parse import parse
from llmops.normalize.hl7v2.people import people, people_fields
from llmops.normalize.hl7v2.reader import documents, identities
from llmops.normalize.hl7v2.segments import FieldText, Segment
from llmops.normalize.hl7v2.shapes import shape_of
from llmops.phi import PhiLabel

CONFIG = NormalizeConfig()
PID = (
    "PID|1||0042-17^^^NORTHSIDE&2.999.1&ISO^MR~219-09-9998^^^USSSA^SS||Quill^Tamsin^B~Quill^Tam|Orrery|19520307|F||"
    "|12 Heron Rd^^Marsh End^OH^45999||(555)555-0142^PRN^PH~^NET^Internet^tamsin@example.org|||||ACC-77|219-09-9998"
    "|D5550"
)


def segment(name: str, **fields: str) -> str:
    """A segment by field numbers: ``segment("RXA", f5="...")``."""
    numbered = {int(key[1:]): value for key, value in fields.items()}
    return "|".join([name, *(numbered.get(n, "") for n in range(1, max(numbered) + 1))])


def hl7_record(*segments: str, kind: str = "ORU^R01", encoding: str = "utf-8") -> SourceRecord:
    msh = f"MSH|^~\\&|LAB|NORTHSIDE GENERAL|EHR|CLINIC|20240102030405-0500||{kind}|42|P|2.5.1"
    payload = "\r".join([msh, *segments]).encode(encoding)
    return SourceRecord(
        record_id="r1", format="hl7v2", payload=payload, locator=Locator(container="x"), encoding=encoding
    )


def made(*segments: str, kind: str = "ORU^R01") -> list[ClinicalDocument]:
    return [p for p in documents(hl7_record(*segments, kind=kind), CONFIG) if isinstance(p, ClinicalDocument)]


def field_values(document: ClinicalDocument, name: str) -> list[object]:
    return [field.value for field in document.fields if field.name == name]


def test_a_lab_panel_reads_as_one_line_a_test_with_typed_values() -> None:
    """Value, unit, reference range and flag stand together; the number keeps its LOINC code and unit."""
    (document,) = made(
        PID,
        "OBR|1|||24323-8^Metabolic panel^LN|||20240102",
        "OBX|1|NM|2345-7^Glucose^LN||182|mg/dL|70-105|H|||F",
        "OBX|2|SN|2160-0^Creatinine^LN||<^0.5|mg/dL||||F",
        "OBX|3|CWE|5778-6^Color^LN||371244009^Yellow^SCT|||N|||F",
        "NTE|1||haemolysed",
    )
    assert document.text == (
        "Metabolic panel\nGlucose: 182 mg/dL (70-105) H\nCreatinine: <0.5 mg/dL\nColor: Yellow N\nRemark: haemolysed"
    )
    assert (document.kind, document.doc_type, document.title) == (Kind.REPORT, "24323-8", "Metabolic panel")
    assert document.time == "2024-01-02"
    glucose = next(field for field in document.fields if field.name == "OBX-5")
    assert (glucose.value, glucose.unit, glucose.code, glucose.phi) == (
        182,
        "mg/dL",
        "http://loinc.org|2345-7",
        FieldPhi.NONE,
    )


def test_text_lines_are_joined_to_a_report_with_sections() -> None:
    """TX lines of one heading become one paragraph; escapes and repetitions are line ends; headings are found."""
    (document,) = made(
        PID,
        "OBR|1|||36643-5^Chest X-ray^LN|||202401021530",
        "OBX|1|TX|F^FINDINGS||Lungs are clear.||||||F",
        "OBX|2|TX|F^FINDINGS||Heart is normal~in size.\\.br\\No effusion.||||||F",
        "OBX|3|TX|I^IMPRESSION||No acute disease \\T\\ no change.||||||F",
    )
    assert "FINDINGS:\nLungs are clear.\nHeart is normal\nin size.\nNo effusion.\n" in document.text
    assert "IMPRESSION: No acute disease & no change." in document.text
    assert [section.name for section in document.sections] == ["preamble", "findings", "impression"]


def test_every_obr_group_is_a_document_and_loose_remarks_join_the_first() -> None:
    """One message may carry several reports."""
    first, second = made(
        PID,
        "NTE|1||fasting",
        "OBR|1|||1^First panel^L",
        "OBX|1|NM|a^A^L||1",
        "OBR|2|||2^Second panel^L",
        "OBX|1|NM|b^B^L||2",
    )
    assert first.text == "First panel\nRemark: fasting\nA: 1"
    assert second.text == "Second panel\nB: 2"
    assert [first.document_id, second.document_id] == ["r1.0", "r1.1"]


def test_text_maps_to_the_bytes_of_its_field() -> None:
    """A finding in the text can be shown where it stands in the message."""
    record = hl7_record(PID, "OBR|1|||1^Echo^L", "OBX|1|TX|||Née Quill, émue.", "OBX|2|TX|||plain")
    (document,) = documents(record, CONFIG)
    assert isinstance(document, ClinicalDocument)
    at = document.text.index("plain")
    (segment,) = locate(document.align, at, at + 5)
    assert segment.path == "OBX[2]-5"
    assert segment.exact
    assert record.payload[segment.source_start : segment.source_end] == b"plain"
    (segment,) = locate(document.align, document.text.index("Née"), document.text.index("Née") + 3)
    assert record.payload[segment.source_start : segment.source_end].decode() == "Née Quill, émue."


def test_genotypes_are_typed_values_that_keep_drops() -> None:
    """By LOINC or as HGVS writes a variant (164.514(b)(2)(i)(R)); the test and its other results stay."""
    (document,) = made(
        PID,
        "OBR|1|||51968-6^Gene panel^LN|||20240102",
        "OBX|1|ST|51958-7^Transcript^LN||NM_007294.4",
        "OBX|2|CWE|53034-5^Allelic state^LN||LA6706-1^Heterozygous^LN",
        "OBX|3|ST|BRCA^BRCA1^L||c.68_69delAG heterozygous rs80357914",
        "OBX|4|TX|X^Finding^L||BRCA1 p.Glu23fs",
        "OBX|5|ST|X^Change^L||c.-12+1G>A",
        "OBX|6|ST|X^Specimen^L||blood",
    )
    assert document.text == "Gene panel\nSpecimen: blood"
    assert len(field_values(document, "OBX-5.genotype")) == 5
    kept = Keep().process([document])[0]
    assert isinstance(kept, ClinicalDocument)
    assert field_values(kept, "OBX-5.genotype") == []
    assert field_values(kept, "OBX-5") == ["blood"]


@pytest.mark.parametrize(
    "text", ["see p. 12, c. 68 mL", "rs 80 bpm", "temp 37 c.", "p.o. 5 mg", "p.r.n.", "C.68 screw"]
)
def test_abbreviations_are_no_genotypes(text: str) -> None:
    """A page, a route and a count are written like a variant."""
    (document,) = made(PID, "OBR|1|||X^Note^L", f"OBX|1|ST|X^Finding^L||{text}")
    assert text in document.text


def test_retracted_observations_are_not_read() -> None:
    """OBX-11 W: posted for the wrong patient."""
    (document,) = made(
        PID, "OBR|1|||1^P^L", "OBX|1|NM|a^A^L||1|||||W", "OBX|2|NM|b^B^L||2|||||F|F", "OBX|3|ST|c^C^L||x||||||W"
    )
    assert "C: x" not in document.text
    assert dict(document.provenance.changes)["dropped:retracted"] == 1


def attached(mime: str, encoding: str, data: str) -> tuple[ClinicalDocument | Withheld, ...]:
    obx = f"OBX|1|ED|18842-5^Discharge summary^LN||^{mime}^{encoding}^{data}||||||F"
    return documents(hl7_record(PID, "OBR|1|||1^Letter^L", obx), CONFIG)


def test_attached_text_becomes_a_document() -> None:
    """Base64 of text is text."""
    (document,) = attached("TEXT^plain", "Base64", base64.b64encode(b"Discharged well.\r\nPlan: rest.").decode())
    assert isinstance(document, ClinicalDocument)
    assert document.text == "Discharged well.\nPlan: rest."
    assert (document.doc_type, document.title) == ("18842-5", "Discharge summary")


@pytest.mark.parametrize(
    ("mime", "encoding", "data", "reason"),
    [
        ("application^PDF", "Base64", base64.b64encode(b"%PDF-1.7").decode(), Reason.UNSUPPORTED_ATTACHMENT),
        ("TEXT^plain", "Base64", base64.b64encode(b"%PDF-1.7").decode(), Reason.UNSUPPORTED_ATTACHMENT),
        ("TEXT^RTF", "Base64", base64.b64encode(b"{\\rtf1 x}").decode(), Reason.UNSUPPORTED_ATTACHMENT),
        ("TEXT^plain", "Base64", "not*base64", Reason.BAD_ATTACHMENT),
        ("TEXT^plain", "Base64", "", Reason.BAD_ATTACHMENT),
    ],
)
def test_other_attachments_are_withheld_and_counted(mime: str, encoding: str, data: str, reason: Reason) -> None:
    """Nothing is dropped unseen."""
    (part,) = attached(mime, encoding, data)
    assert isinstance(part, Withheld)
    assert part.reason is reason


def test_html_in_lines_of_text_and_values_is_read() -> None:
    """Senders put what their editor made into TX, its ampersands escaped or not."""
    (document,) = made(
        PID,
        "OBR|1|||11506-3^Note^LN",
        r"OBX|1|TX|||<p>Cell 802\T\#8209;555\T\#45;1234,</p><p>Wren<i>field</i></p>",
        "OBX|2|ST|a^Caller^L||O&#39;Neil|||N",
    )
    assert document.text == "Note\nCell 802\u2011555-1234,\n\nWrenfield\n\nCaller: O'Neil N"
    assert "O'Neil" in field_values(document, "OBX-5")


def test_a_report_in_rtf_is_withheld_and_the_others_are_read() -> None:
    """RTF is not read, and its control words would split names and numbers."""
    parts = documents(
        hl7_record(
            PID,
            *("OBR|1|||1^P^L", r"OBX|1|TX|||{\E\rtf1\E\ansi Wren{\E\i field} 802\E\'2d555}"),
            *("OBR|2|||1^P^L", "OBX|1|TX|||Plan: rest"),
        ),
        CONFIG,
    )
    assert [p.reason if isinstance(p, Withheld) else p.text for p in parts] == [
        Reason.UNKNOWN_FORMAT,
        "P\nPlan: rest",
    ]


def test_a_pointer_to_elsewhere_is_withheld_beside_the_report() -> None:
    """RP names a file that this record does not hold."""
    report, pointer = documents(
        hl7_record(PID, "OBR|1|||1^P^L", "OBX|1|NM|a^A^L||1", "OBX|2|RP|i^Image^L||//pacs/img1^^IM^DICOM"), CONFIG
    )
    assert isinstance(report, ClinicalDocument)
    assert isinstance(pointer, Withheld)
    assert pointer.reason is Reason.EXTERNAL_ATTACHMENT


def test_a_transcription_is_a_note_of_its_type() -> None:
    """MDM: TXA-2 says what it is."""
    (document,) = made(
        PID, "TXA|1|DS|TX|20240103", "OBX|1|TX|||HOSPITAL COURSE:", "OBX|2|TX|||Did well.", kind="MDM^T02"
    )
    assert (document.kind, document.doc_type, document.title) == (Kind.NOTE, "18842-5", "Discharge summary")
    assert document.text == "Discharge summary\n\nHOSPITAL COURSE:\nDid well."
    assert document.time == "2024-01-03"


def test_an_admission_becomes_a_summary_under_headings() -> None:
    """Diagnoses, allergies and procedures, each with its details and remarks."""
    (document,) = made(
        PID,
        "PV1|1|I|4E^12^B^NORTHSIDE GENERAL||||77^Vane^Oriel||||||||||||||||||||||||||||||||||||||202401021200",
        "DG1|1||J45.909^Asthma^I10||20240101|A",
        "NTE|1||since childhood",
        "AL1|1|DA|7980^Penicillin^RXNORM|SV|hives",
        "ZPD|secret|more",
        kind="ADT^A01",
    )
    assert document.kind is Kind.SUMMARY
    assert document.title == "Admission"
    assert "Diagnoses:\n- Asthma; Date: 2024-01-01; Type: admitting\nRemark: since childhood" in document.text
    assert "Allergies:\n- Penicillin; Type: drug allergy; Severity: severe; Reaction: hives" in document.text
    assert [section.name for section in document.sections] == ["other", "other", "diagnosis", "allergies"]
    assert field_values(document, "DG1-5") == ["2024-01-01"]
    assert dict(document.provenance.changes) == {"dropped:Z": 1}
    for secret in ("Quill", "0042-17", "Heron", "Vane", "secret"):
        assert secret not in document.text
        assert secret not in [field.value for field in document.fields]


def test_what_says_who_somebody_is_does_not_count_as_dropped() -> None:
    """It goes to the vault and is looked for in every document; a patient's ethnic group is read nowhere."""
    kin = "NK1|1|Quill^Oriel|SPO|12 Heron Rd^^Marsh End^OH|(555)555-0143"
    (document,) = made(f"{PID}||N", kin, "DG1|1||J45.909^Asthma^I10", kind="ADT^A01")
    assert dict(document.provenance.changes) == {"dropped:NK1": 1, "dropped:PID": 1}


@pytest.mark.parametrize("kind", ["ADT^A40", "ADT^A01"])
def test_the_fields_said_to_be_read_for_people_are_those_that_are(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each segment with something in every field: asked for by number, and seen in no other way."""
    names = (
        "ACC AIL AIP AUT CTD DG1 EVN FT1 GT1 IAM IN1 IN2 IN3 MRG NK1 NTE OBR OBX ORC PD1 PDA PID PR1 PRD PRT PV1 PV2"
    )
    everything = [
        f"{name}|" + "|".join(f"A{n}" for n in range(1, 80))
        for name in f"{names} RF1 ROL RXA RXD RXE RXO SCH TXA".split()
    ]
    (message,) = parse(hl7_record(*everything, kind=kind))
    asked: set[tuple[str, int]] = set()
    real = Segment.repetitions

    def repetitions(self: Segment, number: int) -> tuple[FieldText, ...]:
        asked.add((self.name, number))
        return real(self, number)

    said = {(one.name, number) for one in message.segments[1:] for number in people_fields(message, one.name)}
    monkeypatch.setattr(Segment, "repetitions", repetitions)
    assert list(people(message))
    # Every coded field is looked at too: a clinician may stand there.
    coded = {(name, number) for name, view in VIEWS.items() for number in view.fields}
    read = {(name, number) for name, number in asked if name != "MSH"} - (coded - said)
    assert said == read - ({("MRG", 1)} if kind == "ADT^A01" else set())


def test_vaccinations_stand_under_immunizations() -> None:
    """VXU: RXA is a vaccine given."""
    (document,) = made(
        PID,
        segment("RXA", f3="20230911", f5="140^Influenza^CVX", f6="0.5", f7="mL^mL^UCUM", f20="CP"),
        "RXR|IM^Intramuscular",
        kind="VXU^V04",
    )
    assert document.text.endswith(
        "Immunizations:\n- Influenza; Date: 2023-09-11; Amount: 0.5; Unit: mL; Completion: complete\n"
        "- Route: Intramuscular"
    )
    assert document.sections[-1].name == "immunizations"


def test_free_text_in_the_place_of_a_code_is_searched() -> None:
    """A coded field without a code is what somebody typed."""
    (document,) = made(PID, "DG1|1||^seen with Mrs Quill^", kind="ADT^A08")
    assert [field.phi for field in document.fields if field.name == "DG1-3"] == [FieldPhi.FREE_TEXT]


def test_a_message_without_a_patient_is_refused_where_one_is_required() -> None:
    """Nothing could be kept consistent."""
    record = hl7_record("OBR|1|||1^P^L", "OBX|1|NM|a^A^L||1")
    with pytest.raises(Refused) as refused:
        documents(record, CONFIG)
    assert refused.value.reason is Reason.NO_SUBJECT
    assert len(documents(record, NormalizeConfig(require_subject=False))) == 1


def test_a_report_that_says_nothing_is_withheld() -> None:
    """Counted, not dropped."""
    (part,) = documents(hl7_record(PID, "OBR|1|||1^P^L"), CONFIG)
    assert isinstance(part, Withheld)
    assert part.reason is Reason.NO_CONTENT


def test_the_patient_has_every_number_with_its_assigner_and_kind() -> None:
    """PID-3 repetitions, account and SSN; the SSN once."""
    (document,) = made(PID, "OBR|1|||1^P^L", "OBX|1|NM|a^A^L||1")
    assert [(i.value, i.assigner, i.label) for i in document.subject] == [
        ("0042-17", "2.999.1", PhiLabel.MRN),
        ("219-09-9998", "2.16.840.1.113883.4.1", PhiLabel.SSN),
        ("ACC-77", "", PhiLabel.ACCT),
    ]


def test_everyone_around_the_patient_is_known() -> None:
    """Aliases, mother, next of kin, insured, clinicians and places, all linked to the patient."""
    found = identities(
        hl7_record(
            PID,
            "PV1|1|I|4E^12^B^NORTHSIDE GENERAL||||77^Vane^Oriel^M",
            "NK1|1|Quill^Rowan|SPO|9 Mill Ln^^Marsh End^OH|(555)555-0150",
            segment("IN1", f4="Acme Health", f16="Quill^Rowan", f17="SPO", f36="POL-5551"),
            segment("OBR", f4="1^P^L", f16="8^Moss^Ilse", f32="7&Fenn&Ada"),
        ),
        CONFIG,
    )
    patient = found[0]
    assert patient.role is Role.SELF
    assert patient.names == (
        PersonName(family="Quill", given=("Tamsin", "B")),
        PersonName(family="Quill", given=("Tam",)),
    )
    assert (patient.birth_date, patient.sex) == ("1952-03-07", "F")
    assert patient.phones == ("(555)555-0142",)
    assert patient.emails == ("tamsin@example.org",)
    assert patient.addresses[0].postal_code == "45999"
    assert [(i.value, i.label) for i in patient.identifiers] == [("D5550", PhiLabel.LICENSE)]
    names = {(one.role, name.family or name.text) for one in found for name in one.names}
    assert {
        (Role.RELATIVE, "Orrery"),
        (Role.RELATIVE, "Quill"),
        (Role.CLINICIAN, "Vane"),
        (Role.CLINICIAN, "Moss"),
        (Role.CLINICIAN, "Fenn"),
        (Role.ORGANIZATION, "NORTHSIDE GENERAL"),
        (Role.ORGANIZATION, "Acme Health"),
    } <= names
    assert any(i.value == "POL-5551" and i.label is PhiLabel.PLAN for one in found for i in one.identifiers)
    assert all(one.subject == patient.subject for one in found)


def test_a_merge_links_the_numbers_and_a_move_does_not() -> None:
    """A40 says that two records are one person; A45 moves a visit between two."""
    merged = identities(hl7_record(PID, "MRG|0099-01^^^NORTHSIDE^MR", kind="ADT^A40"), CONFIG)
    moved = identities(hl7_record(PID, "MRG|0099-01^^^NORTHSIDE^MR", kind="ADT^A45"), CONFIG)
    assert any(i.value == "0099-01" for i in merged[0].subject)
    assert not any(i.value == "0099-01" for i in moved[0].subject)


def test_patients_of_one_message_keep_their_own_people() -> None:
    """A result message may repeat the patient group."""
    found = identities(
        hl7_record("PID|1||1^^^N^MR||Ash^A", segment("OBR", f16="1^Oak^B"), "PID|2||2^^^N^MR||Elm^C", "OBR|1"), CONFIG
    )
    clinicians = {one.subject[0].value for one in found if one.role is Role.CLINICIAN}
    assert clinicians == {"1"}


@pytest.mark.skipif("LLMOPS_CORPORA" not in os.environ, reason="LLMOPS_CORPORA is not set")
def test_public_messages_never_raise_anything_but_a_refusal() -> None:
    """Real messages: every one is answered, and most become documents."""
    answered = refused = 0
    for path in sorted(Path(os.environ["LLMOPS_CORPORA"], "hl7v2").rglob("*.hl7")):
        record = SourceRecord(record_id="r", format="hl7v2", payload=path.read_bytes(), locator=Locator(container="x"))
        try:
            assert documents(record, CONFIG)
            identities(record, CONFIG)
            answered += 1
        except Refused:
            refused += 1
    assert answered > 10 * refused


def test_a_clinician_in_a_miscounted_field_is_searched_and_makes_no_code() -> None:
    """Senders miscount separators; then a name stands where a coded value belongs, and codes are never searched."""
    message = "MSH|^~\\&|A|B|C|D|20240305||ORU^R01|1|P|2.5\rPID|||7741^^^NLX^MR\r"
    message += "OBR|1|||RENAL^Renal panel^L|||20240305||||||||1234567893^VARGA^INES^^^DR\rOBX|1|TX|n||fine||||||F\r"
    record = SourceRecord(record_id="r1", format="hl7v2", payload=message.encode(), locator=Locator(container="x"))
    (document,) = documents(record, NormalizeConfig())
    (specimen,) = [field for field in document.fields if field.name == "OBR-15"]
    assert (specimen.value, specimen.phi, specimen.code) == ("1234567893 VARGA INES DR", PhiLabel.NAME, "")
    assert "VARGA" not in document.text
    (clinician,) = [one for one in identities(record, NormalizeConfig()) if one.role is Role.CLINICIAN]
    assert clinician.names == (PersonName(family="VARGA", given=("INES",)),)


@pytest.mark.parametrize(
    ("segments", "field"),
    [
        (("OBR|1|||1^Echo^L|||||||||||||||||||||||||||555-11-2222^QUILLON^TAMSIN^^^^MD", "OBX|1|TX|||fine"), "OBR-31"),
        (("OBR|1|||1^Echo^L|||||||||555-11-2222^QUILLON^TAMSIN^^^^MD", "OBX|1|TX|||fine"), "OBR-13"),
        (("OBR|1|||1^Echo^L", "OBX|1|TX|||fine", "OBX|2|TX|||QUILLON^TAMSIN^B^^DR^MD"), "OBX-5"),
        (("OBR|1|||1^Echo^L", "OBX|1|CWE|9^Read by^L||8812^Quillon^Tamsin^B", "OBX|2|TX|||fine"), "OBX-5"),
        (("OBR|1|||1^Echo^L", "OBX|1|TX|||fine", "NTE|1||8812^Quillon^Tamsin^^^^RN"), "NTE-3"),
        (("OBR|1|||1^Echo^L|||||||||||||||||||||||||||771204^^^QUILLON^MR", "OBX|1|TX|||fine"), "OBR-31"),
    ],
)
def test_a_person_or_a_number_under_another_datatype_is_never_text(segments: tuple[str, ...], field: str) -> None:
    """By its shape it is treated whole, as what it looks like; what stands beside it stays."""
    (document,) = made(PID, *segments)
    assert "quillon" not in document.text.lower()
    assert "fine" in document.text
    assert "Reason for study" not in document.text
    kept = [one for one in document.fields if "quillon" in str(one.value).lower()]
    assert {(one.name, one.phi in {PhiLabel.NAME, PhiLabel.MRN}) for one in kept} == {(field, True)}
    assert dict(document.provenance.changes)["typed_only"] >= 1


def shaped(raw: str, *, sure: bool = False) -> PhiLabel | None:
    (message,) = parse(hl7_record(f"OBR|1|||{raw}"))
    return shape_of(message.segments[1].first(4), sure=sure)


@pytest.mark.parametrize(
    ("raw", "label"),
    [
        ("444-44-4444^QUILLON^TAMSIN^^^^MD", PhiLabel.NAME),
        ("8812^Quillon^Tamsin B^^Jr", PhiLabel.NAME),
        ("TQUILLON^Quillon^T.^^^^PharmD", PhiLabel.NAME),
        ("8812^van der Quillon^Tamsin^^^Dr.", PhiLabel.NAME),
        ("8812^QUILLON^TAMSIN^^^^^^NLX&2.999&ISO^L", PhiLabel.NAME),
        ("8812^O'Quill^Mary-Ann", PhiLabel.NAME),
        ("^QUILLON^TAMSIN", PhiLabel.NAME),
        ("8812&QUILLON&TAMSIN&&&DR&MD", PhiLabel.NAME),
        ("QUILLON^TAMSIN^B", PhiLabel.NAME),
        ("Quillon^Tamsin^^Jr", PhiLabel.NAME),
        ("Quillon^Tamsin^^^^^L", PhiLabel.NAME),
        ("7741^^^NLX^MR", PhiLabel.MRN),
        ("7741^5^M11^NLX&2.999&ISO", PhiLabel.MRN),
        ("219-09-9998^^^USSSA^SS", PhiLabel.MRN),
        ("(555)555-0142^PRN^PH", PhiLabel.PHONE),
        ("12 Heron Rd^^Marsh End^OH^45999", PhiLabel.LOC),
        ("R07.9^Chest pain^I10", None),
        ("444^Reason for study^L", None),
        ("8867-4^Heart rate^LN^^^^2.33^^pulse", None),
        ("tt-01^Creatinine^WinPath", None),
        ("1320^Glucose^L", None),
        ("1320^GLUCOSE^99USL^2345-7^Glucose^LN", None),
        ("0006-0740-31^Simvastatin^^^^^^^simvastatin 20 MG PO tablet", None),
        ("Y^Yes^HL70136^1^Yes, confirmed^99USL^2.5.1", None),
        ("C^Cancelled^Local", None),
        ("^1 tablet by oral route 2 times daily.", None),
        ("Vegan^Vegetarian", None),
        ("786.09^^I9M", None),
        ("##ITEM##,DESC^##ITEM##,VALUE^^^Diltiazem", None),
        ("A^A^HL70078^^^^2.5", None),
        ("10^9 cells", None),
        ("COVID", None),
    ],
)
def test_shapes_of_people_and_their_look_alikes(raw: str, label: PhiLabel | None) -> None:
    """A degree, a prefix, a suffix, a type or two names behind a number say that it is a person; a system that not."""
    assert shaped(raw) is label


def test_what_names_a_test_is_no_person_for_a_number_and_two_words_alone() -> None:
    """A panel of a system that nobody knows keeps its name; with a degree behind it it is somebody."""
    assert shaped("8812^Creatinine^Wardlab", sure=True) is None
    assert shaped("8812^Quillon^Tamsin^^^^MD", sure=True) is PhiLabel.NAME


def test_documents_carry_sex_and_age_as_those_of_fhir_do() -> None:
    """At the time of the report, in full years; over 89 under its own class; what is not known is left out."""
    report = ("OBR|1|||1^Echo^L|||20240306", "OBX|1|TX|||fine")
    (document,) = made(PID, *report)
    told = {field.name: (field.value, field.unit, field.phi) for field in document.fields if "Patient" in field.name}
    assert told == {"Patient.gender": ("female", "", FieldPhi.NONE), "Patient.age": (71, "a", FieldPhi.NONE)}
    (old,) = made(PID.replace("19520307", "1931"), *report)
    assert next(field for field in old.fields if field.name == "Patient.age").phi is PhiLabel.AGE90
    (unknown,) = made("PID|1||7741^^^NLX^MR|||||X", *report)
    assert not [field for field in unknown.fields if field.name.startswith("Patient")]


def test_bare_codes_are_read_by_hl7s_own_tables() -> None:
    """In text and field, with the table beside it; what the sender says, or a code of no table, stands as it is."""
    (document,) = made(PID, "PV1|1|I||R||||||MED", "ORC|NW||||IP", "DG1|1||I10^Hypertension^I10|||W", kind="ADT^A01")
    assert "Patient class: inpatient; Admission type: routine; Service: medical service" in document.text
    assert "Type: working" in document.text
    coded = {field.name: (field.value, field.code) for field in document.fields}
    assert coded["PV1-2"] == ("inpatient", "HL70004|I")
    assert coded["ORC-5"] == ("in process", "HL70038|IP")
    (result,) = made(PID, "OBR|1|||1^Echo^L" + "|" * 21 + "F", "OBX|1|TX|||fine")
    assert ("final", "HL70123|F") in [(field.value, field.code) for field in result.fields]
    (local,) = made(PID, "PV1|1|I^Ward stay^99NLX||Q", kind="ADT^A01")
    assert "Patient class: Ward stay; Admission type: Q" in local.text


def test_a_report_of_which_all_is_retracted_is_withheld_as_such() -> None:
    """OBX-11 W or D, also of an attachment: nothing of it is read, and the reason says why."""
    attachment = "OBX|2|ED|a^A^L||^TEXT^^A^Lungs clear.||||||D"
    (part,) = documents(hl7_record(PID, "OBR|1|||1^P^L", "OBX|1|TX|a^A^L||clear||||||W", attachment), CONFIG)
    assert isinstance(part, Withheld)
    assert part.reason is Reason.RETRACTED


def test_a_value_that_could_not_be_obtained_is_no_result() -> None:
    """OBX-11 X: what stands in the value is said, but not as a result, and becomes no typed value."""
    (document,) = made(PID, "OBR|1|||1^P^L", "OBX|1|NM|2823-3^Potassium^LN||5.2|mmol/L|||||X")
    assert "Potassium (no result): 5.2 mmol/L" in document.text
    assert field_values(document, "OBX-5") == []


def test_a_vaccine_that_was_not_given_is_not_read_as_given() -> None:
    """RXA-20 RE (refused) and NA (not administered) turn the line and the name of the typed value."""
    rxa = segment("RXA", f3="20230911", f5="140^Influenza^CVX", f18="00^Parental decision^NIP002", f20="RE")
    (document,) = made(PID, rxa, kind="VXU^V04")
    assert "- Not given: Influenza; Date: 2023-09-11; Refusal reason: Parental decision" in document.text
    assert field_values(document, "RXA-5") == []
    assert field_values(document, "RXA-5.negated") == ["Influenza"]


@pytest.mark.parametrize(
    "deleted",
    [
        segment("IAM", f3="1^Penicillin^L", f6="D"),
        segment("IAM", f3="1^Penicillin^L", f6="A", f17="E"),
        segment("DG1", f3="1^Penicillin^L", f21="D"),
        segment("RXA", f5="1^Penicillin^L", f21="D"),
    ],
)
def test_what_an_action_code_deletes_is_not_read(deleted: str) -> None:
    """Action code D, or an allergy found erroneous: no statement, and counted."""
    (document,) = made(PID, "PV1|1|I", deleted, kind="ADT^A08")
    assert "Penicillin" not in document.text
    assert dict(document.provenance.changes)["dropped:retracted"] == 1


def test_a_cancelled_order_says_so() -> None:
    """ORC-1 CA: the order that follows is none."""
    (document,) = made(PID, "ORC|CA|1", "OBR|1|||1^Chest x-ray^L", kind="ORM^O01")
    assert "Orders:\n- Cancelled order\n- Chest x-ray" in document.text


@pytest.mark.parametrize(
    ("observation", "addendum", "text"),
    [
        ("OBX|1|TX|||Nodule seen in the", "ADD| left lobe.||||||F", "Nodule seen in the left lobe."),
        ("OBX|1|TX|||Nodule seen in the||||||F", "ADD|left lobe.", "Nodule seen in the\nleft lobe."),
        ("OBX|1|TX|||Clear.||||||F\rNTE|1||Read by phone", "ADD| twice.", "Remark: Read by phone twice."),
    ],
)
def test_an_addendum_goes_on_with_the_segment_before_it(observation: str, addendum: str, text: str) -> None:
    """ADD continues the last field; behind a complete observation it is a further line of the value."""
    record = hl7_record(PID, "OBR|1|||1^P^L", observation, addendum, "OBX|2|TX|||plain")
    (document,) = documents(record, CONFIG)
    assert isinstance(document, ClinicalDocument)
    assert text in document.text
    at = document.text.index("plain")
    (piece,) = locate(document.align, at, at + 5)
    assert record.payload[piece.source_start : piece.source_end] == b"plain"
    at = document.text.index("lobe" if "lobe" in text else "twice")
    (piece,) = locate(document.align, at, at + 4)
    assert addendum.encode() in record.payload[piece.source_start : piece.source_end]


def test_an_age_counted_in_annos_reads_as_years() -> None:
    """``97 a`` is an age over 89 that nobody would find; the typed value has its class."""
    (document,) = made(PID, "OBR|1|||1^P^L", "OBX|1|NM|30525-0^Age^LN||97|a|||||F", "OBX|2|NM|x^Diabetes^L||12|a|||||F")
    assert "Age: 97 years" in document.text
    assert [f.phi for f in document.fields if f.name == "OBX-5"] == [PhiLabel.AGE90, FieldPhi.NONE]
