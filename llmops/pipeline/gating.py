"""Gate over all shards: find duplicates, decide on each document, write a durable receipt for every release."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final, TypeVar

from llmops.audit import AuditLog
from llmops.audit.events import DocumentReleased, RecordWithheld
from llmops.documents import Reason, ScoredDocument, StageName, Withheld
from llmops.errors import StageError
from llmops.pipeline.commit import Done, Workspace
from llmops.pipeline.ledger import Decision, LedgerWriter, Place
from llmops.pipeline.ordering import Ordered
from llmops.quality import Scorecard, find_duplicates
from llmops.release import Gate, ReleaseWriter, TakenBack
from llmops.release.schema import text_digest

BATCH = 256
_DUPLICATES: Final = frozenset({Reason.DUPLICATE, Reason.NEAR_DUPLICATE})
Item = TypeVar("Item")


@dataclass(slots=True, kw_only=True)
class GateCounts:
    """Counts of released and withheld documents for report and manifest."""

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
    taken_back: TakenBack,
    log: AuditLog,
    writer: ReleaseWriter,
    ledger: LedgerWriter,
    progress: Callable[[int, int], None],
) -> GateCounts:
    """Decide on every scored document of a run, in id order, and write the release's rows.

    Args:
        done: the done-record of every finished shard, in plan order.
        failed: one entry for each record of the failed shards, with its location.
        taken_back: documents that must not be released again.
        ledger: receives every location and decision.

    Raises:
        AuditWriteError: a decision is not durable; nothing is released.
        ReleaseError: a shard's file digests differ from its done-record's.
    """
    work = _GateWork(gate=gate, log=log, writer=writer, ledger=ledger)
    with Ordered(workspace.root / "ordered", sum(shard.scored for shard in done)) as ordered:
        work.known = _known(done, workspace, gate, taken_back, ordered)
        for documents in _batches(ordered.documents()):
            work.decide(documents)
            progress(len(documents), 0)
    log.append([RecordWithheld.of(withheld) for withheld in failed])
    work.held += [(withheld, "") for withheld in failed]
    work.held += [(withheld, "") for shard in done for withheld in workspace.withheld(shard)]
    for place in _places(done, failed, workspace):
        ledger.place(place)
    return work.finish()


def _places(done: Sequence[Done], failed: Sequence[Withheld], workspace: Workspace) -> Iterator[Place]:
    for shard in done:
        yield from workspace.places(shard)
    for withheld in failed:
        if withheld.place is not None:
            yield Place.of(withheld, withheld.place)


def _known(
    done: Sequence[Done], workspace: Workspace, gate: Gate, taken_back: TakenBack, ordered: Ordered
) -> dict[str, tuple[Reason, str]]:
    """Sort the documents of all shards by id, and mark revoked ones and duplicates with the document they repeat.

    Only documents that otherwise pass are compared, so that no copy is dropped in favour of a withheld one. The lowest
    id is kept, whatever the input order.
    """
    tombstoned: dict[str, tuple[Reason, str]] = {}
    items: dict[str, tuple[str, str, tuple[int, ...], str]] = {}
    for shard in done:
        for documents in _batches(workspace.scored(shard)):
            ordered.add(documents)
            for document in documents:
                name = document.document_id
                if taken_back.holds(document):
                    tombstoned[name] = Reason.TOMBSTONED, ""
                if gate.decide(document) is None:
                    items[name] = (name, document.content_key, document.signature, document.subject)
    return find_duplicates(items[name] for name in sorted(items)) | tombstoned


@dataclass(slots=True, kw_only=True)
class _GateWork:
    """The gate's inputs, and its decisions so far."""

    gate: Gate
    log: AuditLog
    writer: ReleaseWriter
    ledger: LedgerWriter
    known: dict[str, tuple[Reason, str]] = field(default_factory=dict)
    held: list[tuple[Withheld, str]] = field(default_factory=list)
    """Withheld answers, each with the document it duplicates."""
    tally: GateCounts = field(default_factory=GateCounts)

    def decide(self, documents: Sequence[tuple[ScoredDocument, int]]) -> None:
        """Decide on a batch; decisions are durable in the log before any row is written.

        Args:
            documents: each with the number of earlier ones with the same id: such a copy is numbered, and withheld
                whatever the policy's rule for duplicates, since it is the same document.
        """
        answers = [self._copy(document, count) if count else self._answer(document) for document, count in documents]
        receipts = self.log.append([_event(answer) for answer in answers])
        for answer, receipt, (document, count) in zip(answers, receipts, documents, strict=True):
            if isinstance(answer, Withheld):
                kept = document.document_id if count else self.known.get(document.document_id, (None, ""))[1]
                self.held.append((answer, kept if answer.reason in _DUPLICATES else ""))
            else:
                self.ledger.decide(Decision(record_id=answer.record_id, document_id=answer.document_id))
                self.writer.add(answer)
                self.writer.add_receipts([(answer.document_id, receipt)])
                self.tally.let_out(answer)

    def finish(self) -> GateCounts:
        """Write and count the withheld records and documents, in id order."""
        self.held.sort(key=lambda one: (one[0].record_id, one[0].document_id or "", one[0].reason))
        for withheld, kept in self.held:
            self.writer.add_withheld(withheld)
            self.tally.hold(withheld)
            self.ledger.decide(
                Decision(
                    record_id=withheld.record_id,
                    document_id=withheld.document_id or "",
                    stage=withheld.stage,
                    reason=withheld.reason,
                    duplicate_of=kept,
                )
            )
        return self.tally

    def _answer(self, document: ScoredDocument) -> ScoredDocument | Withheld:
        return self.gate.decide(document, self.known.get(document.document_id, (None, ""))[0]) or document

    def _copy(self, document: ScoredDocument, count: int) -> Withheld:
        copy = replace(document, document_id=f"{document.document_id}.{count + 1}")
        return self.gate.decide(copy) or Withheld(
            record_id=copy.record_id,
            document_id=copy.document_id,
            stage=StageName.RELEASE,
            reason=Reason.DUPLICATE,
        )


def _digest(document: ScoredDocument) -> str:
    try:
        return text_digest(document.text)
    except UnicodeEncodeError:
        raise StageError(f"document {document.document_id}: the text holds an unpaired surrogate") from None


def _event(answer: ScoredDocument | Withheld) -> RecordWithheld | DocumentReleased:
    if isinstance(answer, Withheld):
        return RecordWithheld.of(answer)
    return DocumentReleased(
        document_id=answer.document_id,
        record_id=answer.record_id,
        subject=answer.subject,
        policy_id=answer.policy_id,
        score=answer.quality.score,
        content=_digest(answer),
    )


def _batches(items: Iterator[Item]) -> Iterator[list[Item]]:
    while batch := list(islice(items, BATCH)):
        yield batch
