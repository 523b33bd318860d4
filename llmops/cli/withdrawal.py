"""Takes documents or a whole release back for a command: what was made of them goes, then it is signed and logged."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from llmops.audit import AuditLog
from llmops.audit.events import ReleaseRevoked
from llmops.audit.keys import SigningKey
from llmops.release import RevocationReason, revoke, tombstone
from llmops.retrieval.files import index_place, remove_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """What to take back from, by whom, why, and where it is logged.

    Args:
        folder: the release folder.
        release_id: its id.
        signer: the key that signed it.
    """

    folder: Path
    release_id: str
    signer: SigningKey
    reason: RevocationReason
    log: AuditLog

    def documents(self, ids: Sequence[str]) -> None:
        """Take single documents back, and remove the search index, which holds their words; the next search builds it.

        Raises:
            ReleaseError: as `llmops.release.tombstone`; or the index cannot be removed.
        """
        tombstone(self.folder, ids, self.signer, self.reason, created=_today())
        self._finish([self._event(one) for one in ids])

    def everything(self) -> None:
        """Take the whole release back, and remove its search index.

        Raises:
            ReleaseError: as `llmops.release.revoke`; or the index cannot be removed.
        """
        revoke(self.folder, self.signer, self.reason, created=_today())
        self._finish([self._event("")])

    def drop_index(self) -> None:
        """Remove the search index that lies beside the release.

        Raises:
            ReleaseError: it cannot be removed.
        """
        remove_folder(index_place(self.folder, self.release_id))

    def _finish(self, events: Sequence[ReleaseRevoked]) -> None:
        self.log.append(events)
        self.drop_index()

    def _event(self, document_id: str) -> ReleaseRevoked:
        return ReleaseRevoked(release_id=self.release_id, document_id=document_id, reason=self.reason.value)


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
