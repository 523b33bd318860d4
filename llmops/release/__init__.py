"""The release gate, the signed releases it publishes, and the one way to open them."""

from llmops.audit.checkpoint import Anchor
from llmops.release.gate import Counts, Gate, GatePolicy, Verdict, load_gate_policy
from llmops.release.manifest import Manifest, ReleaseFacts
from llmops.release.parts import Part, ShardFile, read_shard
from llmops.release.reader import Release, open_release, verified
from llmops.release.revocation import RevocationReason
from llmops.release.withdraw import revoke, tombstone
from llmops.release.writer import ReleaseWriter

__all__ = [
    "Anchor",
    "Counts",
    "Gate",
    "GatePolicy",
    "Manifest",
    "Part",
    "Release",
    "ReleaseFacts",
    "ReleaseWriter",
    "RevocationReason",
    "ShardFile",
    "Verdict",
    "load_gate_policy",
    "open_release",
    "read_shard",
    "revoke",
    "tombstone",
    "verified",
]
