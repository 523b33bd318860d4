"""Inclusion proofs: an event is in a log; checked with the public key alone, without the log."""

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from llmops.audit import layout
from llmops.audit.checkpoint import Checkpoint, parse_checkpoint
from llmops.audit.log.merkle import leaf_hash, proof_ranges, verify_inclusion
from llmops.audit.log.newest import newest_checkpoint
from llmops.audit.log.segments import lines
from llmops.audit.log.tree_file import TreeReader, roots
from llmops.audit.trail import trail_of
from llmops.errors import AuditError, AuditVerificationError
from llmops.keys import VerifyKey

_DIGITS: Final = 19


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """An event, its position, and the path from it to a signed root.

    Args:
        index: zero-based position in the stream that the checkpoint names.
        line: the event as written in the log.
        path: hex RFC 6962 audit path, from the leaf up.
        checkpoint: the signed note.
    """

    index: int
    line: str
    path: tuple[str, ...]
    checkpoint: str

    def to_json(self) -> str:
        """Serialize the proof as a JSON file."""
        path = [base64.b64encode(bytes.fromhex(node)).decode() for node in self.path]
        data = {"index": self.index, "line": self.line, "path": path, "checkpoint": self.checkpoint}
        return json.dumps(data, sort_keys=True, indent=1)


def parse_proof(text: str) -> Proof:
    """Read a proof.

    Raises:
        AuditVerificationError: not a proof.
    """
    try:
        data: dict[str, Any] = json.loads(text)
        return Proof(
            index=int(data["index"]),
            line=str(data["line"]),
            path=tuple(base64.b64decode(node, validate=True).hex() for node in data["path"]),
            checkpoint=str(data["checkpoint"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        raise AuditVerificationError("audit proof: not a proof") from None


def prove(directory: Path, stream: str, index: int) -> Proof:
    """Prove an event under the newest checkpoint: from the tree file if there is one, else in one pass over the stream.

    Raises:
        AuditVerificationError: no checkpoint covers the event, or the stream does not match the checkpoint's root.
    """
    checkpoint = newest_checkpoint(directory, stream)
    if checkpoint is None or not 0 <= index < checkpoint.size:
        raise AuditVerificationError(f"audit stream {stream}: no checkpoint covers event {index} yet")
    spans = proof_ranges(index, checkpoint.size)
    try:
        for path in roots(directory, stream, spans, checkpoint.size):
            for line in _candidates(directory, stream, index):
                if verify_inclusion(leaf_hash(line), index, checkpoint.size, path, checkpoint.root):
                    return _proof(index, line, path, checkpoint)
    except OSError:
        raise AuditVerificationError(f"audit stream {stream}: cannot be read") from None
    raise AuditVerificationError(f"audit stream {stream}: its events do not give the root that was sealed")


def find_event(directory: Path, name: str) -> tuple[str, int]:
    """Find an event by ``stream#index``, or the decision on a record or document by its id.

    Returns:
        Stream and index.

    Raises:
        AuditError: there is no such event.
    """
    stream, mark, index = name.partition("#")
    if mark:
        if not (index.isascii() and index.isdecimal() and len(index) < _DIGITS):
            raise AuditError("audit: an event is named STREAM#INDEX, or by a record or document id")
        return layout.check_stream(stream), int(index)
    decisions = trail_of(directory, name).decisions
    if not decisions:
        raise AuditError("audit: the log holds no decision on that id")
    return decisions[-1].receipt.stream, decisions[-1].receipt.index


def _proof(index: int, line: bytes, path: Sequence[bytes], checkpoint: Checkpoint) -> Proof:
    return Proof(
        index=index,
        line=line.decode("ascii"),
        path=tuple(node.hex() for node in path),
        checkpoint=checkpoint.note.decode("utf-8"),
    )


def check(proof: Proof, trusted_keys: Sequence[VerifyKey]) -> bool:
    """Whether a trusted key signed a log that holds this event at this position."""
    try:
        checkpoint = parse_checkpoint(proof.checkpoint.encode("utf-8", "surrogatepass"))
        path = [bytes.fromhex(node) for node in proof.path]
        leaf = leaf_hash(proof.line.encode("ascii"))
    except (ValueError, AuditVerificationError):
        return False
    if checkpoint.signed_by(trusted_keys) is None:
        return False
    return verify_inclusion(leaf, proof.index, checkpoint.size, path, checkpoint.root)


def _candidates(directory: Path, stream: str, index: int) -> Iterator[bytes]:
    """Yield the event found by the tree file, which may be wrong; then the one found by counting lines."""
    yield TreeReader(directory, stream).line(index)
    yield next(islice(lines(directory, stream), index, None), b"").removesuffix(b"\n")
