"""The stored tree: the same proofs from a few kilobytes, and never believed beyond a signed root."""

import pytest

from llmops.audit import AuditLog, check
from llmops.audit.events import RecordRead
from llmops.audit.log.merkle import leaf_hash, root_of
from llmops.audit.log.tree_file import TreeReader
from llmops.audit.proofs.inclusion import prove
from llmops.audit.verify.directory import verify
from llmops.errors import AuditVerificationError
from llmops.keys import load_or_create_signing_key

EVENTS = 2_900


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A log of several blocks, written in uneven batches and over two openings: directory, public key."""
    root = tmp_path_factory.mktemp("tree")
    signer = load_or_create_signing_key(root / "k" / "a.pem", name="llmops-audit")
    for size in (1_337, EVENTS):
        with AuditLog.open(root / "audit", stream="main", signer=signer, clock=lambda: 1) as log:
            while log.size < size:
                start, end = log.size, min(size, log.size + 411)
                log.append([RecordRead(record_id=f"r{i}", format="text") for i in range(start, end)])
    return root / "audit", signer.public


@pytest.fixture
def copy(written, tmp_path):
    for path in written[0].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def test_roots_of_any_stretch_are_those_of_the_events(written):
    """Aligned or not, across blocks or within one."""
    leaves = [leaf_hash(line) for line in (written[0] / "main.jsonl").read_bytes().splitlines()]
    tree = TreeReader(written[0], "main")
    assert tree.covers(EVENTS)
    for start, end in ((0, 256), (0, 1024), (256, 512), (1024, 2048), (512, 1024), (2048, EVENTS), (1280, 1281)):
        assert tree.root(start, end) == root_of(leaves[start:end]), (start, end)


@pytest.mark.parametrize("index", [0, 255, 256, 1023, 1024, 1336, 1337, 2047, 2048, 2815, 2816, EVENTS - 1])
def test_a_proof_by_the_tree_file_is_the_proof_without_it(written, copy, index):
    """Bytes equal, and small."""
    (copy / "main.tree").unlink()
    quick = prove(written[0], "main", index)
    assert quick == prove(copy, "main", index)
    assert check(quick, [written[1]])
    assert len(quick.to_json()) < 2_048


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: b"", lambda data: bytes(len(data)), lambda data: data[72:]]
)
def test_a_wrong_tree_file_costs_time_not_truth(written, copy, damage):
    """The proof is made from the events instead, and verification does not need the file."""
    path = copy / "main.tree"
    path.write_bytes(damage(path.read_bytes()))
    for index in (0, 700, EVENTS - 1):
        assert prove(copy, "main", index) == prove(written[0], "main", index)
    assert verify(copy, [written[1]]).exit_code == 1


def test_a_tree_file_cannot_vouch_for_changed_events(copy):
    """The event that is proven is read from the log, whatever the tree file says."""
    events = copy / "main.jsonl"
    events.write_bytes(events.read_bytes().replace(b'"record_id":"r700"', b'"record_id":"r7OO"'))
    with pytest.raises(AuditVerificationError, match="root"):
        prove(copy, "main", 700)


def test_a_lost_tree_file_is_made_again_when_the_stream_is_opened(written, copy):
    """And comes out as it was."""
    (copy / "main.tree").unlink()
    with AuditLog.open(copy, stream="main", signer=None, clock=lambda: 1):
        pass
    assert (copy / "main.tree").read_bytes() == (written[0] / "main.tree").read_bytes()
