"""Revocations and tombstones: signed entries beside the releases that every reader applies."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from llmops.errors import ReleaseError
from llmops.release.canonical import digest
from llmops.release.files import list_files, read_regular
from llmops.release.signing import Purpose, Trust, check

FOLDER: Final = "revocations"
FORMAT: Final = "llmops-revocation/1"
TEMPORARY: Final = ".tmp-"

_KEYS: Final = frozenset({"format", "release", "serial", "previous", "action", "reason", "documents", "created"})


class RevocationReason(StrEnum):
    """Reason for revoking a release or a document: a closed list, without free text."""

    PHI_FOUND = "phi_found"
    ERASURE_REQUEST = "erasure_request"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    POLICY_ERROR = "policy_error"
    SOURCE_ERROR = "source_error"
    KEY_COMPROMISED = "key_compromised"
    SUPERSEDED = "superseded"


_FOR_GOOD: Final = frozenset(
    {RevocationReason.PHI_FOUND, RevocationReason.ERASURE_REQUEST, RevocationReason.CONSENT_WITHDRAWN}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PermanentWithdrawal:
    """A document that no later release may hold: its id, the release it was withdrawn from, and the reason."""

    release: str
    document: str
    reason: RevocationReason

    @classmethod
    def of(cls, release: str, document: str, reason: str) -> "PermanentWithdrawal":
        """Create a withdrawal from its stored values.

        Raises:
            ValueError: no such reason.
        """
        return cls(release=str(release), document=str(document), reason=RevocationReason(reason))


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocations:
    """Revocations and tombstones of one release.

    Args:
        revoked: reason for revoking the whole release; None if it is not revoked.
        tombstones: ids of documents that no reader may yield any more.
        for_good: those that no later release may hold either, with reasons.
        size: number of entries.
        head: digest of the last entry; empty if there is none.
    """

    revoked: RevocationReason | None = None
    tombstones: frozenset[str] = frozenset()
    for_good: frozenset[PermanentWithdrawal] = frozenset()
    size: int = 0
    head: str = ""


def read_revocations(release: Path, release_id: str, accepted: Trust, revocations: Path | None = None) -> Revocations:
    """Read the revocations of a release; an entry that does not verify refuses the release.

    Entries form a numbered chain, so none can be changed, inserted or removed in the middle. Removal of the last
    entries is detected only against a later state: ``audit verify --artifacts`` compares them with the log.

    Args:
        release: the release folder.
        release_id: its id.
        accepted: keys whose entries count.
        revocations: the folder of entries; by default ``revocations`` beside the release folder.

    Raises:
        ReleaseError: an entry is missing, changed, foreign or not signed by an accepted key.
    """
    folder = entries_folder(release, release_id, revocations)
    if not folder.exists() and not folder.is_symlink():
        return Revocations()
    names = sorted(name for name in list_files(folder) if not name.startswith(TEMPORARY))
    if names != [entry_name(serial) for serial in range(len(names))]:
        raise ReleaseError(f"release {release_id}: its revocation list has a gap or a file that does not belong there")
    state = Revocations()
    for serial in range(len(names)):
        state = _advance(state, _read_entry(folder, serial, release_id, accepted), release_id)
    return state


def is_permanent(reason: RevocationReason) -> bool:
    """Whether a document revoked for this reason may never be released again."""
    return reason in _FOR_GOOD


def permanently_withdrawn(releases: Path, accepted: Trust | None = None) -> frozenset[PermanentWithdrawal]:
    """Return the documents that a later release of the output may not hold: withdrawn for PHI, erasure or consent.

    Read from the entries alone, since a release may have been removed, and by default under any key: a release key may
    be new, and a forged entry can only withhold, never release.

    Args:
        releases: ``<output>/release``.
        accepted: keys whose entries count; by default any.

    Raises:
        ReleaseError: an entry is missing, changed or signed with a key that is not accepted.
    """
    folder = releases / FOLDER
    if not folder.exists() and not folder.is_symlink():
        return frozenset()
    ids = sorted({name.partition("/")[0] for name in list_files(folder) if "/" in name})
    return frozenset().union(*(read_revocations(releases / one, one, accepted or Trust()).for_good for one in ids))


def entries_folder(release: Path, release_id: str, revocations: Path | None) -> Path:
    """Return the folder of the entries about one release."""
    return (revocations or release.parent / FOLDER) / release_id


def entry_name(serial: int) -> str:
    """Return the file name of an entry: two lines, the statement and its signature."""
    return f"{serial:05d}.signed"


def _read_entry(folder: Path, serial: int, release_id: str, accepted: Trust) -> bytes:
    what = f"revocation {serial} of release {release_id}"
    body, _, signature = read_regular(folder / entry_name(serial), what, within=folder.parent).partition(b"\n")
    check(Purpose.REVOCATION, body, signature, accepted, what)
    return body


def _advance(state: Revocations, body: bytes, release_id: str) -> Revocations:
    problem = ReleaseError(f"release {release_id}: revocation {state.size} is not one of this release, or out of order")
    try:
        entry = json.loads(body)
        bound = (entry["format"], entry["release"], entry["serial"], entry["previous"])
        documents, reason = frozenset(entry["documents"]), RevocationReason(entry["reason"])
        revoked = {"revoke": reason, "tombstone": None}[entry["action"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise problem from None
    if entry.keys() != _KEYS or bound != (FORMAT, release_id, state.size, state.head):
        raise problem
    return Revocations(
        revoked=state.revoked or revoked,
        tombstones=state.tombstones | documents,
        for_good=state.for_good | frozenset(_for_good(release_id, documents, reason)),
        size=state.size + 1,
        head=digest(body),
    )


def _for_good(release_id: str, documents: frozenset[str], reason: RevocationReason) -> Iterator[PermanentWithdrawal]:
    if is_permanent(reason):
        yield from (PermanentWithdrawal(release=release_id, document=document, reason=reason) for document in documents)
