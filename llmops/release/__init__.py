"""The release gate, the signed releases it publishes, and the one way to open them."""

from llmops.audit.checkpoint import Anchor
from llmops.release.difference import Difference, compare
from llmops.release.gate import Counts, Gate, GatePolicy, Verdict, load_gate_policy
from llmops.release.manifest import Manifest, ReleaseFacts
from llmops.release.parts import Part, ShardFile, read_shard
from llmops.release.reader import Release, open_release, verified
from llmops.release.revocation import ForGood, RevocationReason, is_for_good, taken_back_for_good
from llmops.release.status import Glance, ReleaseStatus, glance, newest, release_folders
from llmops.release.withdraw import check_documents, revoke, tombstone
from llmops.release.withdrawal_register import TakenBack, add_to_register, read_register
from llmops.release.writer import ReleaseWriter

__all__ = [
    "Anchor",
    "Counts",
    "Difference",
    "ForGood",
    "Gate",
    "GatePolicy",
    "Glance",
    "Manifest",
    "Part",
    "Release",
    "ReleaseFacts",
    "ReleaseStatus",
    "ReleaseWriter",
    "RevocationReason",
    "ShardFile",
    "TakenBack",
    "Verdict",
    "add_to_register",
    "check_documents",
    "compare",
    "glance",
    "is_for_good",
    "load_gate_policy",
    "newest",
    "open_release",
    "read_register",
    "read_shard",
    "release_folders",
    "revoke",
    "taken_back_for_good",
    "tombstone",
    "verified",
]
