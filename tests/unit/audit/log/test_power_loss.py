"""Power lost at any moment, and a disk that refuses at any call: what was acknowledged is there, nothing is silent."""

import errno
import os
import pickle
from functools import partial
from random import Random

import pytest

from llmops.audit import AuditLog, Status
from llmops.audit.events import RecordRead
from llmops.audit.log.merkle import leaf_hash
from llmops.audit.proofs.inclusion import prove
from llmops.audit.verify.directory import verify
from llmops.errors import AuditWriteError, LlmopsError
from llmops.keys import load_or_create_signing_key
from tests.faults import Disk, failing, no_file_over

CODES = (errno.ENOSPC, errno.EIO)
CALLS = ("open", "write", "fdatasync", "fsync", "ftruncate", "rename")
SHORTCUT = ("open", "write", "ftruncate")  # of the tree file, which the log can do without


@pytest.fixture
def signer(tmp_path):
    return load_or_create_signing_key(tmp_path / "keys" / "audit.pem", name="llmops-audit")


def reads(count, tag):
    return [RecordRead(record_id=f"{tag}{n}", format="text", size=n) for n in range(count)]


def work(audit, signer, acknowledge=lambda receipts, anchor: None):
    """A log opened three times: new, after a clean end, after a torn one; what is acknowledged is told."""
    for start in range(3):
        with AuditLog.open(audit, stream="main", signer=signer, clock=lambda: 1, run_id="run1") as log:
            for batch in range(3):
                acknowledge(log.append(reads(batch + 1, f"s{start}b{batch}x")), None)
                if batch == start:
                    acknowledge((), log.checkpoint().anchor)
        if start == 1:
            with (audit / "main.jsonl").open("ab") as file:
                file.write(b'{"half":')


def refusing(audit, signer, disk):
    """Do the work in a process of its own on a disk that refuses: receipts, anchors, what it said, whether it was."""
    ours, theirs = os.pipe()
    if os.fork() == 0:
        receipts, anchors, said, refused = [], [], "", None
        try:
            with os.fdopen(theirs, "wb") as answer:
                try:
                    with disk() as refused:
                        work(audit, signer, lambda more, one: (receipts.extend(more), one and anchors.append(one)))
                except AuditWriteError as error:
                    said = str(error)
                answer.write(pickle.dumps((receipts, anchors, said, bool(refused))))
        finally:
            os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, "rb") as answer:
        data = answer.read()
    os.wait()
    assert data, "it ended with another error than it promises"
    return pickle.loads(data)


def settled(audit, signer, receipts, anchors):
    """Open the log as the next start does, and hold it against what was acknowledged; the verdict."""
    before = verify(audit, [signer.public], anchors)
    assert before.status is not Status.TAMPERED, before.findings
    AuditLog.open(audit, stream="main", signer=signer, clock=lambda: 1).close()
    leaves = [leaf_hash(line).hex() for line in (audit / "main.jsonl").read_bytes().splitlines()]
    assert [leaves[one.index] for one in receipts] == [one.leaf for one in receipts]
    verdict = verify(audit, [signer.public], anchors)
    assert verdict.status in (Status.INTACT, Status.WARNINGS), verdict.findings
    assert verdict.unsealed == 0
    return verdict


def test_no_loss_of_power_loses_what_was_acknowledged(tmp_path, signer):
    """At every moment of a log's life, whatever the disk kept of what was not synced: recovered, sealed, all there."""
    disk = Disk(tmp_path / "disk", zeros=(".jsonl", ".checkpoints"))
    disk.root.mkdir()
    told, anchors = [], []

    def acknowledge(receipts, anchor):
        told.extend(receipts)
        if anchor:
            anchors.append((len(told), anchor))
        disk.known = len(told), len(anchors)

    disk.known = (0, 0)
    with disk.watched():
        work(disk.root / "audit", signer, acknowledge)
    assert len(disk.moments) > 40
    rng = Random(4)
    for moment in disk.moments:
        for left in moment.states(rng, 2):
            left.put(tmp_path / "after")
            receipts, known = told[: moment.known[0]], [anchor for _, anchor in anchors[: moment.known[1]]]
            verdict = settled(tmp_path / "after" / "audit", signer, receipts, known)
            if verdict.events:
                assert prove(tmp_path / "after" / "audit", "main", verdict.events - 1)


@pytest.mark.parametrize("call", CALLS)
def test_a_disk_that_refuses_any_call_is_reported_and_nothing_acknowledged_is_lost(tmp_path, signer, call):
    """From the first, second, ... call on: an `AuditWriteError`, or a log that did not need it; then it goes on."""
    number, refused = 0, True
    while refused:
        audit = tmp_path / f"audit-{number}"
        disk = partial(failing, call, number, CODES[number % 2], below=audit)
        receipts, anchors, said, refused = refusing(audit, signer, disk)
        if refused and not said:
            assert call in SHORTCUT
        assert said or len(receipts) == 18
        settled(audit, signer, receipts, anchors)
        number += 1
    assert number > 1


@pytest.mark.parametrize("size", range(0, 4000, 331))
def test_a_full_disk_is_reported_whatever_byte_it_is_full_at(tmp_path, signer, size):
    """A limit on the size of files cuts writes short at any byte: reported, and what was acknowledged is there."""
    audit = tmp_path / "audit"
    receipts, anchors, said, _ = refusing(audit, signer, partial(no_file_over, size))
    assert said or len(receipts) == 18
    assert said or max(path.stat().st_size for path in audit.iterdir()) <= size
    settled(audit, signer, receipts, anchors)


def test_a_log_on_a_disk_that_is_always_full_says_so(signer, tmp_path, monkeypatch):
    """``/dev/full`` takes no byte: the first append is refused, and so is all that follows."""
    log = AuditLog.open(tmp_path / "audit", stream="main", signer=signer, clock=lambda: 1)
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, log._descriptor)
    os.close(full)
    for _ in range(2):
        with pytest.raises(LlmopsError):
            log.append(reads(1, "r"))
    log.close()
    assert verify(tmp_path / "audit", [signer.public]).events == 0
