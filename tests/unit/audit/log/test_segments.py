"""Sealed segments: a stream goes on in the next file as one history, and every file of it must be there as it was."""

import os
import signal

import pytest

from llmops.audit import AuditLog, Status, check
from llmops.audit.checkpoint import parse_checkpoint, split_notes
from llmops.audit.events import RecordRead
from llmops.audit.explain import events_in
from llmops.audit.log.segments import segments
from llmops.audit.proofs.consistency import prove_consistency
from llmops.audit.proofs.inclusion import prove
from llmops.audit.verify.directory import verify
from llmops.errors import AuditVerificationError, AuditWriteError
from llmops.keys import load_or_create_signing_key

BATCHES, BATCH = 40, 25
LIMIT = 20_000


@pytest.fixture
def signer(tmp_path):
    return load_or_create_signing_key(tmp_path / "keys" / "a.pem", name="llmops-audit")


def open_log(directory, signer, limit=LIMIT):
    return AuditLog.open(directory, stream="main", signer=signer, clock=lambda: 1, segment_bytes=limit)


def reads(start, count=BATCH):
    return [RecordRead(record_id=f"r{i}", format="text") for i in range(start, start + count)]


def fill(directory, signer, limit=LIMIT, batches=BATCHES):
    with open_log(directory, signer, limit) as log:
        for number in range(batches):
            log.append(reads(number * BATCH))
    return directory


@pytest.fixture
def audit(tmp_path, signer):
    """A thousand events in several segments."""
    return fill(tmp_path / "audit", signer)


def notes(directory):
    return [parse_checkpoint(note) for note in split_notes((directory / "main.checkpoints").read_bytes())[0]]


def findings(directory, signer):
    return [one for one in verify(directory, [signer.public]).findings if one.status is Status.TAMPERED]


def writable(path):
    path.chmod(0o644)
    return path


def test_a_stream_goes_on_in_the_next_file_under_the_same_root(audit, signer, tmp_path):
    """Cut into segments or not, the events are the same bytes, and so are positions, links, tree and root."""
    whole = fill(tmp_path / "whole", signer, limit=1 << 30)
    parts = segments(audit, "main")
    assert len(parts) > 3
    assert b"".join(part.path.read_bytes() for part in parts) == (whole / "main.jsonl").read_bytes()
    assert (audit / "main.tree").read_bytes() == (whole / "main.tree").read_bytes()
    assert notes(audit)[-1].anchor == notes(whole)[-1].anchor
    verdict = verify(audit, [signer.public], [notes(audit)[-1].anchor])
    assert (verdict.exit_code, verdict.events, verdict.streams[0].segments) == (0, BATCHES * BATCH, len(parts))


def test_a_segment_ends_at_a_checkpoint_and_is_never_written_again(audit, signer):
    """Each is sealed to its end when the next begins, and read-only from then on; reopening touches the newest."""
    parts = segments(audit, "main")
    assert {part.start for part in parts[1:]} <= {note.size for note in notes(audit)}
    assert [part.path.stat().st_mode & 0o222 for part in parts[:-1]] == [0] * (len(parts) - 1)
    assert all(part.path.stat().st_size >= LIMIT for part in parts[:-1])
    before = [(part.path.read_bytes(), part.path.stat().st_mtime_ns) for part in parts[:-1]]
    with open_log(audit, signer) as log:
        assert log.size == BATCHES * BATCH
        log.append(reads(1_000))
    assert [(part.path.read_bytes(), part.path.stat().st_mtime_ns) for part in parts[:-1]] == before


def test_without_a_signer_nothing_is_closed(tmp_path):
    """What nobody can seal stays one file."""
    assert len(segments(fill(tmp_path / "audit", None), "main")) == 1


def test_readers_see_one_stream(audit, signer):
    """Shown in order, proven with and without the tree file, and grown from any earlier checkpoint."""
    seen = list(events_in(audit))
    assert [one.entry.event.record_id for one in seen] == [f"r{i}" for i in range(BATCHES * BATCH)]
    assert [one.receipt.index for one in seen] == list(range(BATCHES * BATCH))
    places = [0, *(part.start + step for part in segments(audit, "main")[1:] for step in (-1, 0)), BATCHES * BATCH - 1]
    quick = [prove(audit, "main", place) for place in places]
    first, *_, last = notes(audit)
    assert prove_consistency(audit, first, last).holds([signer.public])
    (audit / "main.tree").unlink()
    assert [prove(audit, "main", place) for place in places] == quick
    assert all(check(proof, [signer.public]) for proof in quick)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_missing_segment_is_found_and_placed(audit, signer, number):
    """Its events are named; it cannot be written on; the segments that are left can still be read."""
    parts = segments(audit, "main")
    parts[number].path.unlink()
    (found,) = findings(audit, signer)
    assert (found.start, found.end) == (parts[number].start, parts[number + 1].start)
    left = {one.receipt.index for one in events_in(audit)}
    assert left == set(range(BATCHES * BATCH)) - set(range(found.start, found.end))
    with pytest.raises(AuditVerificationError):
        open_log(audit, signer)


def test_a_missing_newest_segment_is_found_and_placed(audit, signer):
    """By the checkpoints that speak of its events."""
    newest = segments(audit, "main")[-1]
    newest.path.unlink()
    (found,) = findings(audit, signer)
    assert (found.start, found.end) == (newest.start, BATCHES * BATCH)
    with pytest.raises(AuditVerificationError):
        open_log(audit, signer)


@pytest.mark.parametrize("cut", [1, 60, 5_000])
def test_a_truncated_segment_is_found_and_placed(audit, signer, cut):
    """In mid-event or between two: what is missing has its positions, and what its checkpoint spoke of is unproven."""
    parts = segments(audit, "main")
    data = writable(parts[1].path).read_bytes()[:-cut]
    parts[1].path.write_bytes(data)
    (found,) = findings(audit, signer)
    assert (found.position, found.end) == (parts[1].start + data.count(b"\n"), parts[2].start)
    assert parts[1].start <= found.start <= found.position
    with pytest.raises(AuditVerificationError):
        open_log(audit, signer)


@pytest.mark.parametrize("pair", [(0, 1), (1, 2)])
def test_swapped_segments_are_found_and_placed(audit, signer, pair):
    """Two files under each other's names: the first event of the first one has no place there."""
    one, other = (segments(audit, "main")[number] for number in pair)
    spare = audit / "spare"
    one.path.rename(spare)
    other.path.rename(one.path)
    spare.rename(other.path)
    assert findings(audit, signer)[0].position == one.start
    with pytest.raises(AuditVerificationError):
        open_log(audit, signer)


def test_an_edited_segment_is_placed_to_the_event(audit, signer):
    """As in a log of one file."""
    part = segments(audit, "main")[1]
    text = writable(part.path).read_bytes()
    part.path.write_bytes(text.replace(f'"r{part.start + 7}"'.encode(), f'"x{part.start + 7}"'.encode()))
    assert findings(audit, signer)[0].position == part.start + 8


def test_segments_that_were_put_together_or_cut_anew_are_found(audit, signer):
    """Where a segment ends was sealed: no other end passes, and no file may hold the events of another."""
    parts = segments(audit, "main")
    lines = parts[1].path.read_bytes().splitlines(keepends=True)
    parts[1].path.unlink()
    with writable(parts[0].path).open("ab") as file:
        file.write(b"".join(lines[:3]))
    moved = parts[1].path.with_name(f"main.{parts[1].start + 3:012d}.jsonl")
    moved.write_bytes(b"".join(lines[3:]))
    (found,) = findings(audit, signer)
    assert "nothing was sealed" in found.what
    moved.rename(parts[1].path)
    assert findings(audit, signer)[0].position == parts[1].start


def test_checkpoints_cut_back_leave_an_unsealed_tail_of_whole_segments(audit, signer):
    """As in a log of one file it is not called intact; a writer, who knows that segments are sealed, refuses it."""
    first = notes(audit)[0]
    assert first.size == segments(audit, "main")[1].start
    (audit / "main.checkpoints").write_bytes(first.note + b"\n")
    verdict = verify(audit, [signer.public], [first.anchor])
    assert (verdict.exit_code, verdict.unsealed) == (1, BATCHES * BATCH - first.size)
    with pytest.raises(AuditVerificationError):
        open_log(audit, signer)


def test_a_second_writer_is_refused_while_the_stream_moves_on(tmp_path, signer):
    """Whoever waits for the segment that was the newest does not get the stream when it is let go."""
    with open_log(tmp_path / "audit", signer, limit=1) as log:
        for number in range(3):
            log.append(reads(number, 1))
            with pytest.raises(AuditWriteError, match="another process"):
                open_log(tmp_path / "audit", signer)
    assert len(segments(tmp_path / "audit", "main")) == 3


CALLS = ("open", "write", "fdatasync", "ftruncate", "rename", "fsync", "fchmod", "close")


def dies_at(step, monkeypatch):
    """From now on this process is killed in place of its system call number ``step``."""
    left = [step]

    def watched(real):
        def call(*arguments, **options):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **options)

        return call

    for name in CALLS:
        monkeypatch.setattr(os, name, watched(getattr(os, name)))


def test_killed_before_any_system_call_of_a_rotation_it_goes_on(tmp_path, signer, monkeypatch):
    """SIGKILL at every step: no acknowledged event is lost, and the next writer goes on in whatever file is newest."""
    survived, step = False, 0
    while not survived:
        audit = fill(tmp_path / f"audit-{step}", signer, batches=3, limit=1 << 30)
        child = os.fork()
        if child == 0:
            log = open_log(audit, signer, limit=1)
            dies_at(step, monkeypatch)
            log.append(reads(75))
            os._exit(0)
        survived = os.WIFEXITED(os.waitpid(child, 0)[1])
        with open_log(audit, signer, limit=1) as log:
            assert log.size in (75, 100)
            log.append(reads(log.size))
            anchor = log.checkpoint().anchor
        assert verify(audit, [signer.public], [anchor]).exit_code == 0
        ids = [one.entry.event.record_id for one in events_in(audit)]
        assert ids == [f"r{i}" for i in range(len(ids))]
        assert len(ids) >= 100
        assert len(segments(audit, "main")) >= 2
        step += 1
    assert step > 9
