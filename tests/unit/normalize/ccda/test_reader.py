"""C-CDA documents: sections, entries, attachments, people, and the XML that is refused unread."""

import base64
import os
from pathlib import Path

import pytest

from llmops.documents import ClinicalDocument, FieldPhi, Kind, Locator, Reason, SourceRecord
from llmops.identities import PersonName, Role
from llmops.normalize.ccda.reader import documents, identities
from llmops.normalize.config import NormalizeConfig
from llmops.normalize.errors import Refused
from llmops.phi import PhiLabel

CONFIG = NormalizeConfig()
TARGET = """
<recordTarget><patientRole>
  <id root="2.999.1" extension="0042-17"/><id root="2.16.840.1.113883.4.1" extension="219-09-9998"/>
  <id nullFlavor="UNK" root="2.999.9"/>
  <addr><streetAddressLine>12 Heron Rd</streetAddressLine><city>Marsh End</city><state>OH</state></addr>
  <telecom value="tel:(555)555-0142"/><telecom value="mailto:tamsin@example.org"/>
  <patient><name><given>Tamsin</given><given>B</given><family>Quill</family></name>
    <name><given>Tam</given><family>Orrery</family></name>
    <administrativeGenderCode code="F"/><birthTime value="19520307"/>
    <guardian><telecom value="tel:(555)555-0150"/>
      <guardianPerson><name><given>Rowan</given><family>Quill</family></name></guardianPerson></guardian>
  </patient></patientRole></recordTarget>
<author><assignedAuthor><id root="2.16.840.1.113883.4.6" extension="5550001"/>
  <assignedPerson><name><given>Ilse</given><family>Moss</family></name></assignedPerson>
  <representedOrganization><name>Northside General</name></representedOrganization></assignedAuthor></author>
<participant typeCode="IND"><associatedEntity classCode="NOK"><associatedPerson>
  <name>No Information</name></associatedPerson></associatedEntity></participant>
"""


def ccda_record(body: str, header: str = TARGET, prolog: str = "") -> SourceRecord:
    xml = (
        f'{prolog}<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        '<code code="34133-9" codeSystem="2.16.840.1.113883.6.1"/><title>Visit summary</title>'
        f'<effectiveTime value="20240102030405-0500"/>{header}<component>{body}</component></ClinicalDocument>'
    )
    return xml_record(xml.encode())


def xml_record(payload: bytes, encoding: str = "utf-8") -> SourceRecord:
    return SourceRecord(
        record_id="r1", format="ccda", payload=payload, locator=Locator(container="x"), encoding=encoding
    )


def section(text: str, entries: str = "", code: str = "10160-0", title: str = "Medications") -> str:
    return (
        f'<component><section><code code="{code}" codeSystem="2.16.840.1.113883.6.1"/><title>{title}</title>'
        f"<text>{text}</text>{entries}</section></component>"
    )


def structured(*sections: str) -> ClinicalDocument:
    (document,) = documents(ccda_record(f"<structuredBody>{''.join(sections)}</structuredBody>"), CONFIG)
    return document


def test_sections_become_headings_with_loinc_codes() -> None:
    """One document with its section tree; what stands before the first section is the preamble."""
    document = structured(
        section("<paragraph>Aspirin daily.</paragraph>"),
        section("Never smoked.", code="29762-2", title="Social History"),
    )
    assert document.text == "Visit summary\n\nMedications:\nAspirin daily.\n\nSocial History:\nNever smoked."
    assert [(s.name, s.code, document.text[s.start : s.end].strip()) for s in document.sections] == [
        ("preamble", "", "Visit summary"),
        ("medications", "10160-0", "Medications:\nAspirin daily."),
        ("social_history", "29762-2", "Social History:\nNever smoked."),
    ]
    assert (document.kind, document.doc_type, document.time) == (Kind.SUMMARY, "34133-9", "2024-01-02T03:04:05-05:00")
    assert document.align[1].path == "component/structuredBody/component[1]/section/title"


def test_nested_sections_follow_those_that_hold_them() -> None:
    """Each is a section of its own."""
    inner = section("No rash.", code="10206-1", title="Skin")
    outer = section("Well.", entries=inner, code="29545-1", title="Physical Exam")
    document = structured(outer)
    assert document.text.endswith("Physical Exam:\nWell.\n\nSkin:\nNo rash.")
    assert [s.name for s in document.sections] == ["preamble", "physical_examination", "other"]


LAB = """<entry><observation classCode="OBS" moodCode="EVN">
<code code="718-7" codeSystem="2.16.840.1.113883.6.1" displayName="Hemoglobin"/>
<effectiveTime value="20120806"/><value xsi:type="PQ" value="13.2" unit="g/dL"/>
<interpretationCode code="N"/></observation></entry>"""


def test_entries_become_typed_values() -> None:
    """A number with unit and code, and a date that is PHI."""
    document = structured(section("<paragraph>Hb 13.2</paragraph>", LAB))
    value = next(field for field in document.fields if field.name == "observation.value")
    assert (value.value, value.unit, value.code, value.phi) == (
        13.2,
        "g/dL",
        "http://loinc.org|718-7",
        FieldPhi.NONE,
    )
    time = next(field for field in document.fields if field.name == "observation.effectiveTime")
    assert (time.value, time.phi) == ("2012-08-06", PhiLabel.DATE)
    assert "Hemoglobin" not in document.text


def test_entries_are_written_out_where_the_narrative_is_empty() -> None:
    """A machine-made document may hold nothing a person can read."""
    assert structured(section("", LAB)).text.endswith("Medications:\n- Hemoglobin: 13.2 g/dL; 2012-08-06")


def test_a_negated_statement_is_never_a_finding() -> None:
    """Negation changes the name of the value, so nobody reads it as present."""
    negated = LAB.replace('moodCode="EVN"', 'moodCode="EVN" negationInd="true"')
    document = structured(section("", negated))
    assert document.text.endswith("- No Hemoglobin: 13.2 g/dL; 2012-08-06")
    assert not any(field.name == "observation.value" for field in document.fields)


def test_a_medication_takes_its_name_from_the_narrative_it_points_at() -> None:
    """``originalText/reference`` leads into the narrative."""
    entry = """<entry><substanceAdministration classCode="SBADM" moodCode="EVN"><doseQuantity value="81" unit="mg"/>
    <consumable><manufacturedProduct><manufacturedMaterial><code code="243670" codeSystem="2.16.840.1.113883.6.88">
    <originalText><reference value="#m1"/></originalText></code></manufacturedMaterial></manufacturedProduct>
    </consumable></substanceAdministration></entry>"""
    document = structured(section('<list><item><content ID="m1">Aspirin 81 mg</content></item></list>', entry))
    code = next(field for field in document.fields if field.name == "substanceAdministration.code")
    assert (code.value, code.code) == ("Aspirin 81 mg", "http://www.nlm.nih.gov/research/umls/rxnorm|243670")


def test_the_patient_and_everyone_around_are_known() -> None:
    """Each with the patient's identifiers; placeholders are nobody."""
    record = ccda_record(f"<structuredBody>{section('x')}</structuredBody>")
    found = identities(record, CONFIG)
    patient = found[0]
    assert [(i.value, i.assigner, i.label) for i in patient.subject] == [
        ("0042-17", "2.999.1", PhiLabel.MRN),
        ("219-09-9998", "2.16.840.1.113883.4.1", PhiLabel.SSN),
    ]
    assert patient.names == (
        PersonName(family="Quill", given=("Tamsin", "B")),
        PersonName(family="Orrery", given=("Tam",)),
    )
    assert (patient.birth_date, patient.sex) == ("1952-03-07", "F")
    assert (patient.phones, patient.emails) == (("(555)555-0142",), ("tamsin@example.org",))
    others = {(one.role, (name.family or name.text)) for one in found[1:] for name in one.names}
    assert others == {
        (Role.RELATIVE, "Quill"),
        (Role.CLINICIAN, "Moss"),
        (Role.ORGANIZATION, "Northside General"),
    }
    assert all(one.subject == patient.subject for one in found)


def unstructured(text: str) -> SourceRecord:
    return ccda_record(f"<nonXMLBody>{text}</nonXMLBody>")


def test_an_unstructured_body_of_text_becomes_the_document() -> None:
    """Base64 of text is text, and its headings are found."""
    packed = base64.b64encode(b"HISTORY OF PRESENT ILLNESS:\nCough.").decode()
    (document,) = documents(unstructured(f'<text mediaType="text/plain" representation="B64">{packed}</text>'), CONFIG)
    assert document.text == "HISTORY OF PRESENT ILLNESS:\nCough."
    assert document.sections[0].name == "history_of_present_illness"


def reason_of(record: SourceRecord, config: NormalizeConfig = CONFIG) -> Reason:
    with pytest.raises(Refused) as refused:
        documents(record, config)
    assert refused.value.args == (refused.value.reason.value,)
    assert refused.value.__cause__ is None
    return refused.value.reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('<text mediaType="application/pdf" representation="B64">JVBERi0=</text>', Reason.UNSUPPORTED_ATTACHMENT),
        ('<text mediaType="text/plain" representation="B64">JVBERi0=</text>', Reason.UNSUPPORTED_ATTACHMENT),
        ('<text mediaType="text/rtf" representation="B64">e1xydGYx</text>', Reason.UNSUPPORTED_ATTACHMENT),
        (
            '<text mediaType="text/plain" compression="ZL" representation="B64">eJw=</text>',
            Reason.UNSUPPORTED_ATTACHMENT,
        ),
        ('<text mediaType="text/plain" representation="B64">*</text>', Reason.BAD_ATTACHMENT),
        ('<text mediaType="application/pdf"><reference value="a.pdf"/></text>', Reason.EXTERNAL_ATTACHMENT),
        ("<text/>", Reason.EMPTY),
    ],
)
def test_other_unstructured_bodies_are_refused(text: str, reason: Reason) -> None:
    """With the reason that says what to do."""
    assert reason_of(unstructured(text)) is reason


BOMB = '<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;&x;&x;&x;&x;&x;">]>'


@pytest.mark.parametrize(
    "prolog",
    [
        BOMB,
        f'<?xml version="1.0"?>\n<!-- harmless -->\n<?pi x?>{BOMB}',
        '<!DOCTYPE a SYSTEM "file:///etc/passwd">',
        '\ufeff<!DOCTYPE a SYSTEM "http://example.invalid/x.dtd">',
        "<!doctype html>",
    ],
)
def test_any_doctype_is_refused_before_parsing(prolog: str) -> None:
    """Entity bombs and external entities never reach the parser."""
    record = ccda_record("<structuredBody/>", prolog=prolog)
    assert reason_of(record) is Reason.DOCTYPE_REFUSED
    text = record.payload.decode()
    assert reason_of(xml_record(text.encode("utf-16-le"), "utf-16-le")) is Reason.DOCTYPE_REFUSED


def test_a_doctype_that_is_only_spoken_of_is_fine() -> None:
    """In a comment or a text it declares nothing."""
    record = ccda_record(
        f"<structuredBody>{section('the &lt;!DOCTYPE x> line')}</structuredBody>", prolog="<!-- <!DOCTYPE x> -->"
    )
    (document,) = documents(record, CONFIG)
    assert document.text.endswith("the <!DOCTYPE x> line")


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", Reason.EMPTY),
        (b"<ClinicalDocument><a>", Reason.TRUNCATED),
        (b"<ClinicalDocument><a></ClinicalDocument>", Reason.MALFORMED),
        (b"<sdtc:a/>", Reason.MALFORMED),
        (b"<html/>", Reason.MALFORMED),
        (b"<ClinicalDocument>&undefined;</ClinicalDocument>", Reason.MALFORMED),
        (b"<ClinicalDocument>\xff\xff</ClinicalDocument>", Reason.WRONG_ENCODING),
        (b"<ClinicalDocument>" + b"<a>" * 100 + b"</a>" * 100 + b"</ClinicalDocument>", Reason.TOO_DEEP),
        (b"<ClinicalDocument>" + b"<a>" * 9000 + b"</a>" * 9000 + b"</ClinicalDocument>", Reason.TOO_DEEP),
        (b'<section xmlns="urn:hl7-org:v3"><text>x</text></section>', Reason.NO_SUBJECT),
        (b'<ClinicalDocument xmlns="urn:hl7-org:v3"/>', Reason.NO_SUBJECT),
    ],
)
def test_what_is_no_safe_document_is_refused(payload: bytes, reason: Reason) -> None:
    """Nothing is mended: a broken document is not guessed at."""
    assert reason_of(xml_record(payload)) is reason


def test_a_fragment_is_read_where_no_subject_is_asked_for() -> None:
    """A section alone still has its narrative."""
    record = xml_record(b'<section xmlns="urn:hl7-org:v3"><title>Plan</title><text>Rest.</text></section>')
    (document,) = documents(record, NormalizeConfig(require_subject=False))
    assert document.text == "Plan:\nRest."


def test_the_declared_encoding_is_used_where_the_sources_guess_fails() -> None:
    """An attachment in another record comes with its own declaration."""
    xml = ccda_record(f"<structuredBody>{section('café')}</structuredBody>").payload.decode()
    payload = b'<?xml version="1.0" encoding="iso-8859-1"?>' + xml.encode("iso-8859-1")
    (document,) = documents(xml_record(payload), CONFIG)
    assert document.text.endswith("café")


@pytest.mark.skipif("LLMOPS_CORPORA" not in os.environ, reason="LLMOPS_CORPORA is not set")
def test_public_documents_never_raise_anything_but_a_refusal() -> None:
    """Vendor documents and eICRs: every one is answered."""
    answered = 0
    for path in sorted(Path(os.environ["LLMOPS_CORPORA"], "ccda").rglob("*.*")):
        try:
            (document,) = documents(xml_record(path.read_bytes()), CONFIG)
            identities(xml_record(path.read_bytes()), CONFIG)
        except Refused:
            continue
        answered += 1
        ends = [section.end for section in document.sections]
        assert [section.start for section in document.sections] == [0, *ends[:-1]]
        assert ends[-1] == len(document.text)
    assert answered > 100


@pytest.mark.parametrize(
    "mark", ['negationInd="1"', 'negationInd="true"', 'xmlns:s="urn:hl7-org:sdtc" s:valueNegationInd="true"']
)
def test_a_negation_is_known_however_it_is_written(mark: str) -> None:
    """An XML boolean may be ``1``, and the extensions have a negation of the value alone."""
    observation = f'<entry><observation {mark}><code code="1234-4" displayName="Asthma"/></observation></entry>'
    document = structured(section("", observation))
    assert "- No Asthma" in document.text
    assert [f.name for f in document.fields if f.value == "Asthma"] == ["observation.negated"]


def test_what_was_nullified_says_nothing_and_what_was_cancelled_says_so() -> None:
    """ActStatus nullified means entered in error; a cancelled procedure did not happen."""
    entries = "".join(
        f'<entry><procedure><code code="{n}" displayName="{name}"/><statusCode code="{status}"/></procedure></entry>'
        for n, name, status in ((1, "Biopsy", "nullified"), (2, "Excision", "cancelled"), (3, "Suture", "completed"))
    )
    document = structured(section("", entries))
    assert document.text.endswith("- Excision; cancelled\n- Suture")
    assert "Biopsy" not in [field.value for field in document.fields]


def test_an_age_in_ucum_years_reads_as_years_and_has_its_class() -> None:
    """``95 a`` as an age at onset would pass as a measure."""
    value = '<value xsi:type="PQ" value="95" unit="a"/>'
    entry = f'<entry><observation><code code="445518008" displayName="Age at onset"/>{value}</observation></entry>'
    document = structured(section("", entry))
    assert "Age at onset: 95 years" in document.text
    assert [f.phi for f in document.fields if f.name == "observation.value"] == [PhiLabel.AGE90]
