"""Several writers, one history: ties, heartbeats, seals for what was left behind, anchors on another disk."""

import time

import pytest

from llmops.audit import AuditLog, Status
from llmops.audit.anchors.locations import read_anchors, write_anchor
from llmops.audit.events import Heartbeat, Queried, RecordRead
from llmops.audit.explain import events_in
from llmops.audit.log.run_links import heartbeat, seal_readers, tie_streams
from llmops.audit.verify.directory import verify
from llmops.errors import AuditVerificationError, AuditWriteError
from llmops.keys import load_or_create_signing_key


@pytest.fixture
def signer(tmp_path):
    return load_or_create_signing_key(tmp_path / "keys" / "a.pem", name="llmops-audit")


def open_log(tmp_path, signer, stream="main", clock=lambda: 1):
    return AuditLog.open(tmp_path / "audit", stream=stream, signer=signer, clock=clock)


def write(tmp_path, signer, stream, count=3):
    with open_log(tmp_path, signer, stream) as log:
        log.append([RecordRead(record_id=f"r{i}", format="text") for i in range(count)])


def kinds(tmp_path, *wanted):
    return [seen.entry.event for seen in events_in(tmp_path / "audit", kinds=wanted)]


def test_one_anchor_of_the_main_stream_vouches_for_every_worker(tmp_path, signer):
    """Tied streams are intact under the main stream's anchor, and none can be cut back or removed."""
    for stream in ("w0", "w1"):
        write(tmp_path, signer, stream)
    with open_log(tmp_path, signer) as log:
        assert len(tie_streams(log)) == 2
        anchor = log.checkpoint().anchor
    assert verify(tmp_path / "audit", [signer.public], [anchor]).status is Status.INTACT
    for path in (tmp_path / "audit").glob("w1.*"):
        path.unlink()
    assert verify(tmp_path / "audit", [signer.public], [anchor]).status is Status.TAMPERED


def test_what_was_said_of_a_stream_is_not_said_again_until_it_grows(tmp_path, signer):
    """Tying at every shard and at the end costs one event a change."""
    write(tmp_path, signer, "w0")
    with open_log(tmp_path, signer) as log:
        assert len(tie_streams(log)) == 1
        assert tie_streams(log) == ()
        write(tmp_path, signer, "w0")
        assert len(tie_streams(log)) == 1
    assert [event.size for event in kinds(tmp_path, "stream_sealed")] == [3, 6]


def test_streams_of_readers_are_sealed_as_they_are_found(tmp_path, signer):
    """Readers have no key; the next run seals what they left, and passes over one that is at work."""
    with open_log(tmp_path, None, "reader-1") as log:
        log.append([Queried(release_id="x", k=5, query_length=9)])
    write(tmp_path, None, "other")
    with open_log(tmp_path, None, "reader-2") as busy:
        busy.append([Heartbeat()])
        assert seal_readers(tmp_path / "audit", signer, lambda: 2) == {}
    report = {stream.stream: stream for stream in verify(tmp_path / "audit", [signer.public]).streams}
    assert (report["reader-1"].sealed, report["reader-2"].sealed, report["other"].sealed) == (1, 0, 0)


def test_a_silent_writer_shows_that_it_lives_and_seals_in_time(tmp_path, signer):
    """After ten seconds without an append the tail is sealed; after a minute a heartbeat is written."""
    now = [1_000]
    with open_log(tmp_path, signer, clock=lambda: now[0]) as log:
        log.append([RecordRead(record_id="r1", format="text")])
        log.beat()
        assert verify(tmp_path / "audit", [signer.public]).unsealed == 1
        now[0] += 10_000
        log.beat()
        assert verify(tmp_path / "audit", [signer.public]).unsealed == 0
        now[0] += 60_000
        log.beat()
        log.beat()
        assert log.size == 2
    assert kinds(tmp_path, "heartbeat") == [Heartbeat()]


def test_a_heart_beats_beside_the_work_and_stops_with_it(tmp_path, signer):
    """From a thread, while appends go on; a closed log stops nothing but the beats."""
    now = [0]

    def clock():
        now[0] += 30_000
        return now[0]

    with open_log(tmp_path, signer, clock=clock) as log, heartbeat(log, every_s=0.001):
        deadline = time.monotonic() + 20
        while log.size < 3 and time.monotonic() < deadline:
            log.append([RecordRead(record_id="r1", format="text")]) if log.size == 0 else time.sleep(0.001)
    with pytest.raises(AuditWriteError):
        log.beat()
    assert len(kinds(tmp_path, "heartbeat")) >= 2
    assert verify(tmp_path / "audit", [signer.public]).status is Status.WARNINGS


def test_an_anchor_file_grows_and_shows_a_rollback(tmp_path, signer):
    """Written twice it holds both states; a log cut back with its checkpoints no longer extends it."""
    write(tmp_path, signer, "main")
    witness = tmp_path / "witness" / "anchors"
    assert len(write_anchor(tmp_path / "audit", witness)) == 1
    assert write_anchor(tmp_path / "audit", witness) == ()
    saved = {path: path.read_bytes() for path in (tmp_path / "audit").iterdir()}
    write(tmp_path, signer, "main")
    write(tmp_path, signer, "w0")
    assert [anchor.size for anchor in write_anchor(tmp_path / "audit", witness)] == [6, 3]
    assert [anchor.size for anchor in read_anchors(witness)] == [3, 6, 3]
    assert verify(tmp_path / "audit", [signer.public], read_anchors(witness)).status is Status.INTACT
    for path, data in saved.items():
        path.write_bytes(data)
    assert verify(tmp_path / "audit", [signer.public], read_anchors(witness)).status is Status.TAMPERED


@pytest.mark.parametrize("data", [b"nonsense", b"llmops/main\n-3\n", b"\n\n\n\n"])
def test_what_is_no_anchor_file_is_refused(tmp_path, signer, data):
    """Neither read nor written on."""
    (tmp_path / "a").write_bytes(data)
    write(tmp_path, signer, "main")
    for call in (lambda: read_anchors(tmp_path / "a"), lambda: write_anchor(tmp_path / "audit", tmp_path / "a")):
        with pytest.raises(AuditVerificationError):
            call()
    with pytest.raises(AuditVerificationError):
        read_anchors(tmp_path / "missing")
