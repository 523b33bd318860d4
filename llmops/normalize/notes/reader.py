"""Read plain text, Markdown and HTML notes: one record, one document."""

import re
from typing import Final

from llmops.documents import ClinicalDocument, Provenance, Reason, SourceRecord
from llmops.identities import Identity
from llmops.normalize.config import NormalizeConfig
from llmops.normalize.errors import Refused
from llmops.normalize.notes.headers import NoteHeader, read_header
from llmops.normalize.notes.identities import note_identities
from llmops.normalize.notes.kinds import find_title, guess_kind
from llmops.normalize.text.builder import TextBuilder
from llmops.normalize.text.cleaning import clean
from llmops.normalize.text.decode import decode
from llmops.normalize.text.html_text import html_to_text
from llmops.normalize.text.sections import find_sections

_HTML: Final = re.compile(r"\s*<(?:!doctype html|html|body)\b", re.IGNORECASE)


def documents(record: SourceRecord, config: NormalizeConfig) -> tuple[ClinicalDocument, ...]:
    """Make one document from a note.

    Args:
        record: the note's bytes. PHI.
        config: whether a subject is required and header lines are read.

    Raises:
        Refused: ``EMPTY``, ``WRONG_ENCODING``, ``UNKNOWN_FORMAT`` (RTF), or ``NO_SUBJECT`` if a record number is
            required but missing.
    """
    decoded = decode(record)
    builder = TextBuilder(decoded.encoding)
    is_html = _HTML.match(decoded.text) is not None
    raw = html_to_text(decoded.text) if is_html else decoded.text
    builder.add(raw, path="text", source_start=decoded.start, source_end=len(record.payload), exact=not is_html)
    text, align = builder.build()
    if not text.strip():
        raise Refused(Reason.EMPTY)
    header = read_header(text) if config.header_identifiers else NoteHeader()
    if not header.subject and config.require_subject:
        raise Refused(Reason.NO_SUBJECT)
    title = find_title(text)
    kind, doc_type = guess_kind(title)
    return (
        ClinicalDocument(
            document_id=f"{record.record_id}.0",
            record_id=record.record_id,
            subject=header.subject,
            kind=kind,
            doc_type=doc_type,
            title=title,
            text=text,
            sections=find_sections(text),
            time=header.time,
            align=align,
            provenance=Provenance(format=record.format, path="text", changes=builder.changes),
        ),
    )


def identities(record: SourceRecord, config: NormalizeConfig) -> tuple[Identity, ...]:
    """Return the people a note names in its head, its signature and by relationship to the patient.

    Args:
        record: the note's bytes. PHI.
        config: whether header lines are read.
    """
    if not config.header_identifiers:
        return ()
    raw = decode(record).text
    text = clean(html_to_text(raw) if _HTML.match(raw) else raw).text
    header = read_header(text)
    return tuple(note_identities(text, header, header.subject)) if header.subject else ()
