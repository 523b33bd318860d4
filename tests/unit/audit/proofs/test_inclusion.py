"""Proofs and anchors: what an outsider can check without the log."""

import dataclasses

import pytest

from llmops.audit import AuditLog, check
from llmops.audit.events import RecordRead, StreamSealed
from llmops.audit.log.merkle import inclusion_proof, leaf_hash
from llmops.audit.log.newest import newest_anchors
from llmops.audit.proofs.inclusion import parse_proof, prove
from llmops.audit.verify.directory import verify
from llmops.errors import AuditVerificationError
from llmops.keys import load_or_create_signing_key


@pytest.fixture
def signer(tmp_path):
    return load_or_create_signing_key(tmp_path / "keys" / "a.pem", name="llmops-audit")


@pytest.fixture
def audit(tmp_path, signer):
    with AuditLog.open(tmp_path / "audit", stream="main", signer=signer, clock=lambda: 1) as log:
        log.append([RecordRead(record_id=f"r{i}", format="text") for i in range(23)])
    return tmp_path / "audit"


@pytest.mark.parametrize("index", range(23))
def test_every_event_is_proven_to_whoever_has_the_public_key(audit, signer, index):
    """The proof made in one pass is that of RFC 6962, survives the way through a file, and is small."""
    proof = prove(audit, "main", index)
    leaves = [leaf_hash(line) for line in (audit / "main.jsonl").read_bytes().splitlines()]
    assert proof.path == tuple(node.hex() for node in inclusion_proof(leaves, index))
    assert f'"record_id":"r{index}"' in proof.line
    assert check(parse_proof(proof.to_json()), [signer.public])
    assert len(proof.to_json()) < 2048


def test_a_changed_proof_does_not_hold(audit, signer, tmp_path):
    """Another event, place, path, note or key."""
    proof = prove(audit, "main", 5)
    other = load_or_create_signing_key(tmp_path / "b.pem", name="llmops-audit")
    changes = (
        {"line": proof.line.replace('"r5"', '"r6"')},
        {"line": "é"},
        {"index": 6},
        {"index": -1},
        {"path": proof.path[:-1]},
        {"path": (*proof.path, "00" * 32)},
        {"path": ("zz",)},
        {"checkpoint": proof.checkpoint.replace("\n23\n", "\n24\n")},
        {"checkpoint": "\udc80"},
    )
    for change in changes:
        assert not check(dataclasses.replace(proof, **change), [signer.public])
    assert not check(proof, [other.public])
    assert not check(proof, [])


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"index":"x"}', "null"])
def test_what_is_no_proof_is_refused(text):
    """One error, whatever the garbage."""
    with pytest.raises(AuditVerificationError):
        parse_proof(text)


def test_unsealed_and_tampered_events_have_no_proof(audit, signer):
    """A proof is given only for what the checkpoint covers as it was."""
    with pytest.raises(AuditVerificationError, match="covers"):
        prove(audit, "main", 23)
    with pytest.raises(AuditVerificationError, match="covers"):
        prove(audit, "other", 0)
    path = audit / "main.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"r7"', b'"rX"'))
    with pytest.raises(AuditVerificationError, match="root"):
        prove(audit, "main", 3)


def test_newest_anchors_are_those_of_every_sealed_stream(audit, signer):
    """What a release manifest keeps; with it, and with `StreamSealed`, every stream is anchored."""
    with AuditLog.open(audit, stream="worker-1", signer=signer, clock=lambda: 1) as log:
        log.append([RecordRead(record_id="r1", format="text")])
    with AuditLog.open(audit, stream="unsealed", signer=None, clock=lambda: 1) as log:
        log.append([RecordRead(record_id="r1", format="text")])
    anchors = newest_anchors(audit)
    assert [(anchor.stream, anchor.size) for anchor in anchors] == [("main", 23), ("worker-1", 1)]
    with AuditLog.open(audit, stream="main", signer=signer, clock=lambda: 1) as log:
        log.append([StreamSealed.of(anchor) for anchor in anchors])
    (audit / "unsealed.jsonl").unlink()
    assert verify(audit, [signer.public], anchors[:1]).exit_code == 0
