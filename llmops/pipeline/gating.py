"""The gate over all shards: duplicates across them, one decision a document, a durable receipt for every release."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from llmops.audit import AuditLog
from llmops.audit.events import DocumentReleased, RecordWithheld
from llmops.documents import Reason, ScoredDocument, Withheld
from llmops.errors import StageError
from llmops.pipeline.commit import Done, Workspace
from llmops.quality import Scorecard, find_duplicates
from llmops.release import Gate, ReleaseWriter

BATCH = 256
Item = TypeVar("Item")


@dataclass(slots=True, kw_only=True)
class Tally:
    """What the gate let out and held back, counted for report and manifest."""

    released: int = 0
    withheld: int = 0
    by_reason: Counter[str] = field(default_factory=Counter)
    by_stage: Counter[str] = field(default_factory=Counter)
    by_identifier: Counter[str] = field(default_factory=Counter)
    by_kind: Counter[str] = field(default_factory=Counter)
    max_residual_risk: float = 0.0
    sum_residual_risk: float = 0.0
    scorecard: Scorecard = field(default_factory=Scorecard)

    def hold(self, withheld: Withheld) -> None:
        """Count a withheld record or document."""
        self.withheld += 1
        self.by_reason[withheld.reason.value] += 1
        self.by_stage[withheld.stage.value] += 1

    def let_out(self, document: ScoredDocument) -> None:
        """Count a released document."""
        self.released += 1
        self.by_kind[document.kind.value] += 1
        self.by_identifier.update(finding.identifier.value for finding in document.findings)
        self.max_residual_risk = max(self.max_residual_risk, document.residual_risk)
        self.sum_residual_risk += document.residual_risk
        self.scorecard.add(document.quality)


def pass_gate(
    done: Sequence[Done],
    failed: Sequence[Withheld],
    *,
    workspace: Workspace,
    gate: Gate,
    taken_back: Collection[str],
    log: AuditLog,
    writer: ReleaseWriter,
    progress: Callable[[int, int], None],
) -> Tally:
    """Decide on every scored document of a run, in the order of the shards, and write the release's rows.

    Args:
        done: the done-record of every shard that has one, in plan order.
        failed: one entry for each record of shards that could not be done.
        taken_back: ids of documents that may not be released again.

    Raises:
        StageError: two documents share an id.
        AuditWriteError: a decision is not durable; nothing is released.
        ReleaseError: a shard's files are not those its done-record names.
    """
    # A copy of what was taken back stays a duplicate: it says the same.
    known = _duplicates(done, workspace, gate) | dict.fromkeys(taken_back, Reason.TOMBSTONED)
    tally = Tally()
    for shard in done:
        for batch in _batches(workspace.withheld(shard)):
            _hold(batch, tally, writer)
        for documents in _batches(workspace.scored(shard)):
            _decide(documents, known, gate, tally, log, writer)
            progress(len(documents), 0)
    log.append([RecordWithheld.of(withheld) for withheld in failed])
    _hold(failed, tally, writer)
    return tally


def _duplicates(done: Sequence[Done], workspace: Workspace, gate: Gate) -> dict[str, Reason]:
    """Find the later copies among documents that pass otherwise, so that no copy gives way to one that is withheld."""
    seen: set[str] = set()

    def items() -> Iterator[tuple[str, str, tuple[int, ...], str]]:
        for shard in done:
            for document in workspace.scored(shard):
                if document.document_id in seen:
                    raise StageError(f"two documents have the id {document.document_id}")
                seen.add(document.document_id)
                if gate.decide(document) is None:
                    yield document.document_id, document.content_key, document.signature, document.subject

    found = find_duplicates(items())
    return {document_id: reason for document_id, (reason, _) in found.items()}


def _decide(
    documents: Sequence[ScoredDocument],
    known: dict[str, Reason],
    gate: Gate,
    tally: Tally,
    log: AuditLog,
    writer: ReleaseWriter,
) -> None:
    """Decide on a batch: the decisions are durable in the log before any row is written."""
    answers = [gate.decide(document, known.get(document.document_id)) or document for document in documents]
    receipts = log.append([_event(answer) for answer in answers])
    for answer, receipt in zip(answers, receipts, strict=True):
        if isinstance(answer, Withheld):
            _hold([answer], tally, writer)
        else:
            writer.add(answer)
            writer.add_receipts([(answer.document_id, receipt)])
            tally.let_out(answer)


def _event(answer: ScoredDocument | Withheld) -> RecordWithheld | DocumentReleased:
    if isinstance(answer, Withheld):
        return RecordWithheld.of(answer)
    return DocumentReleased(
        document_id=answer.document_id,
        record_id=answer.record_id,
        subject=answer.subject,
        policy_id=answer.policy_id,
        score=answer.quality.score,
    )


def _hold(batch: Sequence[Withheld], tally: Tally, writer: ReleaseWriter) -> None:
    for withheld in batch:
        writer.add_withheld(withheld)
        tally.hold(withheld)


def _batches(items: Iterator[Item]) -> Iterator[list[Item]]:
    while batch := list(islice(items, BATCH)):
        yield batch
