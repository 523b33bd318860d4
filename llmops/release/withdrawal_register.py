"""What may not be released again: the register of what was taken back for good, and what it means for a document."""

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
    """What was taken back for good, as the gate asks for it.

    Args:
        spared: by record id, the documents of it that stood beside the one that was taken back and may stay. Any other
            document of the record is held: an edit in the source brings nothing back.
        contents: by content or body key, the subjects whose document it was; none where nobody's may be released. So
            the same text is held under any name, id and format, but a sentence that two patients' notes share is not
            held for the one because the other withdrew consent.
    """

    spared: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    contents: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))

    def holds(self, document: ScoredDocument) -> bool:
        """Whether a document is one of them, by its record or by its content."""
        spared = self.spared.get(document.record_id)
        if spared is not None and document.document_id not in spared:
            return True
        held = (self.contents.get(key) for key in (document.content_key, document.body_key))
        return any(
            subjects is not None and (not subjects or not document.subject or document.subject in subjects)
            for subjects in held
        )


def read_register(folder: Path, key: bytes) -> frozenset[PermanentWithdrawal]:
    """Read the register; empty where there is none.

    Args:
        folder: the key folder. It outlives the outputs, and who may take something back has a key of it.
        key: the secret that ids are derived with.

    Raises:
        ReleaseError: it cannot be read, or speaks of ids under another key: nothing of it could be recognised.
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
    """Add documents to the register, durably; those that it holds stay.

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
    """One writer at a time."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _mark(key: bytes) -> str:
    """Tells keys apart and says nothing of them."""
    return hmac.new(key, b"llmops taken-back register", hashlib.sha256).hexdigest()[:16]
