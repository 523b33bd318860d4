"""Check that the documents of a release are those that the log released: by receipt and text digest."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from llmops.audit.codec import decode
from llmops.audit.events import DocumentReleased
from llmops.audit.log.merkle import leaf_hash
from llmops.audit.log.segments import lines
from llmops.documents import Receipt
from llmops.errors import AuditError


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A document as a release states it: its id, the SHA-256 (hex) of its text, and its release event."""

    document_id: str
    content: str
    receipt: Receipt


def unreleased(directory: Path, stated: Iterable[Stated]) -> int:
    """Count the documents that the log did not release as stated; one pass over each named stream.

    Args:
        directory: the audit directory.
        stated: documents with their receipts. Logs made before `DocumentReleased.content` was filled bind the id alone.

    Raises:
        AuditError: the directory cannot be read.
    """
    by_stream: dict[str, dict[int, list[Stated]]] = {}
    total = 0
    for one in stated:
        by_stream.setdefault(one.receipt.stream, {}).setdefault(one.receipt.index, []).append(one)
        total += 1
    good = 0
    for stream, wanted in by_stream.items():
        with suppress(OSError):  # an unreadable stream released nothing
            for index, line in enumerate(islice(lines(directory, stream), max(wanted) + 1)):
                good += sum(_released(one, line.removesuffix(b"\n")) for one in wanted.get(index, ()))
    return total - good


def _released(one: Stated, line: bytes) -> bool:
    try:
        event = decode(line).event
    except AuditError:
        return False
    if not isinstance(event, DocumentReleased) or leaf_hash(line).hex() != one.receipt.leaf:
        return False
    return event.document_id == one.document_id and event.content in ("", one.content)
