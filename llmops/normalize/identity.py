"""Who a document is: ids from the source's own key or the document's content, never from where it lay."""

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
    """Give every part of a record its ids.

    A document's id is ``<record>.<version>``. The record is a keyed hash of what the source calls it (`source_key`), or
    of its content where the source has no name for it; the version is a keyed hash of the content. So neither a new
    row, another order, another file name nor another file format changes an id; a document that was edited under its
    own key keeps the record and gets another version; and two documents that share a key but not their content stay
    apart, whoever else is in the run. Documents equal in key and content get equal ids: they are one document, met
    twice, and the gate withholds all but one.

    What became no document is numbered within its record: ``<record>.<n>``.

    Args:
        parts: what a format module made of one record. PHI.
        key: secret of the raw zone; without it ids say nothing and cannot be computed.
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
    """What makes a document another one: its patient, time, type, text and values; case and blanks do not count.

    Values as text, so that the number 7 of a JSON line is the ``7`` of a CSV cell.
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
    """Keyed hash of nested lists of text; JSON keeps the parts apart, and its escapes take any code point."""
    message = json.dumps(parts, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    return hmac.new(key, message, hashlib.sha256).hexdigest()
