"""Define the types of a record from source bytes to released document; each stage replaces the type."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from llmops.identities import SubjectIdentifier
from llmops.phi import PhiFinding, PhiLabel

NOT_TEXT: Final = "\0"
"""Replaces, in a table row, bytes that are no text in any supported encoding; readers without a check see no text."""


class Kind(StrEnum):
    """The kind of a document."""

    NOTE = "note"
    REPORT = "report"
    SUMMARY = "summary"
    GENOMIC = "genomic"


class StageName(StrEnum):
    """The stage that answered for a record."""

    READ = "read"
    NORMALIZE = "normalize"
    DEID = "deid"
    QUALITY = "quality"
    RELEASE = "release"
    RUN = "run"


class Reason(StrEnum):
    """Why a record or document was withheld: a closed list that reports count and audits rely on."""

    # read
    UNREADABLE = "unreadable"
    UNKNOWN_FORMAT = "unknown_format"
    TOO_LARGE = "too_large"
    COMPRESSION_RATIO = "compression_ratio"
    TOO_MANY_MEMBERS = "too_many_members"
    PATH_ESCAPE = "path_escape"
    ENCRYPTED = "encrypted"
    BAD_ARCHIVE = "bad_archive"
    TRUNCATED = "truncated"
    WRONG_ENCODING = "wrong_encoding"
    EMPTY = "empty"
    BAD_ROW = "bad_row"
    # normalize
    MALFORMED = "malformed"
    TOO_DEEP = "too_deep"
    DOCTYPE_REFUSED = "doctype_refused"
    UNSUPPORTED_VERSION = "unsupported_version"
    UNSUPPORTED_ATTACHMENT = "unsupported_attachment"
    EXTERNAL_ATTACHMENT = "external_attachment"
    BAD_ATTACHMENT = "bad_attachment"
    NO_CONTENT = "no_content"
    NO_SUBJECT = "no_subject"
    MISSING_COLUMN = "missing_column"
    NOT_NECESSARY = "not_necessary"
    RETRACTED = "retracted"
    # deid
    DEID_FAILED = "deid_failed"
    SUBJECT_ERASED = "subject_erased"
    KNOWN_IDENTIFIER_SURVIVED = "known_identifier_survived"
    RESIDUAL_PHI = "residual_phi"
    # quality and release
    QUALITY_FAILED = "quality_failed"
    BELOW_SCORE = "below_score"
    RESIDUAL_RISK = "residual_risk"
    DUPLICATE = "duplicate"
    NEAR_DUPLICATE = "near_duplicate"
    TOMBSTONED = "tombstoned"
    # run
    STAGE_FAILED = "stage_failed"
    DEADLINE_EXCEEDED = "deadline_exceeded"
    WORKER_DIED = "worker_died"
    WORKER_STALLED = "worker_stalled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Locator:
    """Location of a record's bytes in its container. Every field but the numbers is PHI (file names).

    Args:
        container: path of the file as given, relative to the input root.
        root: ordinal of that root among the input paths.
        member: name inside a zip archive, or empty.
        start: first byte (or row, for tables) inside the container or member, after decompression.
        end: one past the last; 0 for the whole container or member.
        rows: whether ``start`` and ``end`` count rows.
    """

    container: str = field(repr=False)
    root: int = 0
    member: str = field(default="", repr=False)
    start: int = 0
    end: int = 0
    rows: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """A withheld record or document, with the reason; holds no text.

    Args:
        record_id: id of the source record.
        document_id: id of the document, if the record had become one.
        stage: the stage that withheld it.
        reason: the reason code.
        retryable: whether another attempt could succeed (a dead or stalled worker) or not (a broken file).
        place: its location, during reading only; never logged or released. PHI (file names).
    """

    record_id: str
    stage: StageName
    reason: Reason
    document_id: str | None = None
    retryable: bool = False
    place: Locator | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """One source record: bytes, not yet interpreted. PHI.

    Args:
        record_id: keyed hash of format and payload; safe outside the raw zone. Documents have their own record ids,
            which prefer the source's key.
        format: how to read the payload.
        payload: the bytes of this record alone. Of a row, a JSON object of column name to value.
        locator: location of the payload.
        encoding: name of the text encoding of the payload.
        encoding_from: how the encoding is known: ``bom``, ``declared``, ``utf-8``, ``detected`` or ``none`` (binary).
    """

    record_id: str
    format: str
    payload: bytes = field(repr=False)
    locator: Locator = field(repr=False)
    encoding: str = "utf-8"
    encoding_from: str = "utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A section ``[start, end)`` of a document's text under one heading (heading included).

    Args:
        name: normalised snake-case name, e.g. ``"history_of_present_illness"``; ``"other:<slug>"`` is never used:
            an unknown heading gets ``"other"``, since a heading may hold PHI.
        code: LOINC code of the section, if known.
    """

    start: int
    end: int
    name: str
    code: str = ""


class FieldPhi(StrEnum):
    """Treatment of a typed field without a `PhiLabel`."""

    NONE = "none"
    FREE_TEXT = "free_text"


FieldValue: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One typed value of a document.

    Args:
        name: dotted path in the source's own terms, e.g. ``"Observation.valueQuantity"``; never holds PHI.
        value: the value; dates as ISO 8601 strings. PHI according to ``phi``.
        phi: a `PhiLabel` (the whole value is that identifier), free text to search, or none.
        unit: UCUM unit of a number.
        code: code of the measured quantity, ``system|code`` (``"http://loinc.org|718-7"``).
    """

    name: str
    value: FieldValue = field(repr=False)
    phi: PhiLabel | FieldPhi = FieldPhi.NONE
    unit: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignSegment:
    """Maps ``text[start:end]`` to bytes ``[source_start, source_end)`` of the record's payload.

    Args:
        path: the element in the source's own terms (``"OBX[3]-5"``, ``"entry[2].resource.text"``); no values.
        exact: whether the text is the decoded bytes unchanged, so that inner offsets map one to one; otherwise
            (repaired mojibake, base64, escapes) the segment maps as a whole.
    """

    start: int
    end: int
    path: str
    source_start: int
    source_end: int
    exact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Origin of a document, and what normalisation changed in it.

    Args:
        format: the source format.
        path: the source element of the record, in the source's own terms; no values.
        changes: counts of changes by rule, e.g. ``{"mojibake": 3, "control": 1}``, as sorted pairs.
    """

    format: str
    path: str = ""
    changes: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicalDocument:
    """A record in the one form that all later stages read. PHI.

    Args:
        document_id: ``"<record_id>.<version>"``, a keyed hash of the content; see `llmops.normalize.identity`.
        record_id: keyed hash of the source's key, else of the content.
        subject: identifiers of the patient; empty if the record names none.
        kind: note, report, summary or genomic.
        doc_type: LOINC code of the document type, or empty.
        title: short title in the source's words.
        text: the narrative, Unicode NFC, line feeds only.
        sections: in order, not overlapping, ``text[start:end]`` each.
        fields: typed values.
        time: ISO 8601 clinical time of the document (as precise as known), or empty.
        align: text ranges to source ranges, in order of ``start``.
        provenance: origin and changes.
        source_key: the source's own key, scope first (``("hl7v2", application, facility, control id)``); empty if there
            is none, and after the ids are derived. PHI.
    """

    document_id: str
    record_id: str
    subject: tuple[SubjectIdentifier, ...] = field(repr=False)
    kind: Kind
    doc_type: str = ""
    title: str = field(default="", repr=False)
    text: str = field(repr=False)
    sections: tuple[Section, ...] = ()
    fields: tuple[Field, ...] = ()
    time: str = field(default="", repr=False)
    align: tuple[AlignSegment, ...] = ()
    provenance: Provenance
    source_key: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentGroup:
    """All documents and refusals of one source record: at least one part, so that nothing is lost silently.

    Args:
        record_id: of the source record as read; its documents have record ids of their own.
    """

    record_id: str
    parts: tuple[ClinicalDocument | Withheld, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeidentifiedDocument:
    """A de-identified document; may hold residual PHI until the release gate has passed it.

    Args:
        subject: pseudonym of the patient, or empty.
        findings: PHI found and operators applied; offsets in ``text`` (or the field's value) *after* the operators.
        policy_id: ``"<name>@<digest>"`` of the policy applied.
        residual_risk: estimated probability in [0, 1] that an identifier is left, from the independent second look.
        Others: as in `ClinicalDocument`, after the policy's operators.
    """

    document_id: str
    record_id: str
    subject: str
    kind: Kind
    doc_type: str = ""
    title: str = field(default="", repr=False)
    text: str = field(repr=False)
    sections: tuple[Section, ...] = ()
    fields: tuple[Field, ...] = ()
    time: str = ""
    findings: tuple[PhiFinding, ...] = ()
    policy_id: str
    residual_risk: float = 0.0
    provenance: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One deduction of a quality check: rule, cost and place."""

    rule: str
    penalty: float
    start: int = 0
    end: int = 0
    field: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityReport:
    """Fitness of a document for use.

    Args:
        score: in [0, 1]; 1 is best.
        dimensions: score in [0, 1] by dimension name, sorted by name.
        evidence: the deductions.
    """

    score: float
    dimensions: tuple[tuple[str, float], ...]
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredDocument(DeidentifiedDocument):
    """A de-identified document with its quality report.

    Args:
        signature: MinHash of the de-identified text (64-bit lanes), for near-duplicates across shards.
        content_key: keyed hash of the document before de-identification, for exact duplicates across shards.
        body_key: the same without the title, for the same note under another title in another format.
    """

    quality: QualityReport
    signature: tuple[int, ...] = field(default=(), repr=False)
    content_key: str = field(default="", repr=False)
    body_key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Location of the release decision in the audit log.

    Args:
        stream: name of the audit stream.
        index: zero-based position of the event in the stream.
        leaf: hex RFC 6962 leaf hash of the event.
    """

    stream: str
    index: int
    leaf: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedDocument(ScoredDocument):
    """A document read from a verified release, with the receipt of its release decision."""

    receipt: Receipt


def locate(align: Sequence[AlignSegment], start: int, end: int) -> tuple[AlignSegment, ...]:
    """Map ``text[start:end]`` to the source: the overlapping segments, cut to the range if exact.

    An exact segment is cut by code points; its byte range is cut too only for pure ASCII, where bytes and code points
    are one to one, and is otherwise given whole.
    """
    found = []
    for segment in align:
        if segment.end <= start or segment.start >= end:
            continue
        lo, hi = max(start, segment.start), min(end, segment.end)
        one_to_one = segment.exact and segment.source_end - segment.source_start == segment.end - segment.start
        shift = segment.source_start - segment.start
        found.append(
            AlignSegment(
                start=lo,
                end=hi,
                path=segment.path,
                source_start=lo + shift if one_to_one else segment.source_start,
                source_end=hi + shift if one_to_one else segment.source_end,
                exact=one_to_one,
            )
        )
    return tuple(found)
