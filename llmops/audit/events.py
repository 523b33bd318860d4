"""The closed, versioned schema of audit events: ids, codes, counts, digests, numbers; no text, no file names, no PHI.

An event is one of the classes in the union `Event`. On disk it is one line of canonical JSON (`llmops.audit.codec`),
documented in ``docs/audit-format.md``. Raise `SCHEMA_VERSION` when a field is added or changes its meaning.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar, Final, TypeAlias

from llmops.audit.checkpoint import Anchor
from llmops.audit.rules import FieldRule
from llmops.documents import Reason, StageName, Withheld

SCHEMA_VERSION: Final = 1

Id: TypeAlias = Annotated[str, FieldRule.ID]
Code: TypeAlias = Annotated[str, FieldRule.CODE]
Count: TypeAlias = Annotated[int, FieldRule.COUNT]
Ratio: TypeAlias = Annotated[float, FieldRule.RATIO]
Flag: TypeAlias = Annotated[bool, FieldRule.FLAG]
Ids: TypeAlias = Annotated[tuple[str, ...], FieldRule.IDS]
Counts: TypeAlias = Annotated[tuple[tuple[str, int], ...], FieldRule.COUNTS]
Codes: TypeAlias = Annotated[tuple[tuple[str, str], ...], FieldRule.CODES]


class ReviewReason(StrEnum):
    """Reason of a log review; a closed list, so that reviews can be counted."""

    ROUTINE = "routine"
    RELEASE = "release"
    INCIDENT = "incident"
    COMPLAINT = "complaint"
    ACCESS_REQUEST = "access_request"
    EXTERNAL_AUDIT = "external_audit"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCreated:
    """A key was created on first use."""

    kind: ClassVar[str] = "key_created"
    key: Id
    fingerprint: Id


class VaultAction(StrEnum):
    """Actions of an operator on a vault."""

    ROTATED = "rotated"
    ERASED = "erased"
    MERGED = "merged"
    SPLIT = "split"
    REIDENTIFIED = "reidentified"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultChanged:
    """An operator acted on the vault; ``subject`` is a pseudonym, ``subjects`` the number of subjects affected.

    For a re-identification, ``reason`` is the purpose and ``approvers`` the fingerprints of the approvers' keys.
    For a refused one, ``reason`` is a `llmops.vault.Refusal`; ``subject`` is empty if the request named no pseudonym.
    """

    kind: ClassVar[str] = "vault_changed"
    action: VaultAction
    subject: Code = ""
    subjects: Count = 0
    reason: Code = ""
    approvers: Ids = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordTraced:
    """Raw zone locations were disclosed: of one record by its id, or of ``found`` withheld ones by reason.

    ``record_id`` is set for a record, ``document_id`` for a document; both are empty for a list.
    """

    kind: ClassVar[str] = "record_traced"
    record_id: Code = ""
    document_id: Code = ""
    reason: Code = ""
    found: Count = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """A torn tail was found when the stream was opened, and moved to ``<stream>.torn-<torn>``."""

    kind: ClassVar[str] = "recovered"
    torn: Count
    quarantined: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """Liveness event: no activity."""

    kind: ClassVar[str] = "heartbeat"


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSealed:
    """Size and root of another stream: ties the streams of several writers into one history."""

    kind: ClassVar[str] = "stream_sealed"
    stream: Id
    size: Count
    root: Id

    @classmethod
    def of(cls, anchor: Anchor) -> "StreamSealed":
        """Create the event from another stream's anchor; only a size with a checkpoint can be verified later."""
        return cls(stream=anchor.stream, size=anchor.size, root=anchor.root)

    @property
    def anchor(self) -> Anchor:
        """Return the anchor."""
        return Anchor(stream=self.stream, size=self.size, root=self.root)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """A run started; ``versions`` names code, models and tables, ``fingerprint`` covers all of them."""

    kind: ClassVar[str] = "run_started"
    recipe: Code
    policy_id: Code = ""
    fingerprint: Code = ""
    shards: Count = 0
    workers: Count = 0
    versions: Codes = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResumed:
    """A stopped run was resumed."""

    kind: ClassVar[str] = "run_resumed"
    fingerprint: Code = ""
    shards_done: Count
    shards_left: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInterrupted:
    """A run stopped before its end."""

    kind: ClassVar[str] = "run_interrupted"
    shards_done: Count
    shards_left: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished:
    """A run finished; ``read == released + withheld``."""

    kind: ClassVar[str] = "run_finished"
    read: Count
    released: Count
    withheld: Count
    counts: Counts = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardStarted:
    """A worker started a shard; ``source`` is the keyed digest of its input."""

    kind: ClassVar[str] = "shard_started"
    shard: Id
    attempt: Count
    source: Code = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardDone:
    """A shard was completed; ``output`` is the digest of its output."""

    kind: ClassVar[str] = "shard_done"
    shard: Id
    read: Count
    released: Count
    withheld: Count
    output: Code = ""
    counts: Counts = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardFailed:
    """An attempt at a shard failed, or its worker died."""

    kind: ClassVar[str] = "shard_failed"
    shard: Id
    attempt: Count
    reason: Reason
    error: Code = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRead:
    """A record was opened and framed."""

    kind: ClassVar[str] = "record_read"
    record_id: Id
    format: Id
    encoding: Code = ""
    encoding_from: Code = ""
    size: Count = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordWithheld:
    """A record or document was withheld, with stage and reason."""

    kind: ClassVar[str] = "record_withheld"
    record_id: Id
    document_id: Code = ""
    stage: StageName
    reason: Reason
    retryable: Flag = False

    @classmethod
    def of(cls, withheld: Withheld) -> "RecordWithheld":
        """Create the event from a `Withheld` value."""
        return cls(
            record_id=withheld.record_id,
            document_id=withheld.document_id or "",
            stage=withheld.stage,
            reason=withheld.reason,
            retryable=withheld.retryable,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentNormalized:
    """A document was made from a record; ``changes`` counts the corrections of its text by rule."""

    kind: ClassVar[str] = "document_normalized"
    document_id: Id
    record_id: Code = ""
    format: Id
    changes: Counts = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldsDropped:
    """Minimum necessary (164.502(b)): fields that ``keep:`` removed, counted by rule."""

    kind: ClassVar[str] = "fields_dropped"
    shard: Code = ""
    document_id: Code = ""
    counts: Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentDeidentified:
    """A policy was applied to a document; ``findings`` counts by label or identifier, never the surface."""

    kind: ClassVar[str] = "document_deidentified"
    document_id: Id
    policy_id: Code
    findings: Counts = ()
    operators: Counts = ()
    residual_risk: Ratio = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentScored:
    """A document was scored."""

    kind: ClassVar[str] = "document_scored"
    document_id: Id
    score: Ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentReleased:
    """The decision to release a document; a `llmops.documents.Receipt` refers to this event.

    ``content`` is the SHA-256 (hex) of the released text's UTF-8; empty in logs written before the field was filled.
    """

    kind: ClassVar[str] = "document_released"
    document_id: Id
    record_id: Code = ""
    subject: Code = ""
    policy_id: Code = ""
    shard: Code = ""
    score: Ratio = 0.0
    content: Code = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateDecided:
    """The release gate decided; ``verdicts`` names each check with ``pass`` or ``fail``."""

    kind: ClassVar[str] = "gate"
    passed: Flag
    verdicts: Codes = ()
    counts: Counts = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePublished:
    """A release was signed and published."""

    kind: ClassVar[str] = "release_published"
    release_id: Id
    manifest: Id
    documents: Count = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRevoked:
    """A release, or one document of it, was revoked."""

    kind: ClassVar[str] = "release_revoked"
    release_id: Id
    document_id: Code = ""
    reason: Code


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexBuilt:
    """A search index was built from a release."""

    kind: ClassVar[str] = "index_built"
    release_id: Id
    index: Code = ""
    documents: Count = 0
    chunks: Count = 0
    encoder: Code = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queried:
    """A release was searched; only the length of the question is logged, since a question may hold PHI."""

    kind: ClassVar[str] = "query"
    release_id: Id
    k: Count
    query_length: Count
    hits: Ids = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """A prompt suite was run against a release."""

    kind: ClassVar[str] = "evaluation"
    suite: Id
    digest: Code = ""
    release_id: Code = ""
    model: Code = ""
    passed: Count
    failed: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """A reviewer signed off event range ``[start, end)`` of a stream: the log review of 164.308(a)(1)(ii)(D).

    ``size`` and ``root`` are those of the sealed stream at review time, so the reviewed events cannot change.
    """

    kind: ClassVar[str] = "review"
    stream: Id
    start: Count
    end: Count
    size: Count
    root: Id
    reason: ReviewReason
    reviewer: Id


Event: TypeAlias = (
    KeyCreated
    | VaultChanged
    | RecordTraced
    | Recovered
    | Heartbeat
    | StreamSealed
    | RunStarted
    | RunResumed
    | RunInterrupted
    | RunFinished
    | ShardStarted
    | ShardDone
    | ShardFailed
    | RecordRead
    | RecordWithheld
    | DocumentNormalized
    | FieldsDropped
    | DocumentDeidentified
    | DocumentScored
    | DocumentReleased
    | GateDecided
    | ReleasePublished
    | ReleaseRevoked
    | IndexBuilt
    | Queried
    | Evaluated
    | Reviewed
)
