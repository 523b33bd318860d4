"""Turn attachments of FHIR resources into documents: base64 text becomes one, all else a reason."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from llmops.documents import (
    ClinicalDocument,
    Field,
    Kind,
    Provenance,
    Reason,
    SourceRecord,
    StageName,
    Withheld,
)
from llmops.identities import SubjectIdentifier
from llmops.normalize.attachments import from_base64, plain_text
from llmops.normalize.ccda import reader as ccda
from llmops.normalize.config import NormalizeConfig
from llmops.normalize.errors import Refused
from llmops.normalize.fhir.attachments import Attached
from llmops.normalize.fhir.bundle import Entry
from llmops.normalize.fhir.statements import people_fields
from llmops.normalize.fhir.values import display, loinc, obj, string, when
from llmops.normalize.json_object import Json
from llmops.normalize.notes.kinds import find_title, guess_kind
from llmops.normalize.text.builder import TextBuilder
from llmops.normalize.text.cleaning import clean
from llmops.normalize.text.sections import find_sections
from llmops.phi import PhiLabel

_CCDA: Final = "ccda"
_PLAIN: Final = frozenset({"text/plain", "text/markdown", "text/x-markdown", ""})
_HTML: Final = frozenset({"text/html", "application/xhtml+xml"})
_CDA: Final = frozenset(
    {"text/xml", "application/xml", "application/hl7-v3+xml", "application/cda+xml", "text/hl7-v3+xml"}
)
_REPORTS: Final = frozenset({"DiagnosticReport"})


def attachment_documents(
    attached: Attached,
    entry: Entry,
    subject: tuple[SubjectIdentifier, ...],
    source: SourceRecord,
    config: NormalizeConfig,
) -> tuple[ClinicalDocument | Withheld, ...]:
    """Make the document of one attachment, or return why there is none.

    Args:
        attached: the attachment. PHI.
        entry: the resource that holds it. PHI.
        subject: its subject. PHI.
        source: the source record. PHI.
        config: passed on to the C-CDA reader.
    """
    try:
        if not subject and config.require_subject:
            raise Refused(Reason.NO_SUBJECT)
        content_type, charset = _content_type(attached.attachment)
        data = _decoded(attached.attachment)
        if content_type in _CDA:
            return _cda(data, attached, subject, source, config)
        return (_document(_text(data, content_type, charset), attached, entry, subject, source),)
    except Refused as refused:
        return (Withheld(record_id=source.record_id, stage=StageName.NORMALIZE, reason=refused.reason),)


def _content_type(attachment: Json) -> tuple[str, str]:
    content_type, _, parameters = string(attachment.get("contentType")).lower().partition(";")
    _, _, charset = parameters.partition("charset=")
    return content_type.strip(), charset.split(";")[0].strip(' "')


def _decoded(attachment: Json) -> bytes:
    """Decode the data and verify the attachment's size and SHA-1 hash (both of the decoded bytes)."""
    written = attachment.get("data")
    if type(written) is not str or not written:
        external = bool(string(attachment.get("url")))
        raise Refused(Reason.EXTERNAL_ATTACHMENT if external else Reason.NO_CONTENT)
    data = from_base64(written)
    size = attachment.get("size")
    if type(size) is int and size != len(data):
        raise Refused(Reason.BAD_ATTACHMENT)
    if (digest := string(attachment.get("hash"))) and digest != _sha1(data):
        raise Refused(Reason.BAD_ATTACHMENT)
    return data


def _sha1(data: bytes) -> str:
    """Return the hash FHIR prescribes for Attachment.hash; an integrity check, not a security measure."""
    return base64.b64encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode()


def _text(data: bytes, content_type: str, charset: str) -> str:
    if content_type not in _PLAIN and content_type not in _HTML:
        raise Refused(Reason.UNSUPPORTED_ATTACHMENT)
    return plain_text(data, html=content_type in _HTML, charset=charset)


def _document(
    raw: str, attached: Attached, entry: Entry, subject: tuple[SubjectIdentifier, ...], source: SourceRecord
) -> ClinicalDocument:
    builder = TextBuilder()
    builder.add(raw, path=attached.path, source_end=len(source.payload))
    text, align = builder.build()
    if not text:
        raise Refused(Reason.EMPTY)
    resource = entry.resource
    title = string(attached.attachment.get("title")) or string(resource.get("description")) or find_title(text)
    concept = resource.get("type") if entry.type != "DiagnosticReport" else resource.get("code")
    kind, doc_type = guess_kind(f"{display(concept)} {title}")
    return ClinicalDocument(
        document_id=f"{source.record_id}.0",
        record_id=source.record_id,
        subject=subject,
        kind=Kind.REPORT if entry.type in _REPORTS else kind,
        doc_type=loinc(concept) or doc_type,
        title=clean(title).text,
        text=text,
        sections=find_sections(text),
        fields=tuple(_fields(resource, entry.type)),
        time=document_time(resource),
        align=align,
        provenance=Provenance(format=source.format, path=f"{attached.path}:{entry.type}", changes=builder.changes),
    )


def _fields(resource: Json, name: str) -> Iterator[Field]:
    if time := document_time(resource):
        yield Field(name=f"{name}.time", value=time, phi=PhiLabel.DATE)
    yield from people_fields(resource, name, ("author", "authenticator", "performer"), PhiLabel.NAME)
    yield from people_fields(resource, name, ("custodian",), PhiLabel.ORG)


def document_time(resource: Json) -> str:
    """Return the clinical time of a document: of the visit if given, else of its creation."""
    period: Any = obj(resource.get("context")).get("period")
    return when(
        {**resource, "period": period}, "period", "effectiveDateTime", "effectivePeriod", "date", "issued", "indexed"
    )


def _cda(
    data: bytes,
    attached: Attached,
    subject: tuple[SubjectIdentifier, ...],
    source: SourceRecord,
    config: NormalizeConfig,
) -> tuple[ClinicalDocument | Withheld, ...]:
    """Read an XML attachment with the C-CDA reader; the FHIR subject and the document's patient are one person."""
    inner = replace(source, format=_CCDA, payload=data, encoding="utf-8", encoding_from="declared")
    parts = ccda.documents(inner, config)
    return tuple(_adopted(part, attached, subject) for part in parts)


def _adopted(part: ClinicalDocument, attached: Attached, subject: tuple[SubjectIdentifier, ...]) -> ClinicalDocument:
    path = f"{attached.path}:DocumentReference"
    return replace(
        part,
        subject=tuple(dict.fromkeys((*subject, *part.subject))),
        align=tuple(replace(segment, path=f"{attached.path}/{segment.path}", exact=False) for segment in part.align),
        provenance=replace(part.provenance, path=path),
    )
