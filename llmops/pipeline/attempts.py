"""Track where earlier attempts at a shard stopped, so that only the record at fault is withheld."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from llmops.documents import Reason, SourceRecord, StageName, Withheld
from llmops.pipeline.commit import Indexed

BATCH: Final = 16
"""Number of records that pass the stages together."""
_MOST: Final = 8
"""Maximum records of a shard that may stop a worker; beyond it the cause is systematic, and the shard fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """Records that stopped a worker, by their position in the shard.

    A record's output does not depend on the rest of its batch, so an attempt that skips one record produces the same
    output for all others.

    Args:
        alone: records to process one by one, because one of them stopped a worker.
        refused: stage and reason of each skipped record.
    """

    alone: frozenset[int] = frozenset()
    refused: dict[int, tuple[StageName, Reason]] = field(default_factory=dict)

    def at(self, position: int, reason: Reason) -> "Stopped | None":
        """State for the next attempt after a worker stopped at ``position``; None where nothing is left to try.

        First retry record by record: the worker may have been killed from outside, and any record of a batch may be at
        fault. Then skip the record.
        """
        if position not in self.alone:
            return replace(self, alone=self.alone | set(range(position, position + BATCH)))
        if position in self.refused or len(self.refused) >= _MOST:
            return None
        return replace(self, refused={**self.refused, position: (StageName.RUN, reason)})

    def refusing(self, indexed: Indexed | None) -> "Stopped":
        """A copy that also skips the records refused by the index pass."""
        before = indexed.refused if indexed is not None else ()
        known = {position: (StageName(stage), Reason(reason)) for position, stage, reason in before}
        return replace(self, refused={**known, **self.refused})

    def passed_over(self, records: Iterator[SourceRecord | Withheld]) -> Iterator[SourceRecord | Withheld]:
        """Replace refused records by their withheld answers, in place."""
        for position, record in enumerate(records):
            if position not in self.refused or isinstance(record, Withheld):
                yield record
                continue
            stage, reason = self.refused[position]
            yield Withheld(
                record_id=record.record_id,
                stage=stage,
                reason=reason,
                retryable=stage is StageName.RUN,
                place=record.locator,
            )


NOWHERE: Final = Stopped()
"""State of a first attempt."""
