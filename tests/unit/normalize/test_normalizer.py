"""Every record is answered, whatever its bytes are, and nothing of it is said in the answer."""

import re
import traceback

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmops.documents import DocumentGroup, Locator, Reason, SourceRecord, Withheld
from llmops.formats import FORMATS
from llmops.normalize import NormalizeConfig, Normalizer
from llmops.normalize.errors import Refused


def record(payload: bytes, record_format: str, record_id: str = "r1") -> SourceRecord:
    return SourceRecord(record_id=record_id, format=record_format, payload=payload, locator=Locator(container="x"))


def test_answers_come_in_order_and_parts_have_ids() -> None:
    """One answer a record; parts have ids of their own."""
    batch = [record(b"MRN 445120 ok", "text", "a"), record(b"", "text", "b"), record(b"{", "row", "c")]
    first, second, third = Normalizer(key=b"k", formats=FORMATS).process(batch)
    assert isinstance(first, DocumentGroup)
    assert first.record_id == "a"
    (part,) = first.parts
    assert re.fullmatch(r"r[0-9a-f]{20}\.[0-9a-f]{12}", part.document_id)
    assert part.document_id.startswith(f"{part.record_id}.")
    assert isinstance(second, Withheld)
    assert (second.record_id, second.reason) == ("b", Reason.EMPTY)
    assert isinstance(third, Withheld)
    assert third.reason is Reason.MALFORMED


@given(st.binary(max_size=80), st.sampled_from(["text", "row", "fhir", "phenopacket"]))
@settings(max_examples=200)
def test_any_bytes_are_answered(payload: bytes, record_format: str) -> None:
    """A group with at least one part, or a reason."""
    normalizer = Normalizer(key=b"k", formats=FORMATS)
    (answer,) = normalizer.process([record(payload, record_format)])
    assert isinstance(answer, Withheld) or len(answer.parts) > 0
    assert isinstance(normalizer.identities(record(payload, record_format)), tuple | Withheld)


def test_an_unexpected_failure_withholds_and_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug in a format module costs the record, not the run, and its text stays where it was."""

    def broken(*_: object) -> None:
        raise ValueError("OKAFOR, ADA")

    monkeypatch.setattr("llmops.normalize.notes.reader.documents", broken)
    normalizer = Normalizer(key=b"k", formats=FORMATS)
    (answer,) = normalizer.process([record(b"MRN 445120", "text")])
    assert isinstance(answer, Withheld)
    assert answer.reason is Reason.MALFORMED
    assert normalizer.failures["text"] == 1
    assert "OKAFOR" not in repr(answer)


@pytest.mark.parametrize(
    "payload", [b'{"resourceType": "Patient", "id": "7"}', b'{"resourceType": "Condition", "code": {"text": "gout"}}']
)
def test_a_record_whose_people_cannot_be_told_is_withheld(monkeypatch: pytest.MonkeyPatch, payload: bytes) -> None:
    """Nobody of it is known to the vault: the index pass refuses it, so that the rewrite pass passes it over."""

    def broken(*_: object) -> None:
        raise ValueError("OKAFOR, ADA")

    monkeypatch.setattr("llmops.normalize.fhir.reader.identities", broken)
    normalizer = Normalizer(NormalizeConfig(require_subject=False), key=b"k", formats=FORMATS)
    answer = normalizer.identities(record(payload, "fhir"))
    assert isinstance(answer, Withheld)
    assert answer.reason is Reason.MALFORMED
    assert normalizer.failures["fhir"] == 1


@pytest.mark.parametrize("payload", [b'{"text": "OKAFOR", ', b"\xffOKAFOR", b'{"text": OKAFOR}'])
def test_refusals_carry_no_text(payload: bytes) -> None:
    """Neither the message nor the chain of causes holds a byte of the record."""
    from llmops.normalize.fhir.reader import documents

    with pytest.raises(Refused) as refused:
        documents(record(payload, "fhir"), NormalizeConfig())
    shown = "".join(traceback.format_exception(refused.value, chain=True))
    assert "OKAFOR" not in "".join(traceback.format_exception_only(refused.value))
    assert "JSONDecodeError" not in shown
