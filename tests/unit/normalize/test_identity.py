"""A document is known by its source's own key, else by its content; never by where it lay."""

import base64
import json

import pytest

from llmops.documents import ClinicalDocument, DocumentGroup, Locator, SourceRecord
from llmops.formats import FORMATS
from llmops.normalize import NormalizeConfig, Normalizer, TableColumns
from llmops.normalize.fhir.bundle import Record

MSH = "MSH|^~\\&|{app}|{facility}|||20240102||ORU^R01|{control}|P|2.5\r"
ORU = MSH + "PID|1||77310001^^^EPIC^MR||Vossberg^Quillon\rOBR|1|||1^Echo^L\rOBX|1|TX|1^Echo^L||{text}\r"
CDA = (
    '<ClinicalDocument xmlns="urn:hl7-org:v3"><id root="{root}" extension="{extension}"/><title>Note</title>'
    "<component><structuredBody><component><section><title>Plan</title><text>{text}</text></section></component>"
    "</structuredBody></component></ClinicalDocument>"
)


def made(payload: str | dict, format_: str, key: bytes = b"k", **table: object) -> list[ClinicalDocument]:
    data = (payload if isinstance(payload, str) else json.dumps(payload)).encode()
    record = SourceRecord(record_id="r1", format=format_, payload=data, locator=Locator(container="x"))
    config = NormalizeConfig(require_subject=False, table=TableColumns(**table))
    (answer,) = Normalizer(config, key=key, formats=FORMATS).process([record])
    assert isinstance(answer, DocumentGroup), answer
    assert all(isinstance(part, ClinicalDocument) and part.source_key == () for part in answer.parts)
    return list(answer.parts)


def row(**cells: object) -> ClinicalDocument:
    (document,) = made(cells, "row")
    return document


def oru(**parts: str) -> ClinicalDocument:
    (document,) = made(ORU.format(**{"app": "A", "facility": "F", "control": "7", "text": "ok", **parts}), "hl7v2")
    return document


def cda(**parts: str) -> ClinicalDocument:
    (document,) = made(CDA.format(**{"root": "1.2.3", "extension": "7", "text": "ok", **parts}), "ccda")
    return document


def fhir(text: str = "effusion", server: str = "", *, top: bool = False) -> list[ClinicalDocument]:
    def entry(logical_id: str, said: str) -> dict:
        resource = {
            "resourceType": "DiagnosticReport",
            "id": logical_id,
            "status": "final",
            "subject": {"reference": "Patient/p1"},
            "code": {"text": "Chest"},
            "presentedForm": [{"contentType": "text/plain", "data": base64.b64encode(said.encode()).decode()}],
        }
        return {"resource": resource} | ({"fullUrl": f"{server}/DiagnosticReport/{logical_id}"} if server else {})

    entries = [entry("1", "on top")] * top + [entry("2", text)]
    return made({"resourceType": "Bundle", "type": "collection", "entry": entries}, "fhir")


def phenopacket(**changes: object) -> ClinicalDocument:
    packet = {
        "id": "NLG-1",
        "subject": {"id": "NLG-22190"},
        "phenotypicFeatures": [{"type": {"id": "HP:0001250", "label": "Seizure"}}],
        "metaData": {"createdBy": "x", "phenopacketSchemaVersion": "2.0"},
    }
    (document,) = made({**packet, **changes}, "phenopacket")
    return document


SEVERAL = [
    (lambda: row(mrn="1", note_id="7", text="ok"), lambda: row(mrn="1", note_id="7", text="ok, edited")),
    (oru, lambda: oru(text="corrected")),
    (cda, lambda: cda(text="corrected")),
    (lambda: fhir()[-1], lambda: fhir(text="corrected")[-1]),
    (phenopacket, lambda: phenopacket(phenotypicFeatures=[{"type": {"id": "HP:0001251", "label": "Ataxia"}}])),
]


@pytest.mark.parametrize(("before", "after"), SEVERAL)
def test_an_edit_under_the_source_key_is_another_version_of_the_record(before, after) -> None:
    """The record id stays, so that a tombstone holds; the document id does not, so that both can be told apart."""
    assert before() == before()
    assert before().record_id == after().record_id
    assert before().document_id != after().document_id
    assert before().document_id.startswith(f"{before().record_id}.")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (lambda: row(mrn="1", note_id="7", text="ok"), lambda: row(mrn="2", note_id="7", text="ok")),
        (
            lambda: row(mrn="1", assigner="north", note_id="7", text="ok"),
            lambda: row(mrn="1", assigner="south", note_id="7", text="ok"),
        ),
        (oru, lambda: oru(facility="G")),
        (oru, lambda: oru(app="B")),
        (cda, lambda: cda(root="1.2.4")),
        (lambda: fhir(server="https://a.example")[0], lambda: fhir(server="https://b.example")[0]),
        (phenopacket, lambda: phenopacket(subject={"id": "NLG-22191"})),
    ],
)
def test_equal_keys_of_two_senders_are_two_records(one, other) -> None:
    """A number is read in the scope of who gave it."""
    assert one().record_id != other().record_id


def test_an_entry_on_top_of_a_bundle_changes_no_other_id() -> None:
    """Documents of a Bundle are known by the resources that they are made of."""
    (alone,) = fhir()
    assert alone.document_id == fhir(top=True)[-1].document_id
    assert len({document.record_id for document in fhir(top=True)}) == 2


def test_a_contained_resource_of_a_nameless_holder_has_no_key() -> None:
    """Its place in the Bundle is no name."""
    inside = {"resourceType": "Condition", "id": "c", "code": {"text": "gout"}}

    def key(**holder: object) -> tuple[str, ...]:
        bundle = {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "List", **holder}}]}
        return Record(bundle).source_key("entry[0].resource.contained[0]:Condition")

    assert key(contained=[inside]) == ()
    assert key(id="7", contained=[inside]) == ("fhir", "", "List/7#c")


def test_without_a_key_the_content_is_the_identity() -> None:
    """Blanks, case and the kind of a number do not count; patient, time and text do."""
    one = row(mrn="1", chartdate="2024-01-02", text="No  acute\r\ndisease")
    assert one.document_id == row(mrn=1, chartdate="2024-01-02", text="no acute disease ").document_id
    others = [
        row(mrn="2", chartdate="2024-01-02", text="No acute disease"),
        row(mrn="1", chartdate="2024-01-03", text="No acute disease"),
        row(mrn="1", chartdate="2024-01-02", text="No disease"),
    ]
    assert len({one.record_id, *(other.record_id for other in others)}) == 4


def test_a_note_is_the_same_in_a_file_and_in_a_row() -> None:
    """Where its head says all that is known of it."""
    text = "MRN: 77310001\nProgress note\n\nNo wheeze."
    (file,) = made(text, "text")
    assert file.document_id == row(text=text).document_id


def test_ids_say_nothing_without_the_key() -> None:
    """Another key, other ids: nobody can try numbers against them."""
    one, other = (made({"note_id": "7", "text": "ok"}, "row", key)[0] for key in (b"k", b"other"))
    assert one.record_id != other.record_id
    assert one.document_id.partition(".")[2] != other.document_id.partition(".")[2]


def test_a_named_column_is_the_key() -> None:
    """``table.document_id`` decides, whatever other columns are called."""
    columns = {"document_id": "accession"}
    one, other = (
        made({"accession": "A1", "row_id": number, "text": text}, "row", **columns)[0]
        for number, text in (("1", "ok"), ("2", "ok, edited"))
    )
    assert one.record_id == other.record_id
