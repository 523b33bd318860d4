"""What leaves as a code, a unit or a document type: public ones in their own shapes, and nothing else."""

import pytest

from llmops.deid import DeidConfig, PresidioDeidentifier, load_policy
from llmops.deid.rewrite.codes import is_loinc, is_public_code, is_unit
from llmops.documents import ClinicalDocument, DeidentifiedDocument, Field, Kind, Provenance


@pytest.mark.parametrize(
    "code",
    [
        "http://loinc.org|718-7",
        "http://loinc.org|LP14396-6",
        "http://snomed.info/sct|38341003",
        "http://www.nlm.nih.gov/research/umls/rxnorm|197361",
        "http://hl7.org/fhir/sid/icd-10-cm|I10",
        "http://hl7.org/fhir/sid/icd-10-cm|S72.001A",
        "http://hl7.org/fhir/sid/icd-9-cm|V04.5",
        "http://hl7.org/fhir/sid/cvx|140",
        "http://hl7.org/fhir/sid/ndc|0069-3150-83",
        "http://hl7.org/fhir/us/core/CodeSystem/careplan-category|assess-plan",
        "http://terminology.hl7.org/CodeSystem/v3-RoleCode|MTH",
        "http://www.ama-assn.org/go/cpt|99213",
        "http://unitsofmeasure.org|mg/dL",
        "http://varnomen.hgvs.org|NM_000059.4:c.5946del",
        "urn:oid:2.16.840.1.113883.5.4|ASSERTION",
        "urn:oid:1.2.840.10008.2.16.4|121060",
        "HL70127|DA",
        "HP|HP:0001250",
        "LOINC|LOINC:718-7",
        "UCUM|UCUM:mg/dL",
        "NCIT|NCIT:C28091",
    ],
)
def test_public_codes_stay(code: str) -> None:
    """Real codes of the systems that records use."""
    assert is_public_code(code)


@pytest.mark.parametrize(
    "code",
    [
        "http://loinc.org|MRN 5515220 Vandersloot",
        "http://loinc.org|5515220-3",
        "http://loinc.org/Vandersloot 802-555-1168|718-7",
        "http://snomed.info/sct|8025551231",
        "http://hl7.org/fhir/sid/us-ssn|987-65-4321",
        "http://www.nlm.nih.gov/research/umls/rxnorm|8025551035",
        "http://fdasis.nlm.nih.gov|8025551035",
        "http://terminology.hl7.org/CodeSystem/v3-RoleCode|Petra 802",
        "urn:oid:1.2.840.114350.1.13.202.3.7.2.768282|16464",
        "urn:oid:TRYSTBRAND|6615220",
        "HL70127|VANDERSLOOT",
        "L|QUIMBERLY",
        "HP|HP:Vandersloot",
        "HP|HP:8025551427",
        "LOINC|LOINC:9915220",
        "718-7",
        "",
    ],
)
def test_what_may_be_a_person_or_an_institution_is_no_code(code: str) -> None:
    """Names, numbers of people, and the OIDs that a vendor gives each of its hospitals."""
    assert not is_public_code(code)


@pytest.mark.parametrize(
    "unit",
    [
        "mg/dL",
        "mm[Hg]",
        "10*3/uL",
        "mL/min/{1.73_m2}",
        "[in_i]",
        "{score}",
        "beats/min",
        "tab(s)",
        "Cel",
        "%",
        "a",
        "kU/L",
        "m[IU]/L",
        "/HPF",
        "cells/uL",
        "mcg/kg/min",
        "mOsm/kg",
        "copies/mL",
        "[degF]",
        "ng/mL{FEU}",
        "mL/h",
        "mEq/L",
        "milliGRAM(s)",
        "g/24h",
    ],
)
def test_units_stay(unit: str) -> None:
    """UCUM, and what senders write for it."""
    assert is_unit(unit)


@pytest.mark.parametrize(
    "unit", ["3300443", "Haverbrookson", "802-555-1049", "Marit Vandersloot", "{Vandersloot}", "mg 4471", ""]
)
def test_what_may_be_a_person_is_no_unit(unit: str) -> None:
    """A miscounted field puts them there."""
    assert not is_unit(unit)


def test_codes_units_and_types_of_a_document_are_closed() -> None:
    """The values stay; a type is a LOINC code or nothing, as its field says."""
    document = ClinicalDocument(
        document_id="r1.0",
        record_id="r1",
        subject=(),
        kind=Kind.NOTE,
        text="Potassium 7.2",
        doc_type="Brantholm letter 7715220",
        fields=(
            Field(name="local", value=7.2, unit="Haverbrookson", code="L|QUIMBERLY"),
            Field(name="public", value=7.2, unit="mmol/L", code="http://loinc.org|2823-3"),
        ),
        provenance=Provenance(format="text"),
    )
    stage = PresidioDeidentifier(DeidConfig(ner="none"), load_policy("safe_harbor"), None)
    (done,) = stage.process([document])
    assert isinstance(done, DeidentifiedDocument)
    assert [(f.value, f.unit, f.code) for f in done.fields] == [
        (7.2, "", ""),
        (7.2, "mmol/L", "http://loinc.org|2823-3"),
    ]
    assert done.doc_type == ""
    assert is_loinc("34133-9")
