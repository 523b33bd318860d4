"""Nothing leaves normalisation that cannot be written: a lone surrogate would stop the run at the release's writer."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops.documents import (
    ClinicalDocument,
    DocumentGroup,
    Field,
    Kind,
    Locator,
    Provenance,
    SourceRecord,
    Withheld,
)
from llmops.formats import FORMATS
from llmops.identities import Identity, PersonName, PostalAddress, SubjectIdentifier
from llmops.normalize import NormalizeConfig, Normalizer
from llmops.normalize.text.cleaning import clean
from llmops.normalize.text.encodable import encodable

_HOSTILE = st.text(alphabet=st.one_of(st.characters(), st.sampled_from("a\ud800\udfff\U0001f600")), max_size=12)
_CONFIG = NormalizeConfig(require_subject=False)


def record(payload: bytes, record_format: str) -> SourceRecord:
    return SourceRecord(record_id="r1", format=record_format, payload=payload, locator=Locator(container="x"))


def document(text: str) -> ClinicalDocument:
    return ClinicalDocument(
        document_id="r1.0",
        record_id="r1",
        subject=(SubjectIdentifier(value=text, assigner=text),),
        kind=Kind.NOTE,
        title=text,
        text=text,
        fields=(Field(name="row.x", value=text, unit=text), Field(name="row.n", value=4)),
        time=text,
        provenance=Provenance(format="row", changes=(("nfc", 1),)),
    )


@given(_HOSTILE)
def test_every_string_of_a_document_can_be_written(text: str) -> None:
    """Text, title, time, fields and identifiers; each replacement is counted, everything else stays as it was."""
    made = document(text)
    mended = encodable(made)
    repr((mended.subject[0].value, mended.title, mended.fields, mended.time)).encode()
    lone = sum("\ud800" <= c <= "\udfff" for c in text)
    assert mended.text == "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)
    for written in (mended.title, mended.time, mended.fields[0].value, mended.fields[0].unit, mended.subject[0].value):
        assert written == mended.text
    assert dict(mended.provenance.changes).get("lone_surrogate", 0) == 7 * lone
    assert lone or mended is made


@given(_HOSTILE)
def test_every_string_of_an_identity_can_be_written(text: str) -> None:
    """What the vault seals and what is looked for in notes."""
    made = Identity(
        subject=(SubjectIdentifier(value=text),),
        names=(PersonName(family=text, given=(text, "Ada")),),
        phones=(text,),
        addresses=(PostalAddress(lines=(text,)),),
    )
    mended = encodable(made)
    (name,), (address,) = mended.names, mended.addresses
    "".join((mended.subject[0].value, name.family, *name.given, *mended.phones, *address.lines)).encode()
    assert name.given[1] == "Ada"


@given(_HOSTILE)
def test_cleaned_text_can_be_written(text: str) -> None:
    """Cleaning says U+FFFD where a surrogate stood, rather than hide the damage, and counts it."""
    cleaned = clean(text)
    cleaned.text.encode()
    assert dict(cleaned.changes).get("lone_surrogate", 0) == sum("\ud800" <= c <= "\udfff" for c in text)


@pytest.mark.parametrize("escape", ["\\ud800", "\\udc00 x", "\\ud83d\\ude00", "&#xD800;"])
@pytest.mark.parametrize("record_format", ["row", "fhir", "phenopacket", "text", "hl7v2"])
def test_escapes_of_surrogates_never_become_text(escape: str, record_format: str) -> None:
    """JSON, HTML and HL7 escapes are refused, joined or replaced, in text, titles, identifiers and identities."""
    values = {
        "row": {"mrn": "7@", "text": "seen @", "title": "@", "author": "Ada @"},
        "fhir": {
            "resourceType": "Condition",
            "subject": {"reference": "Patient/@", "display": "Ada @"},
            "code": {"text": "@"},
        },
        "phenopacket": {"id": "p@", "subject": {"id": "i@"}, "diseases": [{"term": {"label": "@"}}]},
    }
    texts = {
        "text": "<html><body>MRN: 445120 @</body></html>",
        "hl7v2": "MSH|^~\\&|A|B|C|D|2024||ORU^R01|1|P|2.5\rPID|||7@||Okafor^@\rOBX|1|TX|n||\\XD800\\ @\r",
    }
    template = json.dumps(values[record_format]) if record_format in values else texts[record_format]
    source = record(template.replace("@", escape).encode(), record_format)
    normalizer = Normalizer(_CONFIG, key=b"k", formats=FORMATS)
    (answer,) = normalizer.process([source])
    parts = answer.parts if isinstance(answer, DocumentGroup) else ()
    told = normalizer.identities(source)
    for part in (*parts, *([told] if isinstance(told, Withheld) else told)):
        for start in range(0xD800, 0xE000, 0x400):
            assert f"\\u{start:04x}" not in ascii(part)
    assert not normalizer.failures
