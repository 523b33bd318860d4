"""Derive document ids from the source's own key or the document's content, never from its location."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from llmops.documents import ClinicalDocument, Withheld

_RECORD_HEX: Final = 20
_VERSION_HEX: Final = 12

Content: TypeAlias = list[object]


def identified(parts: Sequence[ClinicalDocument | Withheld], key: bytes) -> tuple[ClinicalDocument | Withheld, ...]:
    """Assign ids to every part of a record.

    A document's id is ``<record>.<version>``. The record is a keyed hash of the source's key (`source_key`), or of the
    content if there is none; the version is a keyed hash of the content. So a new row, another order, file name or file
    format changes no id; an edited document with the same key keeps the record and gets another version; and two
    documents with the same key but different content stay distinct, whatever else is in the run. Documents equal in key
    and content get equal ids: they are duplicates, and the gate withholds all but one.

    Parts that became no document are numbered within their record: ``<record>.<n>``.

    Args:
        parts: all parts of one record. PHI.
        key: secret of the raw zone; without it ids reveal nothing and cannot be computed.
    """
    return tuple(
        _identified(part, key)
        if isinstance(part, ClinicalDocument)
        else replace(part, document_id=f"{part.record_id}.{number}")
        for number, part in enumerate(parts)
    )


def _identified(document: ClinicalDocument, key: bytes) -> ClinicalDocument:
    content = _content(document)
    named: Content = [*document.source_key] or content
    record = "r" + _digest(key, [bool(document.source_key), *named])[:_RECORD_HEX]
    version = _digest(key, ["version", *content])[:_VERSION_HEX]
    return replace(document, record_id=record, document_id=f"{record}.{version}", source_key=())


def _content(document: ClinicalDocument) -> Content:
    """Return the identifying content: patient, time, type, text and values; case and blanks do not count.

    Values are compared as text, so that the number 7 of a JSON line equals the ``7`` of a CSV cell.
    """
    return [
        sorted([item.assigner.casefold(), item.value.strip().casefold(), item.label] for item in document.subject),
        document.time,
        document.doc_type,
        " ".join(document.text.casefold().split()),
        [[item.name, _plain(item.value), item.unit, item.code] for item in document.fields],
    ]


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else " ".join(str(value).split())


def _digest(key: bytes, parts: Content) -> str:
    """Return a keyed hash of nested lists of text; JSON separates the parts, and its escapes take any code point."""
    message = json.dumps(parts, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    return hmac.new(key, message, hashlib.sha256).hexdigest()
