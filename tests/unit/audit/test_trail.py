"""Why was this released: the decision, the rules in force, the steps, who was served it."""

import pytest

from llmops.audit import AuditLog, trail_of
from llmops.audit.events import (
    DocumentReleased,
    GateDecided,
    Queried,
    RecordRead,
    RecordWithheld,
    ReleasePublished,
    ReleaseRevoked,
    RunStarted,
)
from llmops.audit.proofs.inclusion import find_event
from llmops.documents import Reason, StageName
from llmops.errors import AuditError
from llmops.keys import load_or_create_signing_key


@pytest.fixture
def audit(tmp_path):
    signer = load_or_create_signing_key(tmp_path / "k" / "a.pem", name="llmops-audit")
    times = iter(range(1, 1000))
    for run, record in (("run1", "r1"), ("run2", "r2")):
        with AuditLog.open(tmp_path / "audit", stream=run, signer=signer, clock=lambda: next(times), run_id=run) as log:
            log.append([RunStarted(recipe="a")])
            log.append([RecordRead(record_id=record, format="text")])
            log.append([DocumentReleased(document_id=f"{record}.0", record_id=record)])
            log.append(
                [
                    RecordWithheld(
                        record_id=record, document_id=f"{record}.1", stage=StageName.DEID, reason=Reason.DEID_FAILED
                    )
                ]
            )
            log.append([GateDecided(passed=True), ReleasePublished(release_id=f"rel-{run}", manifest="ab")])
    with AuditLog.open(tmp_path / "audit", stream="reader-1", signer=None, clock=lambda: next(times)) as log:
        log.append([Queried(release_id="rel-run1", k=5, query_length=3, hits=("r1.0",))])
    with AuditLog.open(tmp_path / "audit", stream="withdraw-1", signer=None, clock=lambda: next(times)) as log:
        log.append([ReleaseRevoked(release_id="rel-run1", document_id="r1.0", reason="erasure_request")])
    return tmp_path / "audit"


def kinds(found):
    return [seen.entry.event.kind for seen in found]


def test_a_story_has_its_own_run_and_no_other(audit):
    """Steps, the context of the run, what happened to the release, and who was served."""
    story = trail_of(audit, "r1.0")
    assert kinds(story.steps) == ["record_read", "document_released"]
    assert kinds(story.context) == ["run_started", "gate", "release_published", "release_revoked"]
    assert {seen.entry.run for seen in story.context} == {"run1", ""}
    assert kinds(story.served) == ["query"]
    assert all(story.is_sealed(seen) for seen in story.steps)


def test_a_record_has_a_decision_for_each_of_its_documents(audit):
    """Released and withheld parts stand side by side."""
    story = trail_of(audit, "r2")
    assert kinds(story.decisions) == ["document_released", "record_withheld"]
    assert kinds(story.served) == []


def test_nothing_known_is_an_empty_story(audit):
    """Whatever was asked."""
    for asked in ("r9", "Zoë", ""):
        story = trail_of(audit, asked)
        assert (story.steps, story.decisions) == ((), ())


def test_an_event_is_named_by_place_or_by_what_it_decided(audit):
    """A document id means the decision on it."""
    assert find_event(audit, "run1#3") == ("run1", 3)
    assert find_event(audit, "r1.0") == ("run1", 2)
    for bad in ("run1#x", "run1#-1", "../x#1", "r9", "run1#99999999999999999999"):
        with pytest.raises(AuditError):
            find_event(audit, bad)
