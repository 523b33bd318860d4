"""The Arrow columns of a document, a withheld record and a receipt; conversion to columns and back is lossless."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import fields as dataclass_fields
from typing import Any, Final

import pyarrow as pa

from llmops.documents import (
    Evidence,
    Field,
    FieldPhi,
    FieldValue,
    Kind,
    Provenance,
    QualityReport,
    Reason,
    Receipt,
    ReleasedDocument,
    ScoredDocument,
    Section,
    StageName,
    Withheld,
)
from llmops.errors import ReleaseError, StageError
from llmops.phi import PhiFinding, PhiLabel

_TEXT: Final = pa.string()
_SECTION: Final = pa.struct({"start": pa.int64(), "end": pa.int64(), "name": _TEXT, "code": _TEXT})
_FIELD: Final = pa.struct({"name": _TEXT, "value": _TEXT, "type": _TEXT, "phi": _TEXT, "unit": _TEXT, "code": _TEXT})
_FINDING: Final = pa.struct(
    {
        "start": pa.int64(),
        "end": pa.int64(),
        "label": _TEXT,
        "operator": _TEXT,
        "field": _TEXT,
    }
)
_EVIDENCE: Final = pa.struct(
    {"rule": _TEXT, "penalty": pa.float64(), "start": pa.int64(), "end": pa.int64(), "field": _TEXT}
)
_QUALITY: Final = pa.struct(
    {
        "score": pa.float64(),
        "dimensions": pa.list_(pa.struct({"name": _TEXT, "score": pa.float64()})),
        "evidence": pa.list_(_EVIDENCE),
    }
)
_PROVENANCE: Final = pa.struct(
    {"format": _TEXT, "path": _TEXT, "changes": pa.list_(pa.struct({"rule": _TEXT, "count": pa.int64()}))}
)

DOCUMENTS: Final = pa.schema(
    {
        "document_id": _TEXT,
        "record_id": _TEXT,
        "subject": _TEXT,
        "kind": _TEXT,
        "doc_type": _TEXT,
        "title": _TEXT,
        "text": _TEXT,
        "sections": pa.list_(_SECTION),
        "fields": pa.list_(_FIELD),
        "time": _TEXT,
        "findings": pa.list_(_FINDING),
        "policy_id": _TEXT,
        "residual_risk": pa.float64(),
        "quality": _QUALITY,
        "provenance": _PROVENANCE,
        "text_sha256": _TEXT,
    }
)
INTERNAL: Final = (
    DOCUMENTS.append(pa.field("signature", pa.list_(pa.uint64())))
    .append(pa.field("content_key", _TEXT))
    .append(pa.field("body_key", _TEXT))
)
WITHHELD: Final = pa.schema(
    {"record_id": _TEXT, "document_id": _TEXT, "stage": _TEXT, "reason": _TEXT, "retryable": pa.bool_()}
)
RECEIPTS: Final = pa.schema({"document_id": _TEXT, "stream": _TEXT, "index": pa.int64(), "leaf": _TEXT})


def to_batch(documents: Sequence[ScoredDocument], *, internal: bool = False) -> pa.RecordBatch:
    """Convert documents to columns, one row each, in order.

    Args:
        documents: residual PHI until the gate has passed them.
        internal: also keep the duplicate signatures, which stay inside the raw zone (shard files of a run).

    Raises:
        StageError: a value does not fit a column (an unpaired surrogate in a text).
    """
    return _batch([_row(document) for document in documents], INTERNAL if internal else DOCUMENTS)


def from_batch(batch: pa.RecordBatch) -> tuple[ScoredDocument, ...]:
    """Convert columns from `to_batch` to documents; without the internal columns their signatures are empty.

    Raises:
        ReleaseError: the columns are not those of documents, or a text does not match its digest.
    """
    return tuple(ScoredDocument(**_arguments(row)) for row in _rows(batch))


def released_from_batch(batch: pa.RecordBatch, receipts: Sequence[Receipt]) -> tuple[ReleasedDocument, ...]:
    """Return the documents of ``batch`` with their receipts, one per row in the same order.

    Raises:
        ReleaseError: as `from_batch`, or not exactly one receipt per row.
    """
    if len(receipts) != batch.num_rows:
        raise ReleaseError(f"{batch.num_rows} documents came with {len(receipts)} receipts")
    pairs = zip(_rows(batch), receipts, strict=True)
    return tuple(ReleasedDocument(**_arguments(row), receipt=receipt) for row, receipt in pairs)


def withheld_to_batch(withheld: Sequence[Withheld]) -> pa.RecordBatch:
    """Convert withheld records to columns: ids and codes, never text."""
    rows = [
        {
            "record_id": item.record_id,
            "document_id": item.document_id,
            "stage": item.stage.value,
            "reason": item.reason.value,
            "retryable": item.retryable,
        }
        for item in withheld
    ]
    return _batch(rows, WITHHELD)


def withheld_from_batch(batch: pa.RecordBatch) -> tuple[Withheld, ...]:
    """Convert columns from `withheld_to_batch` to withheld records.

    Raises:
        ReleaseError: the columns are not those of withheld records.
    """
    try:
        return tuple(
            Withheld(**{**row, "stage": StageName(row["stage"]), "reason": Reason(row["reason"])})
            for row in batch.to_pylist()
        )
    except (KeyError, TypeError, ValueError):
        raise ReleaseError("a withheld list does not hold the columns of withheld records") from None


def receipts_to_batch(receipts: Sequence[tuple[str, Receipt]]) -> pa.RecordBatch:
    """Convert ``(document id, receipt)`` pairs to columns."""
    rows = [
        {"document_id": document_id, "stream": receipt.stream, "index": receipt.index, "leaf": receipt.leaf}
        for document_id, receipt in receipts
    ]
    return _batch(rows, RECEIPTS)


def receipts_from_batch(batch: pa.RecordBatch) -> tuple[tuple[str, Receipt], ...]:
    """Convert columns from `receipts_to_batch` to pairs.

    Raises:
        ReleaseError: the columns are not those of receipts.
    """
    try:
        return tuple((row.pop("document_id"), Receipt(**row)) for row in batch.to_pylist())
    except (KeyError, TypeError):
        raise ReleaseError("a receipt list does not hold the columns of receipts") from None


def text_digest(text: str) -> str:
    """Return the SHA-256 of a text's UTF-8, hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def _batch(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.RecordBatch:
    try:
        return pa.RecordBatch.from_pylist(rows, schema=schema)
    except (pa.ArrowException, UnicodeError, OverflowError):
        raise StageError("a document holds a value that no column can hold (unpaired surrogate or number)") from None


def _row(document: ScoredDocument) -> dict[str, Any]:
    try:
        digest = text_digest(document.text)
    except UnicodeEncodeError:
        raise StageError(f"document {document.document_id}: the text holds an unpaired surrogate") from None
    quality = document.quality
    return {
        **{name: getattr(document, name) for name in _PLAIN},
        "kind": document.kind.value,
        "sections": [_struct(section) for section in document.sections],
        "fields": [_field_row(item) for item in document.fields],
        "findings": [_struct(finding) | {"label": finding.label.value} for finding in document.findings],
        "quality": {
            "score": quality.score,
            "dimensions": [{"name": name, "score": score} for name, score in quality.dimensions],
            "evidence": [_struct(evidence) for evidence in quality.evidence],
        },
        "provenance": {
            "format": document.provenance.format,
            "path": document.provenance.path,
            "changes": [{"rule": rule, "count": count} for rule, count in document.provenance.changes],
        },
        "text_sha256": digest,
    }


_PLAIN: Final = (
    *("document_id", "record_id", "subject", "doc_type", "title", "text", "time", "policy_id", "residual_risk"),
    *("signature", "content_key", "body_key"),
)


def _struct(item: Section | PhiFinding | Evidence) -> dict[str, Any]:
    return {field.name: getattr(item, field.name) for field in dataclass_fields(item)}


def _field_row(item: Field) -> dict[str, Any]:
    value, tag = _to_text(item.value)
    return {
        "name": item.name,
        "value": value,
        "type": tag,
        "phi": item.phi.value,
        "unit": item.unit,
        "code": item.code,
    }


def _to_text(value: FieldValue) -> tuple[str, str]:
    match value:
        case None:
            return "", "null"
        case bool():
            return ("true" if value else "false"), "bool"
        case int():
            return str(value), "int"
        case float():
            return repr(value), "float"
        case str():
            return value, "str"


def _to_value(text: str, tag: str) -> FieldValue:
    match tag:
        case "null":
            return None
        case "bool":
            return text == "true"
        case "int":
            return int(text)
        case "float":
            return float(text)
        case "str":
            return text
        case _:
            raise ValueError("unknown type tag")


def _rows(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    names = set(batch.schema.names)
    if names not in ({*DOCUMENTS.names}, {*INTERNAL.names}):
        raise ReleaseError("the columns are not those of documents")
    rows: list[dict[str, Any]] = batch.to_pylist()
    return rows


def _arguments(row: Mapping[str, Any]) -> dict[str, Any]:
    """Convert one row to the arguments of `ScoredDocument`; the text is checked against its digest first."""
    try:
        if text_digest(row["text"]) != row["text_sha256"]:
            raise ReleaseError(f"document {row['document_id']}: the text is not the one its digest was taken of")
        return {
            **{name: row[name] for name in _PLAIN if name in row},
            "signature": tuple(row.get("signature") or ()),
            "kind": Kind(row["kind"]),
            "sections": tuple(Section(**item) for item in row["sections"]),
            "fields": tuple(_field(item) for item in row["fields"]),
            "findings": tuple(_finding(item) for item in row["findings"]),
            "quality": _quality(row["quality"]),
            "provenance": _provenance(row["provenance"]),
        }
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ReleaseError("a row does not hold the values of a document") from None


def _finding(item: Mapping[str, Any]) -> PhiFinding:
    """Convert a finding; score and recognizer of older releases (before decision 19) are ignored."""
    return PhiFinding(
        start=item["start"],
        end=item["end"],
        label=PhiLabel(item["label"]),
        operator=item["operator"],
        field=item["field"],
    )


def _field(item: Mapping[str, str]) -> Field:
    label = item["phi"]
    return Field(
        name=item["name"],
        value=_to_value(item["value"], item["type"]),
        phi=FieldPhi(label) if label in _FIELD_PHI else PhiLabel(label),
        unit=item["unit"],
        code=item["code"],
    )


_FIELD_PHI: Final = frozenset(FieldPhi)


def _quality(item: Mapping[str, Any]) -> QualityReport:
    return QualityReport(
        score=item["score"],
        dimensions=tuple((entry["name"], entry["score"]) for entry in item["dimensions"]),
        evidence=tuple(Evidence(**entry) for entry in item["evidence"]),
    )


def _provenance(item: Mapping[str, Any]) -> Provenance:
    changes = tuple((entry["rule"], entry["count"]) for entry in item["changes"])
    return Provenance(format=item["format"], path=item["path"], changes=changes)
