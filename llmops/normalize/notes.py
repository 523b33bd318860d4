"""Plain text and Markdown notes: one record, one document."""

from llmops.documents import ClinicalDocument, Format, Identity, Provenance, Reason, SourceRecord
from llmops.normalize.builder import TextBuilder
from llmops.normalize.config import NormalizeConfig
from llmops.normalize.decode import decode
from llmops.normalize.errors import Refused
from llmops.normalize.note_headers import NoteHeader, read_header
from llmops.normalize.note_kinds import find_title, guess_kind
from llmops.normalize.sections import find_sections
from llmops.normalize.text import clean


def documents(record: SourceRecord, config: NormalizeConfig) -> tuple[ClinicalDocument, ...]:
    """Make one document of a note.

    Args:
        record: the note's bytes. PHI.
        config: whether a subject is required and header lines are read.

    Raises:
        Refused: ``EMPTY``, ``WRONG_ENCODING``, or ``NO_SUBJECT`` where no record number is found and one is required.
    """
    decoded = decode(record)
    builder = TextBuilder(decoded.encoding)
    builder.add(decoded.text, path="text", source_start=decoded.start, source_end=len(record.payload), exact=True)
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
            provenance=Provenance(format=Format.TEXT, path="text", changes=builder.changes),
        ),
    )


def identities(record: SourceRecord, config: NormalizeConfig) -> tuple[Identity, ...]:
    """Say what the note's patient block knows about the patient.

    Args:
        record: the note's bytes. PHI.
        config: whether header lines are read.
    """
    if not config.header_identifiers:
        return ()
    header = read_header(clean(decode(record).text).text)
    return (header.identity(header.subject),) if header.subject else ()
