"""What may not be released again: documents that were taken back for good, whatever their source looks like now."""

from dataclasses import dataclass

from llmops.documents import ScoredDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """Documents taken back for good.

    Args:
        documents: their ids, ``<record>.<version>``. Every version of such a record is held, so that an edit in the
            source brings nothing back.
    """

    documents: frozenset[str] = frozenset()

    def holds(self, document: ScoredDocument) -> bool:
        """Whether a document is one of them, or another version of one."""
        return document.record_id in {name.partition(".")[0] for name in self.documents}
