"""Proof that one event lies in a log, which an outsider checks with the public key alone and without the log."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from llmops.audit import layout
from llmops.audit.anchors import checkpoints_of
from llmops.audit.checkpoint import parse_checkpoint
from llmops.audit.keys import VerifyKey
from llmops.audit.merkle import Frontier, leaf_hash, proof_ranges, verify_inclusion
from llmops.errors import AuditVerificationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """An event, its place, and the path from it to a signed root.

    Args:
        index: zero-based position in the stream that the checkpoint names.
        line: the event as it stands in the log.
        path: hex RFC 6962 audit path, from the leaf up.
        checkpoint: the signed note.
    """

    index: int
    line: str
    path: tuple[str, ...]
    checkpoint: str

    def to_json(self) -> str:
        """The proof as a file an auditor can be sent."""
        data = {"index": self.index, "line": self.line, "path": self.path, "checkpoint": self.checkpoint}
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
            path=tuple(str(node) for node in data["path"]),
            checkpoint=str(data["checkpoint"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        raise AuditVerificationError("audit proof: not a proof") from None


def prove(directory: Path, stream: str, index: int) -> Proof:
    """Prove an event under the newest checkpoint; one pass over the stream, O(log n) memory.

    Raises:
        AuditVerificationError: no checkpoint covers the event, or the stream does not give the checkpoint's root.
    """
    checkpoints = checkpoints_of(directory, stream)
    if not checkpoints or not 0 <= index < checkpoints[-1].size:
        raise AuditVerificationError(f"audit stream {stream}: no checkpoint covers event {index} yet")
    checkpoint = checkpoints[-1]
    ranges = proof_ranges(index, checkpoint.size)
    parts = {span: Frontier() for span in ranges}
    in_order = sorted(parts)
    line = b""
    for position, found in enumerate(islice(_lines(directory, stream), checkpoint.size)):
        if position == index:
            line = found
            continue
        while in_order[0][1] <= position:
            in_order.pop(0)
        parts[in_order[0]].append(leaf_hash(found))
    path = tuple(parts[span].root() for span in ranges)
    if not verify_inclusion(leaf_hash(line), index, checkpoint.size, path, checkpoint.root):
        raise AuditVerificationError(f"audit stream {stream}: its events do not give the root that was sealed")
    return Proof(
        index=index,
        line=line.decode("ascii"),
        path=tuple(node.hex() for node in path),
        checkpoint=checkpoint.note.decode("utf-8"),
    )


def check(proof: Proof, trusted_keys: Sequence[VerifyKey]) -> bool:
    """Say whether a trusted key has signed a log that holds this event at this place."""
    try:
        checkpoint = parse_checkpoint(proof.checkpoint.encode("utf-8", "surrogatepass"))
        path = [bytes.fromhex(node) for node in proof.path]
        leaf = leaf_hash(proof.line.encode("ascii"))
    except (ValueError, AuditVerificationError):
        return False
    if checkpoint.signed_by(trusted_keys) is None:
        return False
    return verify_inclusion(leaf, proof.index, checkpoint.size, path, checkpoint.root)


def _lines(directory: Path, stream: str) -> Iterator[bytes]:
    try:
        with layout.events_file(directory, stream).open("rb") as file:
            for line in file:
                yield line.removesuffix(b"\n")
    except OSError:
        raise AuditVerificationError(f"audit stream {stream}: cannot be read") from None
