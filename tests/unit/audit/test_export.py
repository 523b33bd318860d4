"""Exports hold to the published structure of their form, lose no event, and are harmless in a spreadsheet."""

import csv
import io
import json
import re
from datetime import datetime
from uuid import UUID

import pytest

from llmops.audit import AuditLog
from llmops.audit.events import (
    DocumentReleased,
    GateDecided,
    Heartbeat,
    IndexBuilt,
    Queried,
    RecordRead,
    RecordWithheld,
    ReleasePublished,
    ReleaseRevoked,
    Reviewed,
    ReviewReason,
    RunFinished,
    RunInterrupted,
    RunStarted,
    ShardFailed,
)
from llmops.audit.export import Form, export
from llmops.documents import Reason, StageName

EVENTS = (
    RunStarted(recipe="notes", policy_id="safe_harbor@12", versions=(("code", "1"),)),
    RecordRead(record_id="r1", format="fhir", encoding="utf-8", size=9),
    RecordWithheld(record_id="r2", stage=StageName.READ, reason=Reason.EMPTY),
    ShardFailed(shard="s0", attempt=2, reason=Reason.WORKER_DIED),
    DocumentReleased(document_id="r1.0", record_id="r1", subject="-2+3"),
    GateDecided(passed=False, verdicts=(("ratio", "fail"),)),
    ReleasePublished(release_id="ab", manifest="cd", documents=1),
    IndexBuilt(release_id="ab", documents=1),
    Queried(release_id="ab", k=5, query_length=9, hits=("r1.0",)),
    ReleaseRevoked(release_id="ab", reason="@SUM"),
    Reviewed(stream="main", start=0, end=1, size=1, root="ef", reason=ReviewReason.ROUTINE, reviewer="ff"),
    Heartbeat(),
    RunInterrupted(shards_done=0, shards_left=1),
    RunFinished(read=2, released=1, withheld=1),
)


@pytest.fixture(scope="module")
def audit(tmp_path_factory):
    directory = tmp_path_factory.mktemp("export")
    times = iter(range(1_700_000_000_000, 1_800_000_000_000, 1_234))
    with AuditLog.open(directory, stream="main", signer=None, clock=lambda: next(times), run_id="run1") as log:
        for event in EVENTS:
            log.append([event])
    return directory


def written(audit, form):
    buffer = io.BytesIO()
    count = export(audit, form, buffer)
    lines = buffer.getvalue().splitlines()
    assert count == len(lines) - (form is Form.CSV)
    return lines


# FHIR R4 AuditEvent, https://hl7.org/fhir/R4/auditevent.html: element -> (min, max, type)
CODING = {"system": (0, 1, str), "code": (0, 1, str), "display": (0, 1, str)}
IDENTIFIER = {"system": (0, 1, str), "value": (0, 1, str)}
REFERENCE = {"identifier": (0, 1, IDENTIFIER), "display": (0, 1, str), "reference": (0, 1, str)}
DETAIL = {"type": (1, 1, str), "valueString": (1, 1, str)}
AUDIT_EVENT = {
    "resourceType": (1, 1, str),
    "id": (0, 1, str),
    "type": (1, 1, CODING),
    "subtype": (0, 99, CODING),
    "action": (0, 1, str),
    "recorded": (1, 1, str),
    "outcome": (0, 1, str),
    "outcomeDesc": (0, 1, str),
    "agent": (1, 99, {"who": (0, 1, REFERENCE), "requestor": (1, 1, bool)}),
    "source": (1, 1, {"observer": (1, 1, REFERENCE), "type": (0, 99, CODING)}),
    "entity": (0, 99, {"what": (0, 1, REFERENCE), "detail": (0, 99, DETAIL)}),
}


def hold(value, structure, path="AuditEvent"):
    """Hold a resource against a structure: no unknown element, cardinalities, types, nothing empty."""
    if isinstance(structure, type):
        assert type(value) is structure, path
        assert value != "", path
        return
    assert isinstance(value, dict), path
    assert value, path
    assert value.keys() <= structure.keys(), path
    for name, (least, most, inner) in structure.items():
        many = value.get(name, [])
        repeats = most > 1
        assert isinstance(many, list) == (repeats or name not in value), f"{path}.{name}"
        items = many if isinstance(many, list) else [many]
        assert least <= len(items) <= most, f"{path}.{name}"
        assert items or name not in value, f"{path}.{name}"
        for item in items:
            hold(item, inner, f"{path}.{name}")


def test_fhir_holds_to_the_structure_of_r4(audit):
    """Elements, cardinalities, bound codes, instants and ids."""
    lines = written(audit, Form.FHIR)
    assert len(lines) == len(EVENTS)
    for line in lines:
        resource = json.loads(line)
        hold(resource, AUDIT_EVENT)
        assert resource["resourceType"] == "AuditEvent"
        assert re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", resource["id"])
        assert resource["action"] in set("CRUDE")
        assert resource["outcome"] in {"0", "4", "8", "12"}
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", resource["recorded"])


def test_ocsf_holds_to_api_activity(audit):
    """Required attributes of class 6003, its enumerations, and the constraints of its objects."""
    lines = written(audit, Form.OCSF)
    assert len(lines) == len(EVENTS)
    required = {"activity_id", "actor", "api", "category_uid", "class_uid", "metadata", "severity_id", "src_endpoint"}
    for line in lines:
        event = json.loads(line)
        assert required | {"time", "type_uid"} <= event.keys()
        assert (event["category_uid"], event["class_uid"]) == (6, 6003)
        assert event["activity_id"] in {0, 1, 2, 3, 4, 99}
        assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]
        assert event["severity_id"] in {0, 1, 2, 3, 4, 5, 6, 99}
        assert event["status_id"] in {0, 1, 2, 99}
        assert isinstance(event["time"], int)
        assert event["api"]["operation"]
        assert event["actor"]["app_name"]
        assert event["src_endpoint"].keys() & {"ip", "uid", "name", "svc_name", "instance_uid", "hostname", "domain"}
        assert event["metadata"]["product"]["vendor_name"]
        assert re.fullmatch(r"\d+\.\d+\.\d+", event["metadata"]["version"])
    failed = [json.loads(line)["api"]["operation"] for line in lines if json.loads(line)["status_id"] == 2]
    assert failed == ["shard_failed", "gate", "run_interrupted"]


def test_openlineage_holds_to_run_event(audit):
    """Required members of RunEvent, Run, Job, Dataset and BaseFacet; the states of a run; one id a run."""
    events = [json.loads(line) for line in written(audit, Form.OPENLINEAGE)]
    for event in events:
        assert {"eventTime", "producer", "schemaURL", "run", "job"} <= event.keys()
        assert event["eventType"] in {"START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"}
        assert datetime.fromisoformat(event["eventTime"]).tzinfo is not None
        assert ":" in event["producer"]
        assert UUID(event["run"]["runId"])
        assert {"namespace", "name"} <= event["job"].keys()
        assert all({"_producer", "_schemaURL"} <= facet.keys() for facet in event["run"]["facets"].values())
        assert all(dataset.keys() == {"namespace", "name"} for dataset in event["inputs"] + event["outputs"])
    states = [event["eventType"] for event in events]
    assert (states.count("START"), states.count("COMPLETE")) == (1, 1)
    assert len({event["run"]["runId"] for event in events}) == 1
    assert {event["job"]["name"] for event in events} == {"notes"}
    assert [event["outputs"][0]["name"] for event in events if event["outputs"]] == ["release/ab", "index/ab"]


def test_csv_is_a_table_and_no_cell_a_formula(audit):
    """Every row has every column; what would start a formula is quoted first."""
    rows = list(csv.reader(io.StringIO(b"\n".join(written(audit, Form.CSV)).decode())))
    assert len(rows) == len(EVENTS) + 1
    assert {len(row) for row in rows} == {11}
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert any(row[7] == "'@SUM" for row in rows)


@pytest.mark.parametrize("form", Form)
def test_every_exported_event_can_be_traced_to_the_log(audit, form):
    """Each names the leaf hash of the event it came from."""
    from llmops.audit.explain import events_in

    leaves = {seen.receipt.leaf for seen in events_in(audit)}
    for line in written(audit, form)[form is Form.CSV :]:
        assert set(re.findall(rb"[0-9a-f]{64}", line)) <= {leaf.encode() for leaf in leaves}
        assert re.search(rb"[0-9a-f]{64}", line)
