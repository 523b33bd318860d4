"""Sign-off: a reviewer's own key, a stretch that cannot change afterwards, and nobody reviews themselves."""

import pytest

from llmops.audit import AuditLog, Status, sign_off
from llmops.audit.events import Heartbeat, RecordRead, ReviewReason
from llmops.audit.explain import events_in
from llmops.audit.log.newest import newest_anchors
from llmops.audit.review import event_range, event_ranges
from llmops.audit.verify.directory import verify
from llmops.errors import AuditError
from llmops.keys import load_or_create_signing_key


@pytest.fixture
def signer(tmp_path):
    return load_or_create_signing_key(tmp_path / "keys" / "a.pem", name="llmops-audit")


@pytest.fixture
def reviewer(tmp_path):
    return load_or_create_signing_key(tmp_path / "keys" / "r.pem", name="llmops-reviewer")


@pytest.fixture
def audit(tmp_path, signer):
    for stream in ("main", "w0"):
        times = iter(range(0, 100_000, 100))
        with AuditLog.open(tmp_path / "audit", stream=stream, signer=signer, clock=times.__next__) as log:
            for i in range(10):
                log.append([RecordRead(record_id=f"r{i}", format="text")])
    return tmp_path / "audit"


def test_a_review_is_an_event_under_the_reviewers_key(audit, signer, reviewer):
    """It names stream, range and sealed root; with both keys and anchors the log is intact."""
    anchors = newest_anchors(audit)
    sign_off(audit, event_ranges(audit), reviewer, ReviewReason.ROUTINE, lambda: 5)
    events = [seen.entry.event for seen in events_in(audit, kinds=("review",))]
    assert [(event.stream, event.start, event.end) for event in events] == [("main", 0, 10), ("w0", 0, 10)]
    assert {event.reviewer for event in events} == {reviewer.public.fingerprint}
    every = (*anchors, *newest_anchors(audit))
    assert verify(audit, [signer.public, reviewer.public], every).status is Status.INTACT


def test_a_reviewer_who_is_not_known_is_a_warning_not_an_alarm(audit, signer, reviewer):
    """Who has only the log's key is told that there is a review by somebody else."""
    sign_off(audit, event_ranges(audit), reviewer, ReviewReason.INCIDENT, lambda: 5)
    verdict = verify(audit, [signer.public], newest_anchors(audit))
    assert verdict.status is Status.WARNINGS
    assert any("reviewer" in finding.what for finding in verdict.findings)


def test_what_was_reviewed_cannot_change_afterwards(audit, signer, reviewer):
    """The review is an anchor of what it signed for."""
    sign_off(audit, [event_range(audit, "main", 2, 5)], reviewer, ReviewReason.RELEASE, lambda: 5)
    for path in audit.glob("main.*"):
        path.unlink()
    assert verify(audit, [signer.public, reviewer.public]).status is Status.TAMPERED


def test_a_reviewers_stream_may_hold_nothing_but_reviews(audit, signer, reviewer):
    """Or a key of nobody could write a history of its own."""
    with (
        AuditLog.open(audit, stream="review-0000", signer=reviewer, clock=lambda: 1) as log,
        pytest.raises(AuditError, match="may not log"),
    ):
        log.append([RecordRead(record_id="r1", format="text")])
    with AuditLog.open(audit, stream="forged", signer=reviewer, clock=lambda: 1) as log:
        log.append([RecordRead(record_id="r1", format="text")])
    for path in audit.glob("forged.*"):
        path.rename(path.with_name(path.name.replace("forged", "review-0000")))
    assert verify(audit, [signer.public]).status is Status.TAMPERED


def test_nobody_reviews_what_they_wrote(audit, signer):
    """The key that signs the log is refused."""
    with pytest.raises(AuditError, match="of their own"):
        sign_off(audit, event_ranges(audit), signer, ReviewReason.ROUTINE, lambda: 5)


def test_a_stretch_can_be_chosen_by_time(audit):
    """Since is included, until is not; what lies outside is not there."""
    found = {part.checkpoint.stream: (part.start, part.end) for part in event_ranges(audit, since=500, until=1_000)}
    assert set(found) == {"main", "w0"}
    for stream, (start, end) in found.items():
        times = [seen.entry.at for seen in events_in(audit, stream=stream)]
        assert all(500 <= at < 1_000 for at in times[start:end])
        assert all(not 500 <= at < 1_000 for at in times[:start] + times[end:])
    assert event_ranges(audit, since=10**9) == ()


def test_only_sealed_events_can_be_signed_off(audit):
    """An unsealed tail could still change."""
    with AuditLog.open(audit, stream="main", signer=None, clock=lambda: 1) as log:
        log.append([Heartbeat()])
    assert event_range(audit, "main", 3).end == 10
    for stream, start, end in (("main", 0, 11), ("main", 5, 5), ("main", 10, None), ("none", 0, None)):
        with pytest.raises(AuditError):
            event_range(audit, stream, start, end)
