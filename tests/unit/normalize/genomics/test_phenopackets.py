"""Phenopackets become readable phenotypes; genotypes stay fields that the default rules drop."""

import json
from typing import Any

from llmops.documents import ClinicalDocument, Kind, Locator, Reason, SourceRecord, Withheld
from llmops.formats import FORMATS
from llmops.minimize import Keep
from llmops.normalize import NormalizeConfig, Normalizer
from llmops.normalize.genomics.phenopackets import documents, identities
from llmops.phi import PhiLabel

CONFIG = NormalizeConfig()
PACKET: dict[str, Any] = {
    "id": "STUDY_9_II-1",
    "subject": {"id": "II-1", "sex": "MALE", "timeAtLastEncounter": {"age": {"iso8601duration": "P95Y2M"}}},
    "phenotypicFeatures": [
        {"type": {"id": "HP:0001250", "label": "Seizure"}, "onset": {"age": {"iso8601duration": "P4M"}}},
        {"type": {"id": "HP:0000252", "label": "Microcephaly"}, "excluded": True},
    ],
    "interpretations": [
        {
            "progressStatus": "SOLVED",
            "diagnosis": {
                "disease": {"id": "OMIM:123456", "label": "Invented syndrome"},
                "genomicInterpretations": [
                    {
                        "interpretationStatus": "CAUSATIVE",
                        "variantInterpretation": {
                            "variationDescriptor": {
                                "geneContext": {"symbol": "ABC1"},
                                "expressions": [{"syntax": "hgvs.c", "value": "NM_000000.1:c.1A>G"}],
                                "allelicState": {"id": "GENO:0000135", "label": "heterozygous"},
                            }
                        },
                    }
                ],
            },
        }
    ],
    "metaData": {"createdBy": "Ines Varga", "externalReferences": [{"id": "PMID:1"}]},
}


def record(value: Any) -> SourceRecord:
    payload = json.dumps(value).encode()
    return SourceRecord(record_id="r1", format="phenopacket", payload=payload, locator=Locator(container="x"))


def test_features_looked_for_and_absent_are_told_apart() -> None:
    """An excluded feature must never read as present."""
    (document,) = documents(record(PACKET), CONFIG)
    assert isinstance(document, ClinicalDocument)
    present, absent = document.text.split("Features looked for and absent")
    assert "Seizure, onset 4 months" in present
    assert "Microcephaly" not in present
    assert "Microcephaly" in absent
    assert document.kind is Kind.GENOMIC


def test_ages_over_89_and_authors_carry_their_class() -> None:
    """164.514(b)(2)(i)(C) and (A)."""
    (document,) = documents(record(PACKET), CONFIG)
    assert isinstance(document, ClinicalDocument)
    fields = {f.name: f for f in document.fields}
    assert (fields["subject.age"].value, fields["subject.age"].phi) == (95, PhiLabel.AGE90)
    assert fields["metaData.createdBy"].phi is PhiLabel.NAME
    assert identities(record(PACKET), CONFIG)[1].names[0].text == "Ines Varga"


def test_genotypes_are_dropped_by_default() -> None:
    """Neither the text nor what `Keep` leaves of the fields holds a variant."""
    (document,) = documents(record(PACKET), CONFIG)
    assert isinstance(document, ClinicalDocument)
    assert any("hgvs" in f.name for f in document.fields)
    (kept,) = Keep().process([document])
    assert isinstance(kept, ClinicalDocument)
    assert not any("c.1A>G" in str(f.value) or f.value == "heterozygous" for f in kept.fields)
    assert "c.1A>G" not in kept.text


def test_the_same_number_in_two_studies_is_not_one_person() -> None:
    """The study that numbered an individual is the assigner."""
    (document,) = documents(record(PACKET), CONFIG)
    assert isinstance(document, ClinicalDocument)
    assert [(s.value, s.assigner) for s in document.subject] == [("II-1", "phenopacket:STUDY_9")]


def test_a_record_number_among_the_alternate_ids_links_to_the_hospital() -> None:
    """``MRN:`` says what it is."""
    subject = PACKET["subject"] | {"alternateIds": ["MRN:00774126"]}
    (document,) = documents(record(PACKET | {"subject": subject}), CONFIG)
    assert isinstance(document, ClinicalDocument)
    assert [(s.value, s.label) for s in document.subject][1] == ("00774126", PhiLabel.MRN)


def test_families_become_one_document_a_member() -> None:
    """Proband and relatives, in the spelling of the proto fields too."""
    relative = {"id": "x", "subject": {"id": "I-2"}, "phenotypic_features": [{"type": {"id": "HP:1", "label": "Tall"}}]}
    family = {"id": "f", "proband": PACKET, "relatives": [relative, {"id": "y", "subject": {}, "diseases": []}]}
    first, second, third = documents(record(family), CONFIG)
    assert isinstance(first, ClinicalDocument)
    assert isinstance(second, ClinicalDocument)
    assert "Tall" in second.text
    assert isinstance(third, Withheld)
    assert third.reason is Reason.NO_SUBJECT


def test_what_is_no_phenopacket_is_refused() -> None:
    """Other JSON, and version 1."""
    answers = Normalizer(key=b"k", formats=FORMATS).process(
        [record({"a": 1}), record(PACKET | {"metaData": {"phenopacketSchemaVersion": "1.0"}})]
    )
    assert [a.reason for a in answers if isinstance(a, Withheld)] == [Reason.MALFORMED, Reason.UNSUPPORTED_VERSION]


def test_record_numbers_and_specimens_link_the_individual() -> None:
    """``MRN:`` among the alternate ids to the hospital's records, specimens to files of variants."""
    packet = PACKET | {
        "id": "p",
        "subject": {"id": "NLX-1", "alternateIds": ["MRN:00774126", "alias 7"]},
        "biosamples": [
            {"id": "NLX-4410-T1", "individualId": "NLX-1"},
            {"id": "NLX-4410-M", "individualId": "mother"},
            {"id": "sample1"},
        ],
    }
    (document,) = documents(record(packet), CONFIG)
    assert isinstance(document, ClinicalDocument)
    assert [(i.value, i.assigner, i.label) for i in document.subject] == [
        ("NLX-1", "phenopacket:r1", PhiLabel.OTHERID),
        ("00774126", "", PhiLabel.MRN),
        ("alias 7", "phenopacket:r1", PhiLabel.OTHERID),
        ("NLX-4410-T1", "vcf", PhiLabel.OTHERID),
    ]
    assert identities(record(packet), CONFIG)[0].subject == document.subject
