"""The log: durable before it is acknowledged, sealed in time, recovered after a crash, stopped by any failure."""

import errno
import itertools
import os
import signal
import subprocess
import sys
import textwrap

import pytest

from llmops.audit import AuditLog, Status
from llmops.audit.checkpoint import parse_checkpoint, split_notes
from llmops.audit.events import DocumentScored, Heartbeat, RecordRead, Recovered
from llmops.audit.explain import events_in
from llmops.audit.log.merkle import leaf_hash, root_of
from llmops.audit.verify.directory import verify
from llmops.errors import AuditError, AuditVerificationError, AuditWriteError
from llmops.keys import load_or_create_signing_key


@pytest.fixture
def signer(tmp_path):
    return load_or_create_signing_key(tmp_path / "keys" / "audit.pem", name="llmops-audit")


class Clock:
    """A clock that is set by hand."""

    def __init__(self):
        self.now = 1_700_000_000_000

    def __call__(self):
        return self.now


def reads(count, start=0):
    return [RecordRead(record_id=f"r{i}", format="text") for i in range(start, start + count)]


def open_log(tmp_path, signer, clock=None, stream="main"):
    return AuditLog.open(tmp_path / "audit", stream=stream, signer=signer, clock=clock or Clock(), run_id="run1")


def lines_of(tmp_path, stream="main"):
    return (tmp_path / "audit" / f"{stream}.jsonl").read_bytes().splitlines()


def sizes(tmp_path):
    notes, rest = split_notes((tmp_path / "audit" / "main.checkpoints").read_bytes())
    assert rest == b""
    return [parse_checkpoint(note).size for note in notes]


def test_receipt_names_stream_position_and_leaf(tmp_path, signer):
    """A receipt can be checked against the line by anybody with SHA-256."""
    with open_log(tmp_path, signer) as log:
        log.append(reads(2))
        receipts = log.append(reads(3, 2))
    assert [(one.stream, one.index) for one in receipts] == [("main", 2), ("main", 3), ("main", 4)]
    assert [one.leaf for one in receipts] == [leaf_hash(line).hex() for line in lines_of(tmp_path)[2:]]


def test_a_batch_is_one_write_and_one_sync(tmp_path, signer, monkeypatch):
    """Durability costs one system call a batch, not one an event."""
    log = open_log(tmp_path, signer)
    calls = []
    real_write, real_sync = os.write, os.fdatasync
    monkeypatch.setattr(os, "write", lambda fd, data: (calls.append("write"), real_write(fd, data))[1])
    monkeypatch.setattr(os, "fdatasync", lambda fd: (calls.append("sync"), real_sync(fd))[1])
    log.append(reads(100))
    assert calls == ["write", "sync"]


def test_checkpoint_after_a_thousand_events(tmp_path, signer):
    """The unsealed tail never grows past a thousand events."""
    with open_log(tmp_path, signer) as log:
        for start in range(0, 2500, 100):
            log.append(reads(100, start))
        assert sizes(tmp_path) == [1000, 2000]
    assert sizes(tmp_path) == [1000, 2000, 2500]


def test_checkpoint_after_ten_seconds(tmp_path, signer):
    """Nor does it grow older than ten seconds while there is something to append."""
    clock = Clock()
    with open_log(tmp_path, signer, clock) as log:
        log.append(reads(1))
        clock.now += 9_999
        log.append(reads(1))
        clock.now += 1
        log.append(reads(1))
        assert sizes(tmp_path) == [3]


def test_checkpoint_signs_the_root_of_the_lines(tmp_path, signer):
    """The checkpoint is a C2SP note that the public key alone verifies."""
    with open_log(tmp_path, signer) as log:
        log.append(reads(7))
        checkpoint = log.checkpoint()
        assert log.checkpoint() == checkpoint
    assert checkpoint.root == root_of([leaf_hash(line) for line in lines_of(tmp_path)])
    assert checkpoint.signed_by([signer.public]) == signer.public
    assert checkpoint.note.startswith(b"llmops/main\n7\n")


def test_reopened_log_goes_on_where_it_stopped(tmp_path, signer):
    """Position, links and tree survive closing."""
    for start in (0, 3, 6):
        with open_log(tmp_path, signer) as log:
            assert log.size == start
            log.append(reads(3, start))
    assert [seen.entry.event.record_id for seen in events_in(tmp_path / "audit")] == [f"r{i}" for i in range(9)]
    assert verify(tmp_path / "audit", [signer.public]).status is Status.WARNINGS


def test_one_writer_a_stream(tmp_path, signer):
    """A second writer is refused, another stream is not."""
    busy = pytest.raises(AuditWriteError, match="another process")
    with open_log(tmp_path, signer), open_log(tmp_path, signer, stream="worker-1"), busy:
        open_log(tmp_path, signer)


@pytest.mark.parametrize("name", ["", "../x", "a/b", "A", "-x", "a.b", "x" * 65])
def test_stream_names_cannot_leave_the_directory(tmp_path, signer, name):
    """A name is a name, not a path."""
    with pytest.raises(AuditError):
        open_log(tmp_path, signer, stream=name)


def test_invalid_event_writes_nothing_of_its_batch_and_leaves_the_log_usable(tmp_path, signer):
    """A bug in a caller is not a broken disk."""
    with open_log(tmp_path, signer) as log:
        with pytest.raises(AuditError):
            log.append([*reads(1), RecordRead(record_id="not an id", format="text")])
        assert log.size == 0
        log.append(reads(1))
    assert len(lines_of(tmp_path)) == 1


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
@pytest.mark.parametrize("call", ["write", "fdatasync"])
def test_a_disk_that_refuses_stops_the_log(tmp_path, signer, monkeypatch, call, code):
    """No acknowledgement, and nothing more is taken, even when the disk is well again."""
    log = open_log(tmp_path, signer)
    log.append(reads(2))

    def broken(*_):
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, broken)
        with pytest.raises(AuditWriteError):
            log.append(reads(1))
    with pytest.raises(AuditWriteError):
        log.append(reads(1))
    with pytest.raises(AuditWriteError):
        log.checkpoint()
    log.close()
    with open_log(tmp_path, signer) as again:
        assert again.size >= 2
    assert verify(tmp_path / "audit", [signer.public]).status is Status.WARNINGS


def test_short_write_is_a_failure_and_its_torn_event_is_set_aside(tmp_path, signer, monkeypatch):
    """A full disk takes half a batch: that half is never acknowledged and is told of at the next opening."""
    log = open_log(tmp_path, signer)
    real = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda fd, data: real(fd, data[:50]))
        with pytest.raises(AuditWriteError, match="short"):
            log.append(reads(1))
    log.close()
    with open_log(tmp_path, signer) as again:
        assert again.size == 1
    assert next(events_in(tmp_path / "audit")).entry.event == Recovered(torn=1, quarantined=50)
    assert (tmp_path / "audit" / "main.torn-1").stat().st_size == 50


@pytest.mark.parametrize("call", ["write", "fdatasync"])
def test_ctrl_c_in_mid_append_stops_the_log_and_recovers(tmp_path, signer, monkeypatch, call):
    """An interrupt between the write and its sync leaves nothing half known: the next opening settles it."""
    log = open_log(tmp_path, signer)
    log.append(reads(2))
    real = getattr(os, call)

    def interrupted(*args):
        real(*args)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, call, interrupted)
        with pytest.raises(KeyboardInterrupt):
            log.append(reads(1, 2))
    with pytest.raises(AuditWriteError):
        log.append(reads(1, 3))
    log.close()
    with open_log(tmp_path, signer) as again:
        assert again.size == 3
        again.append(reads(1, 3))
    assert verify(tmp_path / "audit", [signer.public]).status is Status.WARNINGS


def test_a_checkpoint_that_fails_stops_the_log(tmp_path, signer, monkeypatch):
    """The events are durable, but a log that cannot seal does not go on."""
    log = open_log(tmp_path, signer)
    log.append(reads(2))

    def broken(*_):
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", broken)
        with pytest.raises(AuditWriteError):
            log.checkpoint()
    with pytest.raises(AuditWriteError):
        log.append(reads(1))


def test_torn_at_every_byte_is_recovered_and_reported(tmp_path, signer):
    """Whatever byte of the unsealed tail a crash cuts at, whole events stay, the rest is set aside, the log goes on."""
    with open_log(tmp_path, signer) as log:
        log.append(reads(2))
    sealed = len((tmp_path / "audit" / "main.jsonl").read_bytes())
    with open_log(tmp_path, None) as log:
        log.append([Heartbeat(), Heartbeat()])
    whole = (tmp_path / "audit" / "main.jsonl").read_bytes()
    saved = {path: path.read_bytes() for path in (tmp_path / "audit").iterdir()}
    for size in range(sealed, len(whole)):
        for path in (tmp_path / "audit").iterdir():
            path.unlink()
        for path, data in saved.items():
            path.write_bytes(data[:size] if path.suffix == ".jsonl" else data)
        with open_log(tmp_path, signer) as log:
            log.append(reads(1, 9))
        rest = size - whole.rfind(b"\n", 0, size) - 1
        told = [s.entry.event for s in events_in(tmp_path / "audit", kinds=("recovered",))]
        assert told == ([Recovered(torn=1, quarantined=rest)] if rest else [])
        if rest:
            assert (tmp_path / "audit" / "main.torn-1").read_bytes() == whole[size - rest : size]
        assert verify(tmp_path / "audit", [signer.public]).status is Status.WARNINGS
    for size in range(0, sealed, 23):
        (tmp_path / "audit" / "main.jsonl").write_bytes(whole[:size])
        (tmp_path / "audit" / "main.checkpoints").write_bytes(saved[tmp_path / "audit" / "main.checkpoints"])
        with pytest.raises(AuditVerificationError):
            open_log(tmp_path, signer)
        assert verify(tmp_path / "audit", [signer.public]).status is Status.TAMPERED


def test_torn_checkpoint_at_any_byte_is_recovered(tmp_path, signer):
    """A crash while sealing costs the seal, never an event, and is told of."""
    with open_log(tmp_path, signer) as log:
        log.append(reads(2))
        log.checkpoint()
        log.append(reads(2))
    path = tmp_path / "audit" / "main.checkpoints"
    whole = path.read_bytes()
    first = len(split_notes(whole)[0][0]) + 1
    events = (tmp_path / "audit" / "main.jsonl").read_bytes()
    for size in range(first, len(whole), 3):
        path.write_bytes(whole[:size])
        (tmp_path / "audit" / "main.jsonl").write_bytes(events)
        with open_log(tmp_path, signer):
            pass
        verdict = verify(tmp_path / "audit", [signer.public])
        assert verdict.status is Status.WARNINGS
        assert verdict.unsealed == 0
        assert verdict.kinds.get("recovered", 0) == (size > first)
        for torn in (tmp_path / "audit").glob("*.torn-*"):
            torn.unlink()


def test_crash_between_setting_aside_and_telling_is_told_later(tmp_path, signer):
    """A torn file that no event names is named when the stream is next opened."""
    with open_log(tmp_path, signer) as log:
        log.append(reads(1))
    (tmp_path / "audit" / "main.torn-1").write_bytes(b"half an event")
    for _ in range(2):
        with open_log(tmp_path, signer):
            pass
    told = [s.entry.event for s in events_in(tmp_path / "audit", kinds=("recovered",))]
    assert told == [Recovered(torn=1, quarantined=13)]


def test_zero_pages_after_power_loss_are_set_aside(tmp_path, signer):
    """A file system may give back zeros for what was never synced."""
    with open_log(tmp_path, signer) as log:
        log.append(reads(3))
    with (tmp_path / "audit" / "main.jsonl").open("ab") as file:
        file.write(b"\0" * 4096 + b"\n{}\n")
    with open_log(tmp_path, signer) as log:
        assert log.size == 4


def test_log_without_signer_is_never_sealed(tmp_path):
    """Verification says so."""
    with open_log(tmp_path, None) as log:
        log.append(reads(3))
        assert log.checkpoint() is None
    assert verify(tmp_path / "audit").unsealed == 3


def test_closed_log_takes_nothing_and_closes_twice(tmp_path, signer):
    """Closing is final and harmless to repeat."""
    log = open_log(tmp_path, signer)
    log.append([Heartbeat(), DocumentScored(document_id="r1.0", score=0.5)])
    log.close()
    log.close()
    with pytest.raises(AuditWriteError):
        log.append(reads(1))


CHILD = """
    import sys
    from pathlib import Path
    from llmops.audit import AuditLog
    from llmops.keys import load_or_create_signing_key
    from llmops.audit.events import RecordRead
    root = Path(sys.argv[1])
    key = load_or_create_signing_key(root / "keys" / "audit.pem", name="llmops-audit")
    log = AuditLog.open(root / "audit", stream="main", signer=key, clock=lambda: 1, run_id="run1")
    n = log.size
    while True:
        receipts = log.append([RecordRead(record_id=f"r{n + i}", format="text") for i in range(7)])
        n += 7
        sys.stdout.write(f"{receipts[-1].index} {receipts[-1].leaf}\\n")
        sys.stdout.flush()
"""


def test_killed_writer_loses_no_acknowledged_event(tmp_path, signer):
    """SIGKILL in mid-append, again and again: every receipt it printed still holds."""
    acknowledged = []
    for lines in (30, 200):
        child = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(CHILD), str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        acknowledged += list(itertools.islice(child.stdout, lines))
        os.kill(child.pid, signal.SIGKILL)
        acknowledged += [line for line in child.stdout if line.endswith("\n")]
        child.wait()
        child.stdout.close()
    with open_log(tmp_path, signer):
        pass
    leaves = [leaf_hash(line).hex() for line in lines_of(tmp_path)]
    for line in acknowledged:
        index, leaf = line.split()
        assert leaves[int(index)] == leaf
    assert verify(tmp_path / "audit", [signer.public]).status is Status.WARNINGS
