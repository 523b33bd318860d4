"""The register of permanently withdrawn documents, and its check of new documents."""

import fcntl
import hashlib
import hmac
import json
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from llmops.documents import ScoredDocument
from llmops.errors import ReleaseError
from llmops.plain_files import PRIVATE_FILE, replace_file
from llmops.release.files import writing
from llmops.release.revocation import PermanentWithdrawal

REGISTER: Final = "taken-back.json"
_FORMAT: Final = "llmops-taken-back/1"
_WHAT: Final = "the register of what was taken back"


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """Permanently withdrawn documents, in the form that the gate needs.

    Args:
        spared: by record id, the record's documents released beside the withdrawn one, which may stay. Any other
            document of the record is withheld: an edit in the source brings nothing back.
        contents: by content or body key, the subjects whose document was withdrawn; none if nobody's may be released.
            So the same text is withheld under any name, id and format, but a sentence shared by two patients' notes is
            not withheld for one because the other withdrew consent.
    """

    spared: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    contents: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))

    def holds(self, document: ScoredDocument) -> bool:
        """Whether a document is withdrawn, by its record or by its content."""
        spared = self.spared.get(document.record_id)
        if spared is not None and document.document_id not in spared:
            return True
        held = (self.contents.get(key) for key in (document.content_key, document.body_key))
        return any(
            subjects is not None and (not subjects or not document.subject or document.subject in subjects)
            for subjects in held
        )


def read_register(folder: Path, key: bytes) -> frozenset[PermanentWithdrawal]:
    """Read the register; empty if there is none.

    Args:
        folder: the key folder. It outlives the outputs, and whoever may withdraw documents has a key in it.
        key: the secret from which ids are derived.

    Raises:
        ReleaseError: it cannot be read, or holds ids under another key, which could not be matched.
    """
    path = folder / REGISTER
    if not path.exists():
        return frozenset()
    try:
        register = json.loads(path.read_bytes())
        found = frozenset(PermanentWithdrawal.of(**row) for row in register["documents"])
        valid, same = register["format"] == _FORMAT, register["key"] == _mark(key)
    except (OSError, ValueError, TypeError, KeyError):
        raise ReleaseError(f"{_WHAT} ({path}) cannot be read; restore it from its backup") from None
    if not valid or not same:
        raise ReleaseError(
            f"{_WHAT} ({path}) holds {len(found)} documents under another source-ids.key; restore that key: under this "
            "one they would be released again"
        )
    return found


def add_to_register(folder: Path, key: bytes, taken: Collection[PermanentWithdrawal]) -> None:
    """Add documents to the register, durably; existing entries stay.

    Raises:
        ReleaseError: as `read_register`, or it cannot be written.
    """
    with writing(_WHAT), _held(folder):
        before = read_register(folder, key)
        if not set(taken) <= before:
            rows = sorted((asdict(one) for one in before.union(taken)), key=lambda row: sorted(row.items()))
            register = {"format": _FORMAT, "key": _mark(key), "documents": rows}
            replace_file(folder / REGISTER, json.dumps(register, indent=1).encode() + b"\n", mode=PRIVATE_FILE)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Lock the register for one writer at a time."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _mark(key: bytes) -> str:
    """Return a mark that identifies a key without disclosing it."""
    return hmac.new(key, b"llmops taken-back register", hashlib.sha256).hexdigest()[:16]
