"""A log that only grew is told from one that was rewritten, with the log or from a proof alone."""

import dataclasses

import pytest

from llmops.audit import AuditLog
from llmops.audit.events import RecordRead
from llmops.audit.log.merkle import consistency_proof, leaf_hash
from llmops.audit.proofs.consistency import parse_proofs, proofs_to_json, prove_consistency
from llmops.errors import AuditVerificationError
from llmops.keys import load_or_create_signing_key

SIZES = (1, 2, 7, 8, 200, 256, 300, 512, 700)


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """A log with a checkpoint at each of the sizes: directory, key, checkpoints."""
    root = tmp_path_factory.mktemp("grown")
    signer = load_or_create_signing_key(root / "k" / "a.pem", name="llmops-audit")
    with AuditLog.open(root / "audit", stream="main", signer=signer, clock=lambda: 1) as writer:
        checkpoints = []
        for size in SIZES:
            writer.append([RecordRead(record_id=f"r{i}", format="text") for i in range(writer.size, size)])
            checkpoints.append(writer.checkpoint())
    return root / "audit", signer.public, checkpoints


@pytest.mark.parametrize("old", range(len(SIZES)))
def test_every_checkpoint_extends_every_older_one(log, old):
    """The proof is that of RFC 6962, holds under the key, and survives the way through a file."""
    directory, key, checkpoints = log
    leaves = [leaf_hash(line) for line in (directory / "main.jsonl").read_bytes().splitlines()]
    for new in checkpoints[old:]:
        growth = prove_consistency(directory, checkpoints[old], new)
        assert growth.path == tuple(n.hex() for n in consistency_proof(leaves[: new.size], checkpoints[old].size))
        assert growth.holds([key])
        assert parse_proofs(proofs_to_json([growth])) == (growth,)


def test_without_the_tree_file_the_proof_is_the_same(log, tmp_path):
    """The shortcut is only that."""
    directory, _, checkpoints = log
    (tmp_path / "main.jsonl").write_bytes((directory / "main.jsonl").read_bytes())
    assert prove_consistency(tmp_path, checkpoints[2], checkpoints[-1]) == prove_consistency(
        directory, checkpoints[2], checkpoints[-1]
    )


def test_a_rewritten_log_does_not_hold(log, tmp_path):
    """Another root, a shrunk log, another path, another key: no."""
    directory, key, checkpoints = log
    growth = prove_consistency(directory, checkpoints[3], checkpoints[-1])
    other = load_or_create_signing_key(tmp_path / "b.pem", name="llmops-audit").public
    forged = dataclasses.replace(checkpoints[3], root=b"\x00" * 32)
    assert not growth.holds([other])
    assert not dataclasses.replace(growth, path=growth.path[:-1]).holds([key])
    assert not dataclasses.replace(growth, path=("zz",)).holds([key])
    assert not prove_consistency(directory, forged, checkpoints[-1]).holds()
    assert not prove_consistency(directory, checkpoints[-1], checkpoints[3]).holds([key])
    assert not prove_consistency(
        directory, checkpoints[3], dataclasses.replace(checkpoints[-1], stream="other")
    ).holds()


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"old":"x"}]', "null"])
def test_what_is_no_proof_is_refused(text):
    """One error, whatever the garbage; an empty list proves nothing and is one."""
    if text == "{}":
        assert parse_proofs(text) == ()
        return
    with pytest.raises(AuditVerificationError):
        parse_proofs(text)
