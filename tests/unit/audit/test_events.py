"""The event schema: closed, canonical, and unable to hold text."""

import json

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops.audit import codec, events
from llmops.audit.codec import Entry
from llmops.documents import Reason, StageName, Withheld
from llmops.errors import AuditError

VALIDATOR = jsonschema.Draft202012Validator(codec.json_schema())
CANARY = "Zebulon Quackenbush"
SAMPLES = (
    events.KeyCreated(key="audit-signing", fingerprint="ab" * 32),
    events.Recovered(torn=1, quarantined=17),
    events.Heartbeat(),
    events.StreamSealed(stream="worker-1", size=3, root="cd" * 32),
    events.RunStarted(recipe="ab12", policy_id="safe_harbor@12", versions=(("zip3", "2020"),)),
    events.RunResumed(shards_done=1, shards_left=2),
    events.RunInterrupted(shards_done=1, shards_left=2),
    events.RunFinished(read=3, released=2, withheld=1),
    events.ShardStarted(shard="s0", attempt=1, source="ff"),
    events.ShardDone(shard="s0", read=3, released=2, withheld=1),
    events.ShardFailed(shard="s0", attempt=2, reason=Reason.WORKER_DIED),
    events.RecordRead(record_id="r1", format="fhir", encoding="utf-8", encoding_from="bom", size=12),
    events.RecordWithheld(record_id="r1", stage=StageName.READ, reason=Reason.EMPTY),
    events.DocumentNormalized(document_id="r1.0", format="text", changes=(("control", 1), ("mojibake", 2))),
    events.FieldsDropped(shard="s0", counts=(("genotypes", 3),)),
    events.DocumentDeidentified(document_id="r1.0", policy_id="p@1", findings=(("DATE", 2), ("NAME", 3))),
    events.DocumentScored(document_id="r1.0", score=0.875),
    events.DocumentReleased(document_id="r1.0", record_id="r1", subject="S-0", score=1.0),
    events.GateDecided(passed=True, verdicts=(("residual", "pass"),)),
    events.ReleasePublished(release_id="rel1", manifest="ab"),
    events.ReleaseRevoked(release_id="rel1", reason="erasure"),
    events.IndexBuilt(release_id="rel1", documents=3, chunks=9),
    events.Queried(release_id="rel1", k=5, query_length=31, hits=("r1.0", "r2.0")),
    events.Evaluated(suite="s", passed=3, failed=0),
    events.Reviewed(
        stream="main", start=0, end=3, size=3, root="ef", reason=events.ReviewReason.ROUTINE, reviewer="ab" * 32
    ),
    events.RecordTraced(document_id="r1.0", reason="missing_column", found=2),
    events.VaultChanged(action=events.VaultAction.ERASED, subject="S-0", subjects=1),
)


def entry(event, n=0):
    return Entry(n=n, prev="0" * 32, at=1_700_000_000_000, run="run1", event=event)


def test_every_kind_has_a_sample():
    """The samples below speak for the whole schema."""
    assert {type(sample) for sample in SAMPLES} == set(codec.EVENTS.values())


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: event.kind)
def test_event_reads_back_as_written_and_fits_the_published_schema(event):
    """Canonical bytes, the same event again, valid under the JSON Schema."""
    line = codec.encode(entry(event))
    assert codec.decode(line) == entry(event)
    assert line.isascii()
    assert line == json.dumps(json.loads(line), sort_keys=True, separators=(",", ":")).encode()
    VALIDATOR.validate(json.loads(line))


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: event.kind)
def test_unknown_and_missing_fields_are_refused(event):
    """A reader that does not know a field must not guess."""
    data = json.loads(codec.encode(entry(event)))
    for changed in ({**data, "note": "x"}, {key: data[key] for key in data if key != "at"}):
        line = json.dumps(changed, sort_keys=True, separators=(",", ":")).encode()
        with pytest.raises(AuditError):
            codec.decode(line)
        with pytest.raises(jsonschema.ValidationError):
            VALIDATOR.validate(changed)


@pytest.mark.parametrize(
    "event",
    [
        events.RecordRead(record_id=CANARY, format="text"),
        events.RecordRead(record_id="", format="text"),
        events.RecordRead(record_id="r" * 129, format="text"),
        events.RecordRead(record_id="r1", format=CANARY),
        events.RecordWithheld(record_id="r1", stage=StageName.READ, reason=CANARY),
        events.DocumentDeidentified(document_id="r1.0", policy_id="p", findings=((CANARY, 1),)),
        events.DocumentDeidentified(document_id="r1.0", policy_id="p", findings=(("NAME", CANARY),)),
        events.DocumentDeidentified(document_id="r1.0", policy_id="p", findings=((CANARY,),)),
        events.GateDecided(passed=CANARY),
        events.GateDecided(passed=True, verdicts=(("check", CANARY),)),
        events.Queried(release_id="x", k=1, query_length=1, hits=(CANARY,)),
        events.Queried(release_id="x", k=-1, query_length=1),
        events.DocumentScored(document_id="r1.0", score=float("nan")),
        events.DocumentScored(document_id="r1.0", score=1.5),
        events.DocumentScored(document_id="r1.0", score=CANARY),
        events.RunResumed(shards_done=True, shards_left=2),
    ],
)
def test_what_is_no_id_code_count_or_number_is_refused_and_not_shown(event):
    """The schema has no place for text, and the refusal does not repeat it."""
    with pytest.raises(AuditError) as refused:
        codec.encode(entry(event))
    assert CANARY not in str(refused.value)


@pytest.mark.parametrize(
    "line",
    [b"", b"{", b"[]", b"null", b'{"kind":["a"]}', b'{"v":1,"kind":"nonsense"}', b"[" * 100_000, b"\xff\xfe"],
)
def test_garbage_is_refused_with_an_audit_error(line):
    """Nothing but AuditError comes out of reading."""
    with pytest.raises(AuditError):
        codec.decode(line)


def test_a_line_that_is_not_canonical_is_refused():
    """The same event in other bytes is another line."""
    line = codec.encode(entry(events.Heartbeat()))
    with pytest.raises(AuditError):
        codec.decode(line.replace(b'"at":', b'"at": '))


def test_withheld_value_becomes_its_event():
    """Nothing is lost on the way from the value to the event."""
    withheld = Withheld(record_id="r1", document_id="r1.2", stage=StageName.DEID, reason=Reason.DEID_FAILED)
    event = events.RecordWithheld.of(withheld)
    assert (event.record_id, event.document_id, event.stage, event.reason) == ("r1", "r1.2", "deid", "deid_failed")


@given(st.text())
def test_no_string_outside_the_alphabet_passes(text):
    """Whatever is written consists of the code alphabet, or nothing is written."""
    try:
        line = codec.encode(entry(events.RecordRead(record_id=text, format="text")))
    except AuditError:
        return
    assert set(json.loads(line)["record_id"]) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:@/+-"
    )
