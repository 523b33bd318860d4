"""Run records through the stages: index a shard, then rewrite it."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TypeVar

from llmops.audit import AuditLog
from llmops.audit.events import (
    DocumentDeidentified,
    DocumentNormalized,
    DocumentScored,
    Event,
    FieldsDropped,
    RecordRead,
    RecordWithheld,
    ShardDone,
    ShardStarted,
)
from llmops.documents import (
    ClinicalDocument,
    DeidentifiedDocument,
    DocumentGroup,
    Locator,
    ScoredDocument,
    SourceRecord,
    StageName,
    Withheld,
)
from llmops.errors import StageError
from llmops.identities import Identity
from llmops.minimize import Keep
from llmops.normalize import Normalizer
from llmops.pipeline.attempts import BATCH, NOWHERE, Stopped
from llmops.pipeline.coarse import coarse_changes, in_blocks
from llmops.pipeline.commit import Done, Held, Indexed, ShardWriter, Workspace
from llmops.pipeline.meters import Meter
from llmops.pipeline.shards import Shard
from llmops.quality import body_key, content_key
from llmops.sources import FilesConfig, Formats, InputUnit, UnitSource
from llmops.stage import Stage

Progress = Callable[[int, int], None]
In = TypeVar("In")
Out = TypeVar("Out")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """The stages in fixed order; de-identification cannot be omitted or moved.

    Args:
        source: opens and frames files.
        formats: the formats read.
        source_key: secret for record ids and source digests.
        deidentifier, scorer: the stages; the deidentifier holds the raw zone's vault.
        fingerprint: digest of everything that determines the output (recipe, policies, models, code).
    """

    source: FilesConfig
    formats: Formats
    source_key: bytes = field(repr=False)
    normalizer: Normalizer
    keep: Keep
    deidentifier: Stage[ClinicalDocument, DeidentifiedDocument]
    scorer: Stage[DeidentifiedDocument, ScoredDocument]
    fingerprint: str

    def records(self, shard: Shard) -> Iterator[SourceRecord | Withheld]:
        """Yield every record of a shard, in order."""
        for unit in shard.units:
            yield from self.read(unit)

    def read(self, unit: InputUnit) -> Iterator[SourceRecord | Withheld]:
        """Yield every record of a unit, in order."""
        return UnitSource(unit, self.source, self.source_key, self.formats).records()


def index_shard(
    shard: Shard, *, pipeline: Pipeline, workspace: Workspace, progress: Progress, stopped: Stopped = NOWHERE
) -> tuple[Indexed, tuple[Identity, ...]]:
    """First pass: collect identities from structured records for the vault.

    A shard is skipped if input and chain are unchanged since its identities were made durable.

    Args:
        progress: called after each record, so that the supervisor knows at which one a worker stopped.
        stopped: where earlier attempts stopped.
    """
    source = shard.digest(pipeline.source_key)
    before = workspace.indexed(shard.shard_id)
    if before is not None and before.source == source and before.fingerprint == pipeline.fingerprint:
        progress(len(before.record_ids), shard.size)
        return before, ()
    record_ids: list[str] = []
    files: list[Held] = []
    identities: dict[Identity, None] = {}
    refused: list[tuple[int, str, str]] = []
    for position, record in enumerate(stopped.passed_over(pipeline.records(shard))):
        record_ids.append(record.record_id)
        place = replace(_place(record), start=0, end=0, rows=False)
        files[-1:] = (
            [Held(place, files[-1].count + 1)] if files and files[-1].place == place else [*files[-1:], Held(place)]
        )
        found = pipeline.normalizer.identities(record) if isinstance(record, SourceRecord) else record
        if not isinstance(found, Withheld):
            identities.update(dict.fromkeys(found))
        elif found.stage is not StageName.READ:
            refused.append((position, found.stage, found.reason))
        progress(1, 0)
    progress(0, shard.size)
    indexed = Indexed(
        source=source,
        fingerprint=pipeline.fingerprint,
        record_ids=tuple(record_ids),
        files=tuple(files),
        refused=tuple(refused),
    )
    return indexed, tuple(identities)


def run_shard(
    shard: Shard,
    *,
    attempt: int,
    take: int,
    pipeline: Pipeline,
    workspace: Workspace,
    log: AuditLog,
    progress: Progress,
    stopped: Stopped = NOWHERE,
) -> Done:
    """Second pass: normalise, de-identify, score and commit a shard.

    Audit events are durable before the data they describe is written; the done-record comes last.

    Args:
        take: number of records to read: all that the index pass saw, or fewer under a record limit.
        progress: called after each batch.
        stopped: where earlier attempts stopped.

    Raises:
        StageError: a stage broke its contract, or the input changed between the passes.
        AuditWriteError: the log cannot be written; the shard is not committed.
    """
    source = shard.digest(pipeline.source_key)
    before = workspace.done(shard.shard_id)
    if before is not None and before.source == source and before.fingerprint == pipeline.fingerprint:
        progress(before.records, shard.size)
        return _skipped(before)
    log.append([ShardStarted(shard=shard.shard_id, attempt=attempt, source=source)])
    dropped_before = Counter(pipeline.keep.dropped)
    writer = workspace.begin(shard.shard_id)
    work = _ShardWork(pipeline=pipeline, log=log, writer=writer, dropped_before=dropped_before)
    indexed = workspace.indexed(shard.shard_id)
    records = stopped.refusing(indexed).passed_over(islice(pipeline.records(shard), take))
    for batch in _batches(work.meters["read"], records, stopped.alone):
        work.rewrite(batch)
        progress(len(batch), 0)
    progress(0, shard.size)
    if indexed is None or indexed.source != source or work.records != take:
        raise StageError(f"{shard.shard_id}: the input changed while it was read; run again when it is still")
    return work.commit(shard.shard_id, source)


@dataclass(slots=True, kw_only=True)
class _ShardWork:
    """One attempt at one shard, with the counts that must agree at the end."""

    pipeline: Pipeline
    log: AuditLog
    writer: ShardWriter
    dropped_before: Counter[str]
    records: int = 0
    read: int = 0
    meters: dict[str, Meter] = field(
        default_factory=lambda: {
            name: Meter(name=name) for name in ("read", "normalize", "keep", "deid", "quality", "audit", "write")
        }
    )

    def rewrite(self, batch: Sequence[SourceRecord | Withheld]) -> None:
        """Run one batch through every stage; audit, then write."""
        groups = self._through("normalize", self.pipeline.normalizer, batch, lambda record: len(record.payload))
        documents = [part for group in groups for part in _parts(group)]
        places = [_place(record) for record, group in zip(batch, groups, strict=True) for _ in _parts(group)]
        kept = self._through("keep", self.pipeline.keep, documents, _text_bytes)
        clean = self._through("deid", self.pipeline.deidentifier, kept, _text_bytes)
        scored = self._ready(self._through("quality", self.pipeline.scorer, clean, _text_bytes), kept)
        self.records += len(batch)
        self.read += len(documents)
        events = [*_record_events(batch, groups), *_document_events(documents, clean, scored)]
        with self.meters["audit"].measure():
            self.log.append(events)
        self.meters["audit"].records += len(events)
        with self.meters["write"].measure():
            self.writer.write(scored, places)
        self.meters["write"].records += len(scored)

    def _ready(
        self, scored: Sequence[ScoredDocument | Withheld], documents: Sequence[ClinicalDocument | Withheld]
    ) -> list[ScoredDocument | Withheld]:
        """Give each document the keys shared by its exact duplicates, computed before de-identification.

        Repair counts are coarsened from here on.
        """
        key = self.pipeline.source_key
        return [
            replace(
                answer,
                content_key=content_key(document, key),
                body_key=body_key(document, key),
                provenance=replace(answer.provenance, changes=coarse_changes(answer.provenance.changes)),
            )
            if isinstance(answer, ScoredDocument) and isinstance(document, ClinicalDocument)
            else answer
            for answer, document in zip(scored, documents, strict=True)
        ]

    def commit(self, shard_id: str, source: str) -> Done:
        """Commit the shard: data, then the event that names it, then the done-record."""
        with self.meters["write"].measure():
            facts = self.writer.finish(read=self.read)
        dropped = dict(self.pipeline.keep.dropped - self.dropped_before)
        done = Done(
            shard_id=shard_id,
            source=source,
            fingerprint=self.pipeline.fingerprint,
            records=self.records,
            read=self.read,
            scored=int(facts["scored"]),
            withheld=int(facts["withheld"]),
            scored_sha256=str(facts["scored_sha256"]),
            withheld_sha256=str(facts["withheld_sha256"]),
            dropped=dropped,
            meters=tuple(self.meters.values()),
        )
        events: list[Event] = [FieldsDropped(shard=shard_id, counts=_coded(dropped))] if dropped else []
        events.append(
            ShardDone(
                shard=shard_id,
                read=done.read,
                released=done.scored,
                withheld=done.withheld,
                output=done.scored_sha256,
            )
        )
        self.log.append(events)
        self.writer.commit(done)
        return done

    def _through(
        self, name: str, stage: Stage[In, Out], batch: Sequence[In | Withheld], size: Callable[[In], int]
    ) -> list[Out | Withheld]:
        """Run a stage on the documents not yet withheld, and put its answers back in place.

        Raises:
            StageError: the stage did not give one answer per input.
        """
        inputs = [item for item in batch if not isinstance(item, Withheld)]
        meter = self.meters[name]
        with meter.measure():
            answers = stage.process(inputs)
        if len(answers) != len(inputs):
            raise StageError(f"stage {name} gave {len(answers)} answers to {len(inputs)} inputs")
        meter.records += len(inputs)
        meter.bytes += sum(size(item) for item in inputs)
        answered = iter(answers)
        return [item if isinstance(item, Withheld) else next(answered) for item in batch]


def _batches(
    meter: Meter, records: Iterator[SourceRecord | Withheld], alone: Collection[int]
) -> Iterator[list[SourceRecord | Withheld]]:
    """Split records into batches; those at ``alone`` get a batch each."""
    position = 0
    while True:
        with meter.measure():
            batch = list(islice(records, 1 if position in alone else BATCH))
        if not batch:
            return
        position += len(batch)
        meter.records += len(batch)
        meter.bytes += sum(len(record.payload) for record in batch if isinstance(record, SourceRecord))
        yield batch


def _parts(group: DocumentGroup | Withheld) -> Sequence[ClinicalDocument | Withheld]:
    if isinstance(group, Withheld):
        return (group,)
    if not group.parts:
        raise StageError("stage normalize answered a record with no part")
    return group.parts


def _place(record: SourceRecord | Withheld) -> Locator:
    place = record.place if isinstance(record, Withheld) else record.locator
    if place is None:
        raise StageError("a record was withheld while it was read, and its source does not say where it lay")
    return place


def _text_bytes(document: ClinicalDocument | DeidentifiedDocument) -> int:
    return len(document.text.encode("utf-8", "replace"))


def _record_events(
    batch: Sequence[SourceRecord | Withheld], groups: Sequence[DocumentGroup | Withheld]
) -> Iterator[Event]:
    """Event that a record was read, under each record id of its documents: a Bundle holds many records."""
    for record, group in zip(batch, groups, strict=True):
        if isinstance(record, SourceRecord):
            for record_id in dict.fromkeys(part.record_id for part in _parts(group)):
                yield RecordRead(
                    record_id=record_id,
                    format=record.format,
                    encoding=record.encoding,
                    encoding_from=record.encoding_from,
                    size=in_blocks(len(record.payload)),
                )


def _document_events(
    documents: Sequence[ClinicalDocument | Withheld],
    clean: Sequence[DeidentifiedDocument | Withheld],
    scored: Sequence[ScoredDocument | Withheld],
) -> Iterator[Event]:
    """Events for every step of every document, or for the step that withheld it."""
    for document, deidentified, answer in zip(documents, clean, scored, strict=True):
        if isinstance(document, ClinicalDocument):
            yield DocumentNormalized(
                document_id=document.document_id,
                record_id=document.record_id,
                format=document.provenance.format,
                changes=coarse_changes(document.provenance.changes),
            )
        if isinstance(deidentified, DeidentifiedDocument):
            yield DocumentDeidentified(
                document_id=deidentified.document_id,
                policy_id=deidentified.policy_id,
                findings=_counted(finding.identifier.value for finding in deidentified.findings),
                operators=_counted(finding.operator for finding in deidentified.findings),
                residual_risk=deidentified.residual_risk,
            )
        if isinstance(answer, Withheld):
            yield RecordWithheld.of(answer)
        else:
            yield DocumentScored(document_id=answer.document_id, score=answer.quality.score)


def _counted(names: Iterator[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(names).items()))


def _coded(rules: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """Counts by rule in the audit log's form: a recipe's globs hold characters that no code may have."""
    coded: Counter[str] = Counter()
    for rule, count in rules.items():
        coded[re.sub(r"[^A-Za-z0-9_.:@/+-]", "_", rule)[:128]] += count
    return tuple(sorted(coded.items()))


def _skipped(done: Done) -> Done:
    return Done(**{name: getattr(done, name) for name in Done.__slots__ if name != "skipped"}, skipped=True)
