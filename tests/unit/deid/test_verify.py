"""The second look: blind to what the policy decided on and to codes, awake to what the first pass left."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops.deid import Operator, load_policy
from llmops.deid.detect.known.matcher import KnownMatcher
from llmops.deid.verify import blanked, residual_risk, second_look
from llmops.documents import DeidentifiedDocument, Field, FieldPhi, Kind, Provenance
from llmops.identities import Identity, PersonName, SubjectIdentifier
from llmops.phi import PhiFinding, PhiLabel

CODED = [
    "Condition: 44054006 |Type 2 diabetes mellitus| (http://snomed.info/sct), E11.9, I10",
    "LOINC 2345-7, 85354-9; RxNorm 860975; CVX 207; NDC 0002-8215-01; CPT 99213",
    "urn:oid:2.16.840.1.113883.6.1 root 2.16.840.1.113883.10.20.22.4.13",
    "chr17:43044295-43125483 NM_007294.4:c.5266dupC NP_009225.1 rs80357906 NC_000017.11:g.43057062_43057065del",
    "chr7 55191822 T>G; GRCh38; ENSG00000146648; HGNC:3236; ClinVar 16609; 1000000 reads; DP=30 AF=0.48",
    "HP:0001250, MONDO:0005148, ORPHA:98756, OMIM 604370",
    "BP 148/77, strength 5/5, sacubitril/valsartan 24/26 mg, INR 2.3 (2.0-3.0), 20/40 OD, pain 3/10",
    "Glucose 5.4 mmol/L, creatinine 88 umol/L, platelets 245000, WBC 12000, CK 123456",
    "Parkinson disease, Mr. Babinski sign, Foley catheter, Dr. [NAME] saw the patient",
    "Seen by [NAME], MD on [DATE 2024]. MRN: [MRN]. Call [PHONE]. Aged [AGE90 90+]. [ZIP 558]",
    "Patient is a 45-year-old man. Wife well. Son healthy. Name of drug: Metformin Hydrochloride",
    "Lab Test Name: Estimated Creatinine Clearance | Name: Memory Impairment | Name: Medication Administered",
    "Name: Ascriptin Maximum Strength 75 mg",
    "Start date: [DATE 2023] | Patient Provider Rating: 1st, Moderate",
    "http://loinc.org|718-7 http://snomed.info/sct http://hl7.org/fhir urn:uuid:0f3f0e4c-4f7a-4b5e-9c3d-1d2e3f4a5b6c",
]
LEAKING = [
    "Seen by Dr. Krishnaswamy today",
    "Patient: Aino Koskinen came in",
    "Attending Hue Tran",
    "Name: Hope Quellenbrook",
    "Osei Boateng, MD",
    "call 218-555-0142",
    "(218) 555-0142",
    "a.koskinen@mail.example",
    "http://portal.example/p/4411",
    "www.clinic.example",
    "123-45-6789",
    "MRN: 00417726",
    "acct no. V0099120348",
    "on 03/14/2024 she",
    "2024-03-14",
    "March 14, 2024",
    "118 Tallow Street",
    "a 94-year-old man",
    "Tamarack Imaging Partners, LLC",
]


def document(text: str, *findings: PhiFinding, **changes: object) -> DeidentifiedDocument:
    return DeidentifiedDocument(
        document_id="r1.0",
        record_id="r1",
        subject="S",
        kind=Kind.NOTE,
        text=text,
        findings=findings,
        policy_id="p",
        provenance=Provenance(format="text"),
        **changes,
    )


def finding(start: int, end: int, label: PhiLabel, operator: str, field: str = "") -> PhiFinding:
    return PhiFinding(start=start, end=end, label=label, operator=operator, field=field)


def survivors(document: DeidentifiedDocument, known: KnownMatcher) -> int:
    return second_look(document, load_policy("safe_harbor"), known).survivors


def risk(document: DeidentifiedDocument, known: KnownMatcher) -> float:
    return second_look(document, load_policy("safe_harbor"), known).risk


@pytest.mark.parametrize("text", CODED)
def test_codes_and_measurements_are_no_residue(text: str) -> None:
    """Terminologies, positions, doses, vitals, eponyms and placeholders withhold no document."""
    assert residual_risk(text) == 0.0


@pytest.mark.parametrize("text", LEAKING)
def test_what_was_left_raises_the_risk_over_the_gate(text: str) -> None:
    """Each of these alone is over the limit of the default gate."""
    assert residual_risk(text) > 0.2


def test_what_the_policy_did_is_no_residue() -> None:
    """A shifted date and a stand-in look like PHI and are none; what it keeps is not looked for."""
    text = "Mrs. Garrick, seen 03/04/2024"
    shifted = (finding(5, 12, PhiLabel.NAME, "surrogate"), finding(19, 29, PhiLabel.DATE, "shift_date"))
    policy = load_policy("limited_data_set")
    assert residual_risk(text, shifted, policy) == 0.0
    assert residual_risk(text, shifted[:1], policy) > 0.2
    keeping = policy.model_copy(update={"operators": {**policy.operators, PhiLabel.DATE: Operator.KEEP}})
    assert residual_risk(text, shifted[:1], keeping) == 0.0


def test_risk_and_survivors_see_title_and_fields() -> None:
    """Everything that leaves is looked at; a field whose whole value was decided on is not."""
    known = KnownMatcher(
        [Identity(subject=(SubjectIdentifier(value="00417726"),), names=(PersonName(family="Quellenbrook"),))]
    )
    assert survivors(document("fine", title="Quellenbrook"), known) == 1
    field = Field(name="a.b", value="417726", phi=FieldPhi.NONE)
    assert survivors(document("fine", fields=(field,)), known) == 1
    assert survivors(document("fine", fields=(replace(field, value=417726),)), known) == 1
    decided = finding(0, 6, PhiLabel.MRN, "surrogate", "a.b")
    assert survivors(document("fine", decided, fields=(replace(field, phi=PhiLabel.MRN),)), known) == 0
    assert risk(document("fine", title="Dr. Krishnaswamy"), known) > 0.2
    free = Field(name="c", value="Dr. Krishnaswamy", phi=FieldPhi.FREE_TEXT)
    assert risk(document("fine", fields=(free,)), known) > 0.2
    assert risk(document("Quelenbrook slept"), known) > 0.2
    assert risk(document("fine"), known) == 0.0


def test_a_field_is_not_passed_over_for_what_was_done_in_another_of_its_name() -> None:
    """``[NAME]`` in one of two fields of a name hides no ``Baxter`` in the other; what was done in both hides both."""
    known = KnownMatcher([Identity(subject=(), names=(PersonName(family="Baxter"),))])
    first, second = (Field(name="a", value=value, phi=FieldPhi.FREE_TEXT) for value in ("[NAME]", "Baxter"))
    redacted = finding(0, 6, PhiLabel.NAME, "redact", "a")
    assert survivors(document("fine", redacted, fields=(first, second)), known) == 1
    assert survivors(document("fine", redacted, fields=(second, first)), known) == 1
    assert (
        survivors(
            document(
                "fine",
                finding(0, 6, PhiLabel.NAME, "redact", "title"),
                title="[NAME]",
                fields=(replace(second, name="title"),),
            ),
            known,
        )
        == 1
    )
    decided = (finding(0, 6, PhiLabel.NAME, "keep", "a"), finding(4, 10, PhiLabel.NAME, "keep", "a"), redacted)
    longer = replace(second, value="Mr. Baxter")
    assert survivors(document("fine", *decided[::2], fields=(second, first)), known) == 0
    assert survivors(document("fine", decided[1], redacted, fields=(longer, first)), known) == 1


def test_unknown_names_raise_the_figure_but_withhold_nothing_alone() -> None:
    """A brand may be two unknown words: they count, and stay under the limit of the default gate."""
    assert 0.0 < residual_risk("with Ignatius Pereira and Ginette Ouellet, Zuri Kirabo, Teddy Gutmann") < 0.2


@given(st.text(max_size=200))
def test_the_figure_is_a_proportion(text: str) -> None:
    """In [0, 1] for every text, and blanking keeps the length."""
    assert 0.0 <= residual_risk(text) <= 1.0
    assert len(blanked(text, [])) == len(text)
