"""Where earlier attempts at a shard stopped, so that the record that stops a worker is withheld alone."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from llmops.documents import Reason, SourceRecord, StageName, Withheld
from llmops.pipeline.commit import Indexed

BATCH: Final = 16
"""Records that go through the stages together."""
_MOST: Final = 8
"""Records of a shard that may stop a worker; more of them are no accident of their own, and the shard is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """What is known of the records that stopped a worker, by their positions in the shard.

    What comes out of a record does not depend on the others of its batch, so an attempt that goes on without one of
    them gives what all of them would have given without it.

    Args:
        alone: records to be done one by one, since one of them stopped a worker.
        refused: stage and reason of each record that is passed over.
    """

    alone: frozenset[int] = frozenset()
    refused: dict[int, tuple[StageName, Reason]] = field(default_factory=dict)

    def at(self, position: int, reason: Reason) -> "Stopped | None":
        """What to try after a worker stopped behind so many records; None where there is nothing more to try.

        First once more, each record by itself: the worker may have been killed from outside, and of a batch any record
        may be to blame. Then without the record.
        """
        if position not in self.alone:
            return replace(self, alone=self.alone | set(range(position, position + BATCH)))
        if position in self.refused or len(self.refused) >= _MOST:
            return None
        return replace(self, refused={**self.refused, position: (StageName.RUN, reason)})

    def refusing(self, indexed: Indexed | None) -> "Stopped":
        """The same, and passing over what the index pass refused."""
        before = indexed.refused if indexed is not None else ()
        known = {position: (StageName(stage), Reason(reason)) for position, stage, reason in before}
        return replace(self, refused={**known, **self.refused})

    def passed_over(self, records: Iterator[SourceRecord | Withheld]) -> Iterator[SourceRecord | Withheld]:
        """Answer for the refused records in their places."""
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
"""Of a first attempt."""
