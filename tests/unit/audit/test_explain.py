"""Reading the log: the whole path of one record or document, over all streams, in order."""

import pytest

from llmops.audit import AuditLog, explain
from llmops.audit.events import DocumentNormalized, DocumentReleased, RecordRead, RecordWithheld, RunStarted
from llmops.audit.explain import events_in
from llmops.documents import Reason, StageName
from llmops.errors import AuditVerificationError


@pytest.fixture
def audit(tmp_path):
    times = iter(range(1, 1000))
    main = AuditLog.open(tmp_path, stream="main", signer=None, clock=lambda: next(times), run_id="run1")
    worker = AuditLog.open(tmp_path, stream="worker-1", signer=None, clock=lambda: next(times), run_id="run1")
    main.append([RunStarted(recipe="ab")])
    worker.append([RecordRead(record_id="r1", format="fhir"), RecordRead(record_id="r10", format="fhir")])
    worker.append([DocumentNormalized(document_id=f"r1.{i}", record_id="r1", format="fhir") for i in (0, 1, 10)])
    main.append([DocumentReleased(document_id="r1.1", record_id="r1")])
    worker.append(
        [RecordWithheld(record_id="r1", document_id="r1.0", stage=StageName.DEID, reason=Reason.RESIDUAL_PHI)]
    )
    main.close()
    worker.close()
    return tmp_path


def kinds(found):
    return [seen.entry.event.kind for seen in found]


def test_a_document_is_explained_with_the_record_it_came_from(audit):
    """Its own events and the reading of its record; no sibling, no longer id that begins alike."""
    assert kinds(explain(audit, "r1.1")) == ["record_read", "document_normalized", "document_released"]
    assert kinds(explain(audit, "r1.0")) == ["record_read", "document_normalized", "record_withheld"]


def test_a_record_is_explained_with_all_its_documents(audit):
    """Every part is there, in the order of time, over both streams."""
    found = explain(audit, "r1")
    assert kinds(found) == ["record_read", *["document_normalized"] * 3, "document_released", "record_withheld"]
    assert {seen.receipt.stream for seen in found} == {"main", "worker-1"}


def test_unknown_id_has_no_story(audit):
    """Nothing found is an empty answer, whatever was asked."""
    assert explain(audit, "r2") == explain(audit, "Zoë") == ()


def test_events_are_shown_in_order_and_filtered(audit):
    """Limit, kind, stream and run."""
    assert len(list(events_in(audit))) == 8
    assert kinds(events_in(audit, limit=2)) == ["run_started", "record_read"]
    assert kinds(events_in(audit, kinds=("document_released",))) == ["document_released"]
    assert {seen.receipt.stream for seen in events_in(audit, stream="main")} == {"main"}
    assert list(events_in(audit, run="run2")) == []


def test_a_line_that_is_no_event_stops_the_reading(audit):
    """People are not shown what the schema does not hold."""
    with (audit / "main.jsonl").open("ab") as file:
        file.write(b'{"note":"Zebulon"}\n')
    with pytest.raises(AuditVerificationError) as refused:
        list(events_in(audit))
    assert "Zebulon" not in str(refused.value)
