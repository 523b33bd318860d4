"""Revoke documents or a whole release for a command: remove derived data, log, then sign.

In this order, so that a second call completes an interrupted one; the log may then hold the event twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from llmops.audit import AuditLog
from llmops.audit.events import ReleaseRevoked
from llmops.keys import SOURCE_KEY_FILE, SigningKey, load_or_create_secret
from llmops.release import PermanentWithdrawal, RevocationReason, add_to_register, is_permanent, revoke, tombstone
from llmops.retrieval.files import index_place, remove_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """A revocation in progress: its release, signer and log.

    Args:
        folder: the release folder.
        release_id: its id.
        signer: the key that signed it.
        keys: the folder of that key. If it is a raw zone's key folder, permanently withdrawn documents enter the zone's
            register at once, so that no later release of the zone holds them, wherever it is written.
    """

    folder: Path
    release_id: str
    signer: SigningKey
    reason: RevocationReason
    log: AuditLog
    keys: Path

    def documents(self, ids: Sequence[str]) -> None:
        """Revoke single documents, and remove the search index, which holds their words; the next search rebuilds it.

        Args:
            ids: accepted by `llmops.release.check_documents`, since they are logged first.

        Raises:
            ReleaseError: as `llmops.release.tombstone`, or the index cannot be removed.
        """
        self._begin([self._event(one) for one in ids])
        self._register(ids)
        tombstone(self.folder, ids, self.signer, self.reason, created=_today())
        self.drop_index()

    def everything(self) -> None:
        """Revoke the whole release, and remove its search index.

        Raises:
            ReleaseError: as `llmops.release.revoke`, or the index cannot be removed.
        """
        self._begin([self._event("")])
        revoke(self.folder, self.signer, self.reason, created=_today())
        self.drop_index()

    def drop_index(self) -> None:
        """Remove the search index beside the release.

        Raises:
            ReleaseError: it cannot be removed.
        """
        remove_folder(index_place(self.folder, self.release_id))

    def _begin(self, events: Sequence[ReleaseRevoked]) -> None:
        self.drop_index()  # repeated at the end: a search may have rebuilt it meanwhile
        self.log.append(events)

    def _register(self, ids: Sequence[str]) -> None:
        secret = self.keys / SOURCE_KEY_FILE
        if is_permanent(self.reason) and secret.is_file():
            taken = [PermanentWithdrawal(release=self.release_id, document=one, reason=self.reason) for one in ids]
            add_to_register(self.keys, load_or_create_secret(secret), taken)

    def _event(self, document_id: str) -> ReleaseRevoked:
        return ReleaseRevoked(release_id=self.release_id, document_id=document_id, reason=self.reason.value)


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
