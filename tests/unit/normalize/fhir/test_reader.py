"""FHIR records become notes, reports and readable summaries, each tied to its patient."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops.documents import ClinicalDocument, FieldPhi, Kind, Locator, Reason, SourceRecord, Withheld
from llmops.identities import Role
from llmops.normalize import NormalizeConfig
from llmops.normalize.errors import Refused
from llmops.normalize.fhir.reader import documents, identities
from llmops.phi import PhiLabel

CONFIG = NormalizeConfig()
LOINC = "http://loinc.org"
REF = {"reference": "urn:uuid:p1"}
NOTE = "Chief Complaint: cough\nPlan: rest"

PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "identifier": [
        {"system": "urn:oid:1.2.3", "value": "00-77-41-26", "type": {"coding": [{"code": "MR"}]}},
        {"system": "http://hl7.org/fhir/sid/us-ssn", "value": "000-12-3456"},
    ],
    "name": [{"family": "Okafor", "given": ["Ada"]}],
    "telecom": [{"system": "phone", "value": "555-0142"}],
    "gender": "female",
    "birthDate": "1930-11-02",
    "address": [{"line": ["12 Alder Way"], "city": "Fernhollow", "state": "VT", "postalCode": "05000"}],
    "contact": [{"name": {"family": "Okafor", "given": ["Ben"]}}],
}
ENCOUNTER = {
    "resourceType": "Encounter",
    "id": "e1",
    "subject": REF,
    "class": {"code": "AMB"},
    "type": [{"text": "Office visit"}],
    "period": {"start": "2024-03-05T09:00:00Z"},
    "participant": [{"individual": {"display": "Dr. Ines Varga"}}],
}
PRESSURE = {
    "resourceType": "Observation",
    "status": "final",
    "subject": REF,
    "encounter": {"reference": "Encounter/e1"},
    "category": [{"coding": [{"code": "vital-signs"}]}],
    "code": {"coding": [{"system": LOINC, "code": "85354-9", "display": "Blood pressure"}]},
    "effectiveDateTime": "2024-03-05T09:05:00Z",
    "component": [
        {
            "code": {"coding": [{"system": LOINC, "code": "8480-6", "display": "Systolic"}]},
            "valueQuantity": {"value": 142.0, "unit": "mmHg", "code": "mm[Hg]"},
        }
    ],
}
ALLERGY = {
    "resourceType": "AllergyIntolerance",
    "patient": REF,
    "code": {"text": "Penicillin"},
    "note": [{"text": "per daughter Ruth"}],
}


def encoded(text: str | bytes) -> str:
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


def reference(**attachment: Any) -> dict[str, Any]:
    return {
        "resourceType": "DocumentReference",
        "subject": REF,
        "type": {"coding": [{"system": LOINC, "code": "11506-3"}]},
        "date": "2024-03-05T10:00:00Z",
        "content": [{"attachment": attachment}],
    }


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    entries = [
        {"fullUrl": f"urn:uuid:{r['id']}" if "id" in r else f"urn:uuid:x{n}", "resource": r}
        for n, r in enumerate(resources)
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def record(value: Any) -> SourceRecord:
    payload = value if isinstance(value, bytes) else json.dumps(value).encode()
    return SourceRecord(record_id="r1", format="fhir", payload=payload, locator=Locator(container="x"))


def read(value: Any) -> list[ClinicalDocument]:
    return [part for part in documents(record(value), CONFIG) if isinstance(part, ClinicalDocument)]


def refusal(value: Any) -> Reason:
    with pytest.raises(Refused) as refused:
        documents(record(value), CONFIG)
    return refused.value.reason


def test_a_bundle_becomes_notes_and_summaries_by_encounter_and_patient() -> None:
    """What refers to the encounter is told with it; the rest with the patient."""
    note, visit, patient = read(
        bundle(PATIENT, ENCOUNTER, PRESSURE, ALLERGY, reference(contentType="text/plain", data=encoded(NOTE)))
    )
    assert (note.kind, note.doc_type, note.text) == (Kind.NOTE, "11506-3", NOTE)
    assert [s.name for s in note.sections] == ["chief_complaint", "plan"]
    assert "Office visit, ambulatory" in visit.text
    assert "Systolic 142 mmHg" in visit.text
    assert "Penicillin" in patient.text
    assert "Penicillin" not in visit.text
    assert {d.subject for d in (note, visit, patient)} == {note.subject}


def test_patients_are_linked_by_logical_id_and_record_number() -> None:
    """An SSN is known, but does not link."""
    (summary,) = read(bundle(PATIENT))
    assert [(s.value, s.assigner, s.label) for s in summary.subject] == [
        ("p1", "fhir", PhiLabel.OTHERID),
        ("00-77-41-26", "1.2.3", PhiLabel.MRN),
    ]


def test_summaries_name_nobody() -> None:
    """Names, phones and street lines of the Patient and of clinicians are not needed in the text."""
    for document in read(bundle(PATIENT, ENCOUNTER, PRESSURE)):
        for canary in ("Okafor", "555-0142", "Alder", "Varga", "000-12-3456", "1930-11-02"):
            assert canary not in document.text


def test_fields_carry_their_class() -> None:
    """Numbers keep unit and code; dates, places, ages over 89 and names are said to be what they are."""
    visit = read(bundle(PATIENT, ENCOUNTER, PRESSURE, ALLERGY))[0]
    fields = {field.name: field for field in visit.fields}
    systolic = fields["Observation.component.valueQuantity"]
    assert (systolic.value, systolic.unit, systolic.code) == (142.0, "mm[Hg]", f"{LOINC}|8480-6")
    assert fields["Patient.age"].phi is PhiLabel.AGE90
    assert fields["Patient.birthDate"].phi is PhiLabel.DATE
    assert fields["Patient.address.postalCode"].phi is PhiLabel.ZIP
    assert fields["Encounter.participant"].phi is PhiLabel.NAME
    assert fields["Observation.code"].phi is FieldPhi.NONE


def test_typed_text_is_free_text_even_where_a_code_belongs() -> None:
    """A CodeableConcept without a public coding holds whatever somebody typed."""
    (document,) = read(bundle(ALLERGY | {"patient": {"reference": "Patient/p9"}}))
    assert {f.name: f.phi for f in document.fields}["AllergyIntolerance.code"] is FieldPhi.FREE_TEXT
    assert "per daughter Ruth" in document.text


def test_element_names_and_local_code_systems_do_not_become_field_names_or_codes() -> None:
    """Whatever a sender invents stays out of names and codes."""
    odd = PRESSURE | {
        "component": [],
        "valueOkaforAda": "x",
        "valueString": "fine",
        "code": {"coding": [{"system": "http://fernhollow-hospital.example", "code": "BP", "display": "BP"}]},
    }
    (document,) = read(bundle(odd))
    assert all("Okafor" not in f.name and "fernhollow" not in f.code for f in document.fields)


def test_genotypes_are_fields_of_their_own_and_not_in_the_text() -> None:
    """They identify a person; the default rules drop the field."""
    variant = PRESSURE | {
        "component": [],
        "code": {"coding": [{"system": LOINC, "code": "48004-6", "display": "DNA change"}]},
        "valueString": "c.35delG",
    }
    (document,) = read(bundle(variant))
    assert "c.35delG" not in document.text
    assert "Observation.genotype.valueString" in {f.name for f in document.fields}


@pytest.mark.parametrize(
    ("attachment", "reason"),
    [
        ({"contentType": "application/pdf", "data": encoded(b"%PDF-1.7")}, Reason.UNSUPPORTED_ATTACHMENT),
        ({"contentType": "text/plain", "data": encoded(b"%PDF-1.7 x")}, Reason.UNSUPPORTED_ATTACHMENT),
        ({"contentType": "text/rtf", "data": encoded("{\\rtf1}")}, Reason.UNSUPPORTED_ATTACHMENT),
        ({"contentType": "text/plain", "url": "https://files.example/1"}, Reason.EXTERNAL_ATTACHMENT),
        ({"contentType": "text/plain", "data": "%%%"}, Reason.BAD_ATTACHMENT),
        ({"contentType": "text/plain", "data": encoded("abc"), "size": 4}, Reason.BAD_ATTACHMENT),
        ({"contentType": "text/plain", "data": encoded("abc"), "hash": encoded("no")}, Reason.BAD_ATTACHMENT),
        ({"contentType": "text/plain; charset=utf-8", "data": encoded(b"\xff\xfe!")}, Reason.BAD_ATTACHMENT),
        ({"contentType": "text/plain", "data": encoded("  ")}, Reason.EMPTY),
        ({"contentType": "text/plain"}, Reason.NO_CONTENT),
    ],
)
def test_an_attachment_that_is_no_text_is_withheld_with_its_reason(attachment: dict[str, Any], reason: Reason) -> None:
    """The rest of the record goes on."""
    parts = documents(record(bundle(PATIENT, reference(**attachment))), CONFIG)
    assert [p.reason for p in parts if isinstance(p, Withheld)] == [reason]
    assert [p.kind for p in parts if isinstance(p, ClinicalDocument)] == [Kind.SUMMARY]


def test_rtf_in_a_value_withholds_the_summary_it_would_stand_in() -> None:
    """The rest of the record goes on."""
    said = PRESSURE | {"component": [], "valueString": "{\\rtf1 Wren{\\i field}}"}
    parts = documents(record(bundle(PATIENT, ENCOUNTER, said)), CONFIG)
    assert Reason.UNKNOWN_FORMAT in [p.reason for p in parts if isinstance(p, Withheld)]
    assert any(isinstance(p, ClinicalDocument) for p in parts)


def test_html_in_a_plain_attachment_is_read() -> None:
    """What is labelled as text may still be the page of a portal."""
    html = "<html><body>Cell 802&#45;555&#45;1234<img alt='Okafor'><br>Oka<b>for</b></body></html>"
    (note, _) = read(bundle(PATIENT, reference(contentType="text/plain", data=encoded(html))))
    assert note.text == "Cell 802-555-1234\nOkafor"


def test_html_attachments_and_binaries_are_read() -> None:
    """Tables stay readable; a Binary is read through what refers to it, once."""
    html = "<h1>Plan</h1><table><tr><td>Hgb</td><td>9.1</td></tr></table><script>x()</script>"
    binary = {"resourceType": "Binary", "id": "b1", "contentType": "text/html", "data": encoded(html)}
    (note, _) = read(bundle(PATIENT, reference(url="Binary/b1"), binary))
    assert note.text == "Plan\n\nHgb | 9.1"


def test_compositions_keep_their_sections() -> None:
    """Sections are named by code, else by title; the narrative is text."""
    composition = {
        "resourceType": "Composition",
        "subject": REF,
        "title": "Consult",
        "section": [
            {
                "title": "Okafor's plan",
                "code": {"coding": [{"system": LOINC, "code": "18776-5"}]},
                "text": {"div": "<div>Rest</div>"},
            },
            {"title": "Allergies", "text": {"div": "<div><ul><li>None</li></ul></div>"}},
        ],
    }
    (document,) = read(bundle(composition))
    assert [s.name for s in document.sections] == ["plan", "allergies"]
    assert document.text.endswith("Allergies\n- None")


def test_administrative_resources_are_dropped_and_counted() -> None:
    """Money is not needed; standing alone it is withheld."""
    (document,) = read(bundle(PATIENT, {"resourceType": "Claim", "patient": REF}))
    assert ("dropped:Claim", 1) in document.provenance.changes
    assert refusal({"resourceType": "Claim"}) is Reason.NOT_NECESSARY
    assert refusal({"resourceType": "Practitioner", "name": [{"family": "Varga"}]}) is Reason.NO_CONTENT


def test_two_patients_are_kept_apart() -> None:
    """Each summary belongs to the patient its resources refer to."""
    other = {"resourceType": "Patient", "id": "p2", "gender": "male"}
    asthma = {"resourceType": "Condition", "subject": {"reference": "Patient/p2"}, "code": {"text": "Asthma"}}
    first, second = read(bundle(PATIENT, other, asthma, ALLERGY))
    assert ("Penicillin" in first.text, "Asthma" in first.text) == (True, False)
    assert ("Penicillin" in second.text, "Asthma" in second.text) == (False, True)


def test_a_line_of_a_bulk_export_is_one_document() -> None:
    """Its patient is known by logical id."""
    (document,) = read(PRESSURE | {"subject": {"reference": "https://ehr.example/fhir/Patient/p1/_history/2"}})
    assert [(s.value, s.assigner) for s in document.subject] == [("p1", "fhir")]
    assert document.provenance.path == "resource:Observation"


def test_a_resource_without_patient_is_withheld() -> None:
    """Unless the configuration lets it pass."""
    orphan = {k: v for k, v in PRESSURE.items() if k != "subject"}
    (part,) = documents(record(orphan), CONFIG)
    assert isinstance(part, Withheld)
    assert part.reason is Reason.NO_SUBJECT
    (part,) = documents(record(orphan), NormalizeConfig(require_subject=False))
    assert isinstance(part, ClinicalDocument)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", Reason.EMPTY),
        (json.dumps(bundle(PATIENT, ENCOUNTER)).encode()[:-40], Reason.TRUNCATED),
        (b'{"resourceType": "Patient", }', Reason.MALFORMED),
        (b'{"a": 1}', Reason.MALFORMED),
        (b"[]", Reason.MALFORMED),
        (b'{"resourceType": "Patient", "x": "caf\xc3', Reason.TRUNCATED),
        (b'{"resourceType": "Patient", "x": "caf\xe9"}', Reason.WRONG_ENCODING),
        (b'{"resourceType": "Patient", "x": ' + b"[" * 100 + b"]" * 100 + b"}", Reason.TOO_DEEP),
        (b'{"resourceType": "Patient", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", Reason.TOO_DEEP),
        (b'{"resourceType": "Bundle", "entry": []}', Reason.EMPTY),
    ],
)
def test_broken_json_is_refused_with_its_reason(payload: bytes, reason: Reason) -> None:
    """Truncation, nesting and nonsense are told apart."""
    assert refusal(payload) is reason


def test_people_around_the_patient_are_known() -> None:
    """Patient, contact and participant, each with their role and the patient's identifiers."""
    found = identities(record(bundle(PATIENT, ENCOUNTER)), CONFIG)
    by_role = {(i.role, i.names[0].family or i.names[0].text) for i in found}
    assert by_role == {(Role.SELF, "Okafor"), (Role.RELATIVE, "Okafor"), (Role.CLINICIAN, "Dr. Ines Varga")}
    assert {i.subject for i in found} == {found[0].subject}
    assert [(i.value, i.label) for i in found[0].identifiers] == [("000-12-3456", PhiLabel.SSN)]


def test_contained_resources_are_read_with_their_holder() -> None:
    """A contained result counts; a contained patient's local id never links two records."""
    patient = {"resourceType": "Patient", "id": "pat", "name": [{"family": "Okafor"}]}
    result = {"resourceType": "Observation", "id": "o", "code": {"text": "Hgb"}, "valueString": "9.1 low"}
    report = {
        "resourceType": "DiagnosticReport",
        "id": "d7",
        "subject": {"reference": "#pat"},
        "code": {"text": "CBC"},
        "contained": [patient, result],
    }
    (document,) = read(report)
    assert [s.value for s in document.subject] == ["DiagnosticReport/d7#pat"]
    assert "Hgb: 9.1 low" in document.text
    assert identities(record(report), CONFIG)[0].names[0].family == "Okafor"


def test_clinicians_belong_to_the_patients_they_treat() -> None:
    """In a record of several patients nobody is tied to somebody else's patient."""
    doctor = {"resourceType": "Practitioner", "id": "dr", "name": [{"family": "Varga"}]}
    other = {"resourceType": "Patient", "id": "p2", "gender": "male"}
    visit = ENCOUNTER | {"participant": [{"individual": {"reference": "Practitioner/dr"}}]}
    found = identities(record(bundle(PATIENT, other, doctor, visit)), CONFIG)
    assert [i.subject[0].value for i in found if i.role is Role.CLINICIAN] == ["p1"]


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.text(max_size=6)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(sorted({*PATIENT, *ENCOUNTER, *PRESSURE, "coding", "value", "attachment"})),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.sampled_from([PATIENT, ENCOUNTER, PRESSURE, ALLERGY, reference(data=encoded(NOTE))]), st.data())
def test_elements_of_any_type_break_nothing(resource: dict[str, Any], data: st.DataObject) -> None:
    """Whatever stands where an element belongs, the answer is a document or a reason."""
    name = data.draw(st.sampled_from(sorted(resource.keys() - {"resourceType"})))
    odd = resource | {name: data.draw(_JSON)}
    try:
        parts = documents(record(bundle(odd)), CONFIG)
        identities(record(bundle(odd)), CONFIG)
    except Refused:
        return
    for part in parts:
        if isinstance(part, ClinicalDocument):
            assert all(0 <= s.start < s.end <= len(part.text) for s in (*part.sections, *part.align))


def test_an_absent_patient_is_linked_by_id_and_identifier() -> None:
    """A single resource joins the server's id and the hospital's number, as HL7 v2 writes it."""
    reference_to = {"reference": "Patient/p9", "identifier": {"system": "urn:oid:1.2.3", "value": "00-77-41-26"}}
    single = ALLERGY | {"patient": reference_to}
    (document,) = read(single)
    assert [(i.value, i.assigner, i.label) for i in document.subject] == [
        ("p9", "fhir", PhiLabel.OTHERID),
        ("00-77-41-26", "1.2.3", PhiLabel.MRN),
    ]
    (identity,) = identities(record(single), CONFIG)
    assert (identity.role, identity.subject, identity.names) == (Role.SELF, document.subject, ())


def test_identifiers_of_groups_and_of_other_types_are_no_patients() -> None:
    """Only what may be a patient links."""
    for other in (
        {"reference": "Group/g1", "identifier": {"value": "4417"}},
        {"type": "Device", "identifier": {"value": "4417"}},
    ):
        assert [type(part) for part in documents(record(ALLERGY | {"patient": other}), CONFIG)] == [Withheld]


def test_an_author_that_is_an_institution_is_an_organisation() -> None:
    """Displays of references do not say what they are; a hospital must not be masked word by word as a name."""
    note = reference(contentType="text/plain", data=encoded(NOTE)) | {
        "author": [{"display": "St. Alder's Hospital"}, {"display": "Ines Varga MD"}]
    }
    found = {i.names[0].text: i.role for i in identities(record(note), CONFIG)}
    assert found == {"St. Alder's Hospital": Role.ORGANIZATION, "Ines Varga MD": Role.CLINICIAN}


def statement_of(resource_type: str, **elements: Any) -> ClinicalDocument:
    """The summary of one coded resource beside its patient."""
    resource = {"resourceType": resource_type, "subject": REF, "patient": REF, **elements}
    bundle = {
        "resourceType": "Bundle",
        "entry": [{"fullUrl": "urn:uuid:p1", "resource": PATIENT}, {"resource": resource}],
    }
    (document,) = documents(fhir_source(bundle), CONFIG)
    assert isinstance(document, ClinicalDocument)
    return document


def fhir_source(root: dict[str, Any]) -> SourceRecord:
    return SourceRecord(
        record_id="r1", format="fhir", payload=json.dumps(root).encode(), locator=Locator(container="x")
    )


WARFARIN = {"text": "Warfarin"}


@pytest.mark.parametrize(
    ("resource_type", "elements", "line"),
    [
        ("MedicationRequest", {"doNotPerform": True, "medicationCodeableConcept": WARFARIN}, "Prohibited: Warfarin"),
        ("ServiceRequest", {"doNotPerform": True, "status": "active", "code": WARFARIN}, "Prohibited: Warfarin"),
        ("MedicationStatement", {"status": "not-taken", "medicationCodeableConcept": WARFARIN}, "Not taken: Warfarin"),
        ("MedicationStatement", {"taken": "n", "medicationCodeableConcept": WARFARIN}, "Not taken: Warfarin"),
        ("Immunization", {"status": "not-done", "vaccineCode": WARFARIN}, "Not done: Warfarin"),
        ("Immunization", {"notGiven": True, "vaccineCode": WARFARIN}, "Not given: Warfarin"),
        ("Procedure", {"status": "not-done", "code": WARFARIN}, "Not done: Warfarin"),
        ("Condition", {"verificationStatus": {"coding": [{"code": "refuted"}]}, "code": WARFARIN}, "Refuted: Warfarin"),
        ("AllergyIntolerance", {"verificationStatus": "refuted", "code": WARFARIN}, "Refuted: Warfarin"),
    ],
)
def test_a_negated_statement_begins_with_its_negation(resource_type: str, elements: dict[str, Any], line: str) -> None:
    """A modifier element turns the meaning, so line and typed value say so."""
    document = statement_of(resource_type, **elements)
    assert f"- {line}" in document.text.splitlines()
    assert [f.name for f in document.fields if f.value == "Warfarin"] == [f"{resource_type}.negated"]


def test_statements_entered_in_error_are_left_out_and_counted() -> None:
    """They were never true of this patient."""
    in_error = {"coding": [{"code": "entered-in-error"}]}
    for kind, elements in (
        ("Observation", {"status": "entered-in-error"}),
        ("Condition", {"verificationStatus": in_error}),
    ):
        document = statement_of(kind, code=WARFARIN, **elements)
        assert "Warfarin" not in document.text
        assert "Warfarin" not in [field.value for field in document.fields]
        assert dict(document.provenance.changes) == {"dropped:retracted": 1}


@pytest.mark.parametrize("mark", ["status", "docStatus"])
def test_a_document_entered_in_error_is_withheld_as_retracted(mark: str) -> None:
    """Alone in a record or beside its patient."""
    retracted = {**reference(contentType="text/plain", data=encoded(NOTE)), mark: "entered-in-error"}
    (part,) = documents(fhir_source(retracted), CONFIG)
    assert isinstance(part, Withheld)
    assert part.reason is Reason.RETRACTED


def test_a_resource_with_an_unknown_modifier_is_left_out_and_counted() -> None:
    """FHIR forbids to read on where a modifier extension is not understood; the known one is a negation."""
    changed = statement_of("Condition", code=WARFARIN, modifierExtension=[{"url": "urn:x", "valueBoolean": True}])
    assert "Warfarin" not in changed.text
    assert dict(changed.provenance.changes) == {"dropped:modifier_extension": 1}
    url = "http://hl7.org/fhir/StructureDefinition/request-doNotPerform"
    known = statement_of("ServiceRequest", code=WARFARIN, modifierExtension=[{"url": url, "valueBoolean": True}])
    assert "- Prohibited: Warfarin" in known.text


def test_an_age_of_a_relative_reads_as_an_age() -> None:
    """``onset 95 a`` would pass as a measure."""
    condition = [{"code": {"text": "MI"}, "onsetAge": {"value": 95, "unit": "a"}}]
    document = statement_of("FamilyMemberHistory", relationship={"text": "Father"}, condition=condition)
    assert "- Father, conditions MI, onset at age 95 years" in document.text


def test_an_observation_over_89_years_has_the_class_of_an_age() -> None:
    """Years up to 89 are a measure."""
    for years, phi in ((97, PhiLabel.AGE90), (40, FieldPhi.NONE)):
        document = statement_of("Observation", code={"text": "Age"}, valueQuantity={"value": years, "code": "a"})
        assert f"Age: {years} years" in document.text
        assert [f.phi for f in document.fields if f.name == "Observation.valueQuantity"] == [phi]


def test_answers_without_the_name_of_their_questionnaire_are_read() -> None:
    """``questionnaire`` is optional in R4."""
    item = [{"text": "Suicidal thoughts?", "answer": [{"valueBoolean": True}]}]
    document = statement_of("QuestionnaireResponse", item=item)
    assert "- Questionnaire\n  Suicidal thoughts?: yes" in document.text


def test_lenses_are_read_one_by_one() -> None:
    """R4 lists them as ``lensSpecification``, with prisms as a list."""
    right = {"eye": "right", "product": {"coding": [{"code": "lens"}]}, "sphere": -2.25, "add": 2.0, "axis": 180}
    right |= {"cylinder": -0.5, "prism": [{"amount": 0.5, "base": "up"}, {"amount": 1, "base": "in"}]}
    left = {"eye": "left", "product": {"text": "Contact lens"}, "power": 1.75, "backCurve": 8.7, "diameter": 14.0}
    left |= {"duration": {"value": 1, "unit": "month"}, "color": "green", "note": [{"text": "for Ada"}]}
    text = statement_of("VisionPrescription", lensSpecification=[right, left], dateWritten="2014-06-15").text
    assert text.endswith(
        "Orders\n- Lens prescription (2014-06-15)\n"
        "  Right eye: lens, sphere -2.25, cylinder -0.5, axis 180, prism 0.5 up and 1 in, add 2\n"
        "  Left eye: Contact lens, power 1.75, back curve 8.7, diameter 14, for 1 month, color green, for Ada"
    )


def test_lenses_of_stu3_are_read_and_a_prescription_without_any_by_its_narrative() -> None:
    """STU3 calls the list ``dispense``, and has one prism with its base beside it."""
    text = {"div": "<div>Lenses for reading</div>"}
    old = statement_of("VisionPrescription", dispense=[{"eye": "left", "prism": 0.5, "base": "up"}], text=text)
    assert "- Lens prescription\n  Left eye: prism 0.5 up" in old.text
    assert "Lenses for reading" not in old.text
    assert (
        "- Lenses for reading"
        in statement_of("VisionPrescription", lensSpecification=[{"eye": "left"}], text=text).text
    )


@pytest.mark.parametrize("kind", ["Flag", "DetectedIssue"])
def test_alerts_are_read(kind: str) -> None:
    """A do-not-resuscitate flag is no administrative resource."""
    assert "Alerts\n- DNR" in statement_of(kind, code={"text": "DNR"}).text


@pytest.mark.parametrize(
    "subject",
    [{"reference": "Group/g1"}, {"display": "Someone Else"}, {"reference": "http://other.example/fhir/Patient/p1"}],
)
def test_what_names_another_subject_is_not_the_only_patients(subject: dict[str, str]) -> None:
    """The only patient of a record is meant where no subject is named at all."""
    note = {**reference(contentType="text/plain", data=encoded(NOTE)), "subject": subject}
    url = "http://here.example/fhir/Patient/p1"
    for_one = {"resourceType": "Bundle", "entry": [{"fullUrl": url, "resource": PATIENT}, {"resource": note}]}
    parts = [p for p in documents(fhir_source(for_one), CONFIG) if isinstance(p, ClinicalDocument)]
    patient = {i for part in parts if part.kind is Kind.SUMMARY for i in part.subject}
    notes = [part for part in parts if part.kind is Kind.NOTE]
    assert patient
    assert all(patient.isdisjoint(note.subject) for note in notes)
