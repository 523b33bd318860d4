"""The release gate, the signed releases it publishes, and the only way to open them."""

from llmops.audit.checkpoint import Anchor
from llmops.release.difference import Difference, compare
from llmops.release.gate import Counts, Gate, GatePolicy, LimitCheck, load_gate_policy
from llmops.release.manifest import Manifest, ReleaseFacts
from llmops.release.parts import Part, ShardFile, read_shard
from llmops.release.reader import Release, open_release, verified
from llmops.release.revocation import PermanentWithdrawal, RevocationReason, is_permanent, permanently_withdrawn
from llmops.release.revocation_writer import check_documents, revoke, tombstone
from llmops.release.status import Overview, ReleaseStatus, newest, overview, release_folders
from llmops.release.withdrawal_register import TakenBack, add_to_register, read_register
from llmops.release.writer import ReleaseWriter

__all__ = [
    "Anchor",
    "Counts",
    "Difference",
    "Gate",
    "GatePolicy",
    "LimitCheck",
    "Manifest",
    "Overview",
    "Part",
    "PermanentWithdrawal",
    "Release",
    "ReleaseFacts",
    "ReleaseStatus",
    "ReleaseWriter",
    "RevocationReason",
    "ShardFile",
    "TakenBack",
    "add_to_register",
    "check_documents",
    "compare",
    "is_permanent",
    "load_gate_policy",
    "newest",
    "open_release",
    "overview",
    "permanently_withdrawn",
    "read_register",
    "read_shard",
    "release_folders",
    "revoke",
    "tombstone",
    "verified",
]
