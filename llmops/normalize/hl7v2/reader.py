"""Read HL7 v2 messages: each result or transcription report becomes a document, any other message a summary."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from llmops.documents import ClinicalDocument, Kind, Provenance, Reason, SourceRecord, StageName, Withheld
from llmops.identities import Identity
from llmops.normalize.attachments import from_base64, plain_text
from llmops.normalize.config import NormalizeConfig
from llmops.normalize.errors import Refused
from llmops.normalize.hl7v2.fields import OTHER_FIELDS, VIEWS
from llmops.normalize.hl7v2.page import Page, named_sections
from llmops.normalize.hl7v2.parse import parse
from llmops.normalize.hl7v2.people import people, people_fields
from llmops.normalize.hl7v2.reports import Report, reports, write_report
from llmops.normalize.hl7v2.segments import Message, Segment
from llmops.normalize.hl7v2.subject import patient_fields, subject_of
from llmops.normalize.hl7v2.summary import summary, summary_time
from llmops.normalize.hl7v2.values import coded_text, loinc_of
from llmops.normalize.text.builder import TextBuilder
from llmops.normalize.text.cleaning import clean
from llmops.normalize.text.hl7_times import iso_time
from llmops.normalize.text.sections import find_sections


def documents(record: SourceRecord, config: NormalizeConfig) -> tuple[ClinicalDocument | Withheld, ...]:
    """Make the documents of a message: one per report (OBR group, or TXA) and attached text, else one summary.

    Args:
        record: the message, or a batch of messages. PHI.
        config: whether a message without a patient is refused.

    Raises:
        Refused: no message, or no patient but one required.
    """
    parts: list[ClinicalDocument | Withheld] = []
    for message in parse(record):
        parts += _parts(record, message, config)
    if all(isinstance(part, Withheld) and part.reason is Reason.NO_SUBJECT for part in parts):
        raise Refused(Reason.NO_SUBJECT)
    return tuple(replace(part, document_id=f"{record.record_id}.{n}") for n, part in enumerate(parts))


def identities(record: SourceRecord, config: NormalizeConfig) -> tuple[Identity, ...]:  # noqa: ARG001  every format's signature
    """Return the people and organisations a message names around its patient.

    Args:
        record: the message. PHI.
        config: not used: nothing about people is configurable.

    Raises:
        Refused: no message.
    """
    return tuple(dict.fromkeys(identity for message in parse(record) for identity in people(message)))


def _parts(record: SourceRecord, message: Message, config: NormalizeConfig) -> Iterator[ClinicalDocument | Withheld]:
    found = reports(message)
    patient = next(iter(message.named("PID")), None)
    dropped = _dropped(message)
    for report in found or [Report(patient=patient)]:
        if config.require_subject and not subject_of(report.patient):
            yield _withheld(record, Reason.NO_SUBJECT)
            continue
        page = Page(builder=TextBuilder(message.segments[0].encoding))
        for rule, times in dropped.items():
            page.builder.count(rule, times)
        # A message's drops are counted once, with its first document.
        dropped = Counter()
        frame = _frame(record, message, report)
        try:
            if found:
                frame = replace(frame, title=write_report(page, report), time=report.time or frame.time)
            else:
                time = summary_time(message) or frame.time
                frame = replace(frame, kind=Kind.SUMMARY, title=summary(page, message), time=time)
        except Refused as refused:  # RTF in a field: only this report is unreadable
            yield _withheld(record, refused.reason)
            continue
        document = _document(page, frame, report.patient or patient)
        if document.text:
            yield document
        elif not page.attachments:
            is_retracted = dict(page.builder.changes).get("dropped:retracted", 0) > 0
            yield _withheld(record, Reason.RETRACTED if is_retracted else Reason.NO_CONTENT)
        for segment in page.attachments:
            yield _attachment(record, segment, document, report.patient or patient)


def _frame(record: SourceRecord, message: Message, report: Report) -> ClinicalDocument:
    """Return a document without title and text, with the message's time until its content has one."""
    return ClinicalDocument(
        document_id=record.record_id,
        record_id=record.record_id,
        subject=subject_of(report.patient),
        kind=report.kind,
        doc_type=report.doc_type,
        text="",
        time=iso_time(message.segments[0].get(7)),
        provenance=_provenance(record, message, report.header),
        source_key=_source_key(message.segments[0]),
    )


def _source_key(header: Segment) -> tuple[str, ...]:
    """Return the control id (MSH-10), unique per sending application and facility (HL7 v2.9, 2.13.9.10)."""
    control_id = header.get(10)
    return ("hl7v2", header.get(3), header.get(4), control_id) if control_id else ()


def _document(page: Page, frame: ClinicalDocument, patient: Segment | None) -> ClinicalDocument:
    """Complete a document with the page's content and the patient's sex and age."""
    text, align = page.builder.build()
    return replace(
        frame,
        title=clean(frame.title).text,
        text=text,
        align=align,
        sections=named_sections(page.headings, text) if page.headings else find_sections(text),
        fields=(*page.fields, *patient_fields(patient, frame.time)),
        provenance=replace(frame.provenance, changes=page.builder.changes),
    )


def _attachment(
    record: SourceRecord, segment: Segment, report: ClinicalDocument, patient: Segment | None
) -> ClinicalDocument | Withheld:
    """Return an observation's attached text as its own document, or why there is none."""
    value = segment.first(5)
    page = Page(builder=TextBuilder(segment.encoding))
    path = f"OBX[{segment.ordinal}]-5"
    try:
        page.builder.add(attached_text(segment), path=path, source_start=value.start, source_end=value.end)
    except Refused as refused:
        return _withheld(record, refused.reason)
    frame = replace(
        report,
        kind=Kind.NOTE if report.kind is Kind.NOTE else Kind.REPORT,
        doc_type=loinc_of(segment.first(3)) or report.doc_type,
        title=coded_text(segment.first(3)) or report.title,
        provenance=replace(report.provenance, path=path),
    )
    return _document(page, frame, patient)


def _provenance(record: SourceRecord, message: Message, header: Segment | None) -> Provenance:
    code = message.code if message.code.isascii() and message.code.isalpha() and len(message.code) == 3 else "MSH"
    place = f"{header.name}[{header.ordinal}]" if header is not None else "MSH[1]"
    return Provenance(format=record.format, path=f"{place}:{code}")


def _dropped(message: Message) -> Counter[str]:
    """Return counts of non-empty fields that are not read, by segment; local (Z) segments together.

    Identity fields are read by `identities`: omitted from the documents, but not lost.
    """
    counts: Counter[str] = Counter()
    for segment in message.segments:
        view = VIEWS.get(segment.name)
        read = frozenset(view.fields) if view is not None else OTHER_FIELDS.get(segment.name, frozenset())
        read |= people_fields(message, segment.name)
        numbers = [n for n in segment.field_numbers() if n not in read and n > 1]
        if numbers:
            counts["dropped:Z" if segment.name.startswith("Z") else f"dropped:{segment.name}"] += len(numbers)
    return counts


def _withheld(record: SourceRecord, reason: Reason) -> Withheld:
    return Withheld(record_id=record.record_id, stage=StageName.NORMALIZE, reason=reason)


_TEXT_TYPES: Final = frozenset({"TEXT", "TX", "TXT", "PLAIN", "ASCII", "FT", "MD", "MARKDOWN"})
_HTML: Final = frozenset({"HTML", "HTM"})
# A subtype that names a format which is not text, although the type says "TEXT".
_OTHER: Final = frozenset({"RTF", "XML", "PDF", "X-HL7-CDA-LEVEL-ONE"})


def attached_text(segment: Segment) -> str:
    """Return the text carried by an OBX of type ED or RP.

    Args:
        segment: the OBX. PHI.

    Raises:
        Refused: ``EXTERNAL_ATTACHMENT`` (RP: a pointer to elsewhere), ``BAD_ATTACHMENT`` (no or broken data) or
            ``UNSUPPORTED_ATTACHMENT`` (PDF, RTF, images: not text).
    """
    if segment.get(2).upper() == "RP":
        raise Refused(Reason.EXTERNAL_ATTACHMENT)
    value = segment.first(5)
    kinds = {value.component(2).upper(), value.component(3).upper()} - {""}
    data = _data(value.component(4).upper(), value.component(5))
    is_text = not kinds or (kinds & (_TEXT_TYPES | _HTML) and not kinds & _OTHER)
    if not is_text:
        raise Refused(Reason.UNSUPPORTED_ATTACHMENT)
    return plain_text(data, html=bool(kinds & _HTML))


def _data(encoding: str, written: str) -> bytes:
    """Decode ED.5 by its encoding in ED.4: Base64, Hex or A (as is)."""
    if encoding == "A":
        return written.encode()
    if encoding != "HEX":
        return from_base64(written)
    try:
        return bytes.fromhex(written)
    except ValueError:
        raise Refused(Reason.BAD_ATTACHMENT) from None
