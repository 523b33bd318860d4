"""Verification: what is intact, what is not proven, and a matrix of attacks that are all found and placed."""

import json
import random
import shutil

import pytest

from llmops.audit import Anchor, AuditLog, Status
from llmops.audit.checkpoint import sign_checkpoint, split_notes
from llmops.audit.codec import Entry, encode
from llmops.audit.events import RecordRead, StreamSealed
from llmops.audit.log.merkle import leaf_hash, root_of
from llmops.audit.log.recovery import NO_PREVIOUS, link
from llmops.audit.verify.directory import verify
from llmops.keys import load_or_create_signing_key

EVENTS = 40


def reads(count, tag="r"):
    return [RecordRead(record_id=f"{tag}{i}", format="text") for i in range(count)]


@pytest.fixture
def signer(tmp_path):
    return load_or_create_signing_key(tmp_path / "keys" / "a.pem", name="llmops-audit")


@pytest.fixture
def thief(tmp_path):
    return load_or_create_signing_key(tmp_path / "keys" / "b.pem", name="llmops-audit")


def write(directory, signer, stream="main", batches=4, tag="r"):
    """A log of four batches, each sealed; the checkpoints."""
    with AuditLog.open(directory, stream=stream, signer=signer, clock=lambda: 1, run_id="run1") as log:
        checkpoints = []
        for batch in range(batches):
            log.append(reads(EVENTS // batches, f"{tag}{batch}x"))
            checkpoints.append(log.checkpoint())
    return checkpoints


@pytest.fixture
def audit(tmp_path, signer):
    write(tmp_path / "audit", signer)
    return tmp_path / "audit"


def rewritten(records):
    """Lines as an attacker writes them who knows the format."""
    lines, prev = [], NO_PREVIOUS
    for n, record_id in enumerate(records):
        event = RecordRead(record_id=record_id, format="text")
        line = encode(Entry(n=n, prev=prev, at=1, run="run1", event=event))
        prev = link(leaf_hash(line))
        lines.append(line)
    return lines


def put(audit, lines, stream="main"):
    (audit / f"{stream}.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))


def test_sealed_trusted_and_anchored_log_is_intact(tmp_path, signer):
    """Exit code 0 needs all three."""
    checkpoints = write(tmp_path / "audit", signer)
    anchors = [checkpoints[1].anchor, checkpoints[3].anchor]
    verdict = verify(tmp_path / "audit", [signer.public], anchors)
    assert (verdict.status, verdict.exit_code, verdict.findings) == (Status.INTACT, 0, ())
    assert (verdict.events, verdict.sealed, verdict.unsealed) == (EVENTS, EVENTS, 0)
    assert verdict.kinds == {"record_read": EVENTS}
    assert verdict.streams[0].fingerprints == (signer.public.fingerprint,)
    assert verdict.streams[0].anchored == EVENTS


def test_an_anchor_in_mid_log_is_enough(tmp_path, signer):
    """A release speaks of the log as it was; what came after is sealed, not anchored."""
    checkpoints = write(tmp_path / "audit", signer)
    verdict = verify(tmp_path / "audit", [signer.public], [checkpoints[1].anchor])
    assert verdict.exit_code == 0
    assert verdict.streams[0].anchored == EVENTS // 2


def test_missing_proof_is_a_warning_not_an_alarm(tmp_path, signer, audit):
    """No anchor, no pinned key, an unsealed tail: exit code 1 each."""
    anchor = Anchor(stream="main", size=EVENTS, root=verify(audit).streams[0].root)
    assert verify(audit, [signer.public]).exit_code == 1
    assert verify(audit, (), [anchor]).exit_code == 1
    assert verify(audit, [signer.public], [anchor]).exit_code == 0
    with AuditLog.open(audit, stream="main", signer=None, clock=lambda: 1) as log:
        log.append(reads(3))
    verdict = verify(audit, [signer.public], [anchor])
    assert (verdict.exit_code, verdict.unsealed) == (1, 3)
    assert (verdict.findings[0].start, verdict.findings[0].end) == (EVENTS, EVENTS + 3)


def test_nothing_there_cannot_be_verified(tmp_path):
    """A missing and an empty directory: exit code 3."""
    assert verify(tmp_path / "missing").exit_code == 3
    assert verify(tmp_path).exit_code == 3


def test_future_version_cannot_be_verified(tmp_path, signer):
    """What this release does not know it does not call tampered."""
    (tmp_path / "audit").mkdir()
    line = rewritten(["r1"])[0].replace(b'"v":1', b'"v":2')
    put(tmp_path / "audit", [line])
    assert verify(tmp_path / "audit", [signer.public]).status is Status.CANNOT_VERIFY


def test_verdict_turns_into_json(audit, signer):
    """What ``--json`` prints holds plain values."""
    data = json.loads(json.dumps(verify(audit, [signer.public]).to_dict()))
    assert (data["status"], data["exit_code"], data["unsealed"]) == ("warnings", 1, 0)
    assert data["kinds"] == data["streams"][0]["kinds"] == {"record_read": EVENTS}


def test_verifying_changes_nothing(audit, signer):
    """Read-only: names, bytes and times stay."""
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in audit.iterdir()}
    verify(audit, [signer.public])
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in audit.iterdir()} == before


def flip(lines, at, rng):
    line = bytearray(lines[at])
    line[rng.randrange(len(line))] ^= 1 << rng.randrange(7)
    lines[at] = bytes(line)


def delete(lines, at, rng):
    del lines[at]


def insert(lines, at, rng):
    lines.insert(at, rewritten([f"x{rng.randrange(1000)}"])[0])


def reorder(lines, at, rng):
    other = (at + 1 + rng.randrange(len(lines) - 1)) % len(lines)
    lines[at], lines[other] = lines[other], lines[at]


def duplicate(lines, at, rng):
    lines.insert(at, lines[at])


def truncate(lines, at, rng):
    del lines[at:]


def edit_and_relink(lines, at, rng):
    records = [f"r{i // 10}x{i % 10}" for i in range(len(lines))]
    records[at] = "forged"
    lines[:] = rewritten(records)


def blank(lines, at, rng):
    lines.insert(at, b"")


ATTACKS = (flip, delete, insert, reorder, duplicate, truncate, edit_and_relink, blank)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
@pytest.mark.parametrize("seed", range(12))
def test_changed_events_are_found_and_placed(audit, signer, attack, seed):
    """Every attack on sealed events, at random places: tampered, and the provable range ends at the attack."""
    rng = random.Random(seed)
    at = rng.randrange(EVENTS)
    lines = (audit / "main.jsonl").read_bytes().splitlines()
    attack(lines, at, rng)
    put(audit, lines)
    verdict = verify(audit, [signer.public])
    assert verdict.exit_code == 2
    tampered = [finding for finding in verdict.findings if finding.status is Status.TAMPERED]
    assert all(finding.stream == "main" for finding in tampered)
    assert min(finding.start for finding in tampered) <= at + 1  # of two copies the second is the wrong one


def test_broken_link_names_the_event(audit, signer):
    """One edited event is placed exactly, not only within a checkpoint."""
    lines = (audit / "main.jsonl").read_bytes().splitlines()
    lines[17] = lines[17].replace(b'"at":1', b'"at":2')
    put(audit, lines)
    positions = [finding.position for finding in verify(audit, [signer.public]).findings if finding.position]
    assert positions == [18]


def test_swapped_streams_are_found(tmp_path, signer):
    """Events and checkpoints of one stream under another's name."""
    audit = tmp_path / "audit"
    write(audit, signer, "main")
    write(audit, signer, "other", tag="o")
    for suffix in ("jsonl", "checkpoints"):
        (audit / f"main.{suffix}").rename(audit / "spare")
        (audit / f"other.{suffix}").rename(audit / f"main.{suffix}")
        (audit / "spare").rename(audit / f"other.{suffix}")
    assert verify(audit, [signer.public]).exit_code == 2


def test_forged_checkpoint_is_found(tmp_path, signer, thief, audit):
    """Rewritten events under a checkpoint signed by another key, the key file replaced too."""
    lines = rewritten([f"f{i}" for i in range(EVENTS)])
    put(audit, lines)
    root = root_of([leaf_hash(line) for line in lines])
    forged = sign_checkpoint(thief, stream="main", size=EVENTS, root=root)
    (audit / "main.checkpoints").write_bytes(forged.note + b"\n")
    assert verify(audit, [signer.public]).exit_code == 2
    (audit / "main.vkey").write_text(thief.public.vkey + "\n")
    assert verify(audit, [signer.public]).exit_code == 2
    assert verify(audit).exit_code == 1  # self-consistent: only a pinned key or an anchor tells


def test_old_checkpoint_put_back_is_found(audit, signer):
    """An old note appended again does not grow."""
    path = audit / "main.checkpoints"
    notes, _ = split_notes(path.read_bytes())
    path.write_bytes(path.read_bytes() + notes[0] + b"\n")
    assert verify(audit, [signer.public]).exit_code == 2


def test_checkpoints_cut_back_leave_an_unsealed_tail(audit, signer):
    """Without an anchor this looks like a log that was not sealed yet, and is not called intact."""
    path = audit / "main.checkpoints"
    notes, _ = split_notes(path.read_bytes())
    path.write_bytes(b"".join(note + b"\n" for note in notes[:2]))
    verdict = verify(audit, [signer.public])
    assert (verdict.exit_code, verdict.unsealed) == (1, EVENTS // 2)


def test_rollback_of_log_and_checkpoints_is_found_by_an_anchor(tmp_path, signer):
    """Both cut back to an earlier, truly signed state: only the anchor knows."""
    audit = tmp_path / "audit"
    checkpoints = write(audit, signer)
    lines = (audit / "main.jsonl").read_bytes().splitlines()
    put(audit, lines[:10])
    (audit / "main.checkpoints").write_bytes(checkpoints[0].note + b"\n")
    assert verify(audit, [signer.public]).exit_code == 1
    verdict = verify(audit, [signer.public], [checkpoints[2].anchor])
    assert verdict.exit_code == 2
    assert "rolled back" in verdict.findings[0].what


def test_wiped_stream_is_found_by_an_anchor(tmp_path, signer):
    """A stream that an anchor names must be there."""
    audit = tmp_path / "audit"
    anchor = write(audit, signer)[3].anchor
    write(audit, signer, "other", tag="o")
    for path in audit.glob("main.*"):
        path.unlink()
    assert verify(audit, [signer.public], [anchor]).exit_code == 2
    shutil.rmtree(audit)
    assert verify(audit, [signer.public], [anchor]).exit_code == 3


def test_anchor_of_another_history_is_found(audit, signer):
    """Same size, another root."""
    anchor = Anchor(stream="main", size=EVENTS, root="ab" * 32)
    assert verify(audit, [signer.public], [anchor]).exit_code == 2


def test_streams_vouch_for_one_another(tmp_path, signer):
    """A sealing event in one stream shows that another was cut back, without any anchor."""
    audit = tmp_path / "audit"
    checkpoints = write(audit, signer, "worker-1")
    last = checkpoints[-1].anchor
    with AuditLog.open(audit, stream="main", signer=signer, clock=lambda: 1) as log:
        log.append([StreamSealed(stream=last.stream, size=last.size, root=last.root)])
        main = log.checkpoint().anchor
    assert verify(audit, [signer.public], [main]).exit_code == 0
    lines = (audit / "worker-1.jsonl").read_bytes().splitlines()
    put(audit, lines[:10], "worker-1")
    (audit / "worker-1.checkpoints").write_bytes(checkpoints[0].note + b"\n")
    assert verify(audit, [signer.public], [main]).exit_code == 2
    for path in audit.glob("worker-1.*"):
        path.unlink()
    assert verify(audit, [signer.public], [main]).exit_code == 2


def test_a_torn_file_of_another_size_is_a_warning(audit, signer):
    """Of a log that no raw zone was at hand for: what a recovery set aside beside it is as it was."""
    with (audit / "main.jsonl").open("ab") as file:
        file.write(b"half")
    with AuditLog.open(audit, stream="main", signer=signer, clock=lambda: 1) as log:
        anchor = log.checkpoint().anchor
    assert verify(audit, [signer.public], [anchor]).exit_code == 0
    (audit / "main.torn-1").write_bytes(b"halves")
    assert verify(audit, [signer.public], [anchor]).exit_code == 1


def test_a_fresh_log_raises_no_false_alarm(tmp_path, signer):
    """Twenty-five clean logs of random shapes are intact."""
    rng = random.Random(4)
    for number in range(25):
        audit = tmp_path / f"audit-{number}"
        with AuditLog.open(audit, stream="main", signer=signer, clock=lambda: 1) as log:
            for _ in range(rng.randrange(1, 6)):
                log.append(reads(rng.randrange(1, 30)))
                if rng.random() < 0.5:
                    log.checkpoint()
            anchor = log.checkpoint().anchor
        assert verify(audit, [signer.public], [anchor]).exit_code == 0
