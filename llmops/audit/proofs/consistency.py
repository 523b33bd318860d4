"""Consistency proofs: a newer checkpoint of a stream extends an older one (RFC 6962, 2.1.2)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from llmops.audit.checkpoint import Checkpoint, parse_checkpoint
from llmops.audit.log.merkle import consistency_ranges, verify_consistency
from llmops.audit.log.tree_file import roots
from llmops.errors import AuditVerificationError
from llmops.keys import VerifyKey


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsistencyProof:
    """Two checkpoints of one stream and the nodes between them.

    Args:
        old, new: the checkpoints.
        path: hex RFC 6962 consistency proof.
    """

    old: Checkpoint
    new: Checkpoint
    path: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Return the proof as plain values."""
        return {"old": self.old.note.decode(), "new": self.new.note.decode(), "path": list(self.path)}

    def holds(self, trusted_keys: Sequence[VerifyKey] = ()) -> bool:
        """Whether the new checkpoint extends the old one; with keys, also whether they signed both."""
        if self.old.stream != self.new.stream:
            return False
        if trusted_keys and not (self.old.signed_by(trusted_keys) and self.new.signed_by(trusted_keys)):
            return False
        try:
            path = [bytes.fromhex(node) for node in self.path]
        except ValueError:
            return False
        return verify_consistency(self.old.size, self.old.root, self.new.size, self.new.root, path)


def prove_consistency(directory: Path, old: Checkpoint, new: Checkpoint) -> ConsistencyProof:
    """Make the proof that ``new`` extends ``old`` from the events of the log.

    Returns:
        A valid proof, or an invalid one if ``new`` does not extend ``old``.

    Raises:
        AuditVerificationError: the stream cannot be read, or holds fewer events than the newer checkpoint.
    """
    if old.stream != new.stream or old.size > new.size:
        return ConsistencyProof(old=old, new=new)
    spans = consistency_ranges(old.size, new.size)
    proof = ConsistencyProof(old=old, new=new)
    try:
        for path in roots(directory, new.stream, spans, new.size) if spans else ():
            proof = ConsistencyProof(old=old, new=new, path=tuple(node.hex() for node in path))
            if proof.holds():
                break
    except OSError:
        raise AuditVerificationError(f"audit stream {new.stream}: cannot be read") from None
    return proof


def proofs_to_json(proofs: Sequence[ConsistencyProof]) -> str:
    """Serialize consistency proofs as a JSON file."""
    return json.dumps([proof.to_dict() for proof in proofs], sort_keys=True, indent=1)


def parse_proofs(text: str) -> tuple[ConsistencyProof, ...]:
    """Read consistency proofs.

    Raises:
        AuditVerificationError: not consistency proofs.
    """
    try:
        return tuple(
            ConsistencyProof(
                old=parse_checkpoint(item["old"].encode()),
                new=parse_checkpoint(item["new"].encode()),
                path=tuple(str(node) for node in item["path"]),
            )
            for item in json.loads(text)
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise AuditVerificationError("audit: not a file of consistency proofs") from None
