"""Read rows of note exports (CSV, JSONL, Parquet): a column mapping with default guesses, one document per row."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from llmops.documents import (
    NOT_TEXT,
    ClinicalDocument,
    Field,
    FieldPhi,
    FieldValue,
    Kind,
    Provenance,
    Reason,
    SourceRecord,
)
from llmops.identities import Identity, Role, SubjectIdentifier
from llmops.normalize.config import NormalizeConfig, TableColumns
from llmops.normalize.errors import Refused
from llmops.normalize.notes.headers import NoteHeader, person_name, read_header
from llmops.normalize.notes.identities import note_identities
from llmops.normalize.notes.kinds import find_title, guess_kind
from llmops.normalize.notes.people import author_in
from llmops.normalize.tables.columns import USUAL, USUAL_IDENTITY, resolve_columns, usual_column
from llmops.normalize.text.builder import TextBuilder
from llmops.normalize.text.cleaning import clean
from llmops.normalize.text.dates import iso_date
from llmops.normalize.text.markup import markup_edits
from llmops.normalize.text.sections import find_sections
from llmops.phi import PhiLabel

_IDENTIFYING: Final = ("SSN", "ACCT", "PLAN", "LICENSE", "OTHERID", "DEVICE")


@dataclass(frozen=True, slots=True)
class _Row:
    """One row under its column mapping. PHI."""

    values: Mapping[str, Any]
    columns: TableColumns
    payload: bytes

    def text(self, name: str) -> str:
        """Return a column's text; invalid text refuses the row, except in dropped columns, which may hold any bytes."""
        value = self.values.get(name) if name else None
        if value == NOT_TEXT:
            raise Refused(Reason.WRONG_ENCODING)
        return "" if value is None else value if isinstance(value, str) else str(value)


def documents(record: SourceRecord, config: NormalizeConfig) -> tuple[ClinicalDocument, ...]:
    """Make one document from a row.

    A row with a patient and kept columns but no text column becomes a short summary of them.

    Args:
        record: a JSON object of column to value. PHI.
        config: the column mapping; unmapped columns are found by usual names.

    Raises:
        Refused: ``MALFORMED``, ``BAD_ROW``, ``MISSING_COLUMN``, ``WRONG_ENCODING``, ``EMPTY`` or ``NO_SUBJECT``.
    """
    row = _row(record, config)
    builder = TextBuilder()
    _add_text(builder, row)
    text, align = builder.build()
    fields = _fields(row)
    if not text.strip():
        raise Refused(Reason.EMPTY)
    header = read_header(text) if config.header_identifiers else NoteHeader()
    subject = _subject(row) or header.subject
    if not subject and config.require_subject:
        raise Refused(Reason.NO_SUBJECT)
    columns = row.columns
    title = clean(row.text(columns.title)).text or (find_title(text) if columns.text else "")
    kind, doc_type = guess_kind(row.text(columns.kind) or title)
    mapped = {getattr(columns, name) for name in USUAL} | {name for name, _ in columns.phi}
    builder.count("dropped:column", sum(1 for name in row.values if name not in mapped))
    return (
        ClinicalDocument(
            document_id=f"{record.record_id}.0",
            record_id=record.record_id,
            subject=subject,
            kind=kind if columns.text else Kind.SUMMARY,
            doc_type=row.text(columns.doc_type) or doc_type,
            title=title,
            text=text,
            sections=find_sections(text),
            fields=fields,
            time=iso_date(row.text(columns.time)) or header.time,
            align=align,
            provenance=Provenance(
                format=record.format, path="text" if columns.text else "row", changes=builder.changes
            ),
            source_key=_source_key(row),
        ),
    )


def identities(record: SourceRecord, config: NormalizeConfig) -> tuple[Identity, ...]:
    """Return the patient and related people from the row's columns and the note's text.

    Args:
        record: a JSON object of column to value. PHI.
        config: the column mapping.

    Raises:
        Refused: as in `documents`.
    """
    row = _row(record, config)
    text = clean(row.text(row.columns.text)).text
    header = read_header(text) if config.header_identifiers else NoteHeader()
    subject = _subject(row) or header.subject
    if not subject:
        return ()
    about = _from_columns(row, header)
    found = list(note_identities(text, about, subject) if config.header_identifiers else [about.identity(subject)])
    author = author_in(row.text(usual_column(row.values, USUAL_IDENTITY["author"])))
    if author is not None:
        found.append(Identity(subject=subject, role=Role.CLINICIAN, names=(author,)))
    return tuple(dict.fromkeys(found))


def _row(record: SourceRecord, config: NormalizeConfig) -> _Row:
    try:
        values = orjson.loads(record.payload)
    except orjson.JSONDecodeError:
        raise Refused(Reason.MALFORMED) from None
    if not isinstance(values, dict):
        raise Refused(Reason.MALFORMED)
    columns = resolve_columns(config.table, values)
    _refuse_no_cells(values, columns)
    return _Row(values, columns, record.payload)


def _refuse_no_cells(values: Mapping[str, Any], columns: TableColumns) -> None:
    """Refuse lists and objects in a kept column, and booleans in place of a text, id or time."""
    roles = {getattr(columns, name) for name in USUAL}
    kept = {name for name, _ in columns.phi}
    for name, value in values.items():
        refused = (list, dict, bool) if name in roles else (list, dict) if name in kept else ()
        if isinstance(value, refused):
            raise Refused(Reason.BAD_ROW)


def _subject(row: _Row) -> tuple[SubjectIdentifier, ...]:
    value = row.text(row.columns.subject).strip()
    assigner = row.text(row.columns.assigner).strip() or row.columns.assigner_name
    return (SubjectIdentifier(value=value, assigner=assigner),) if value else ()


def _source_key(row: _Row) -> tuple[str, ...]:
    """Return the row's own number, scoped by assigner and patient: two exports both begin with 1."""
    number = row.text(row.columns.document_id).strip()
    patient = next((identifier.value for identifier in _subject(row)), "")
    assigner = row.text(row.columns.assigner).strip() or row.columns.assigner_name
    return ("row", assigner, patient, number) if number else ()


def _add_text(builder: TextBuilder, row: _Row) -> None:
    if row.columns.text:
        add_json_string(builder, row.text(row.columns.text), path="text", payload=row.payload)
        return
    for name, treatment in row.columns.phi:
        if treatment in tuple(FieldPhi) and row.text(name):
            builder.add(f"{name.replace('_', ' ')}: ", path=f"column:{name}")
            builder.add(row.text(name), path=f"column:{name}", source_end=len(row.payload))
            builder.newline()


def _fields(row: _Row) -> tuple[Field, ...]:
    fields = [
        Field(name=f"row.{name}", value=_typed(row.values[name]), phi=_treatment(treatment))
        for name, treatment in row.columns.phi
        if row.values.get(name) not in (None, NOT_TEXT)
    ]
    if row.text(row.columns.document_id):
        fields.append(Field(name="row.id", value=row.text(row.columns.document_id), phi=PhiLabel.OTHERID))
    if row.text(row.columns.time):
        time = iso_date(row.text(row.columns.time)) or row.text(row.columns.time)
        fields.append(Field(name="row.time", value=time, phi=PhiLabel.DATE))
    return tuple(fields)


def _typed(value: Any) -> FieldValue:
    if isinstance(value, str):
        return clean(value).text
    return value if isinstance(value, int | float | bool) else str(value)


def _treatment(name: str) -> PhiLabel | FieldPhi:
    """Parse a treatment; an unknown one is searched like free text, not trusted."""
    if name in tuple(FieldPhi):
        return FieldPhi(name)
    return PhiLabel(name) if name in tuple(PhiLabel) else FieldPhi.FREE_TEXT


def _from_columns(row: _Row, header: NoteHeader) -> NoteHeader:
    """Merge identity columns and the note's header; columns take precedence."""

    def value(role: str) -> str:
        return clean(row.text(usual_column(row.values, USUAL_IDENTITY[role]))).text.strip()

    full = person_name(value("name") or " ".join(v for v in (value("given"), value("family")) if v))
    labelled = [
        SubjectIdentifier(value=row.text(name), label=PhiLabel(treatment))
        for name, treatment in row.columns.phi
        if treatment in _IDENTIFYING and row.text(name)
    ]
    ssn = [SubjectIdentifier(value=value("ssn"), label=PhiLabel.SSN)] if value("ssn") else []
    return replace(
        header,
        names=((full,) if full is not None else ()) + header.names,
        birth_date=iso_date(value("birth")) or header.birth_date,
        sex=value("sex")[:1].upper() if value("sex")[:1].upper() in {"F", "M"} else header.sex,
        phones=((value("phone"),) if value("phone") else ()) + header.phones,
        emails=((value("email"),) if value("email") else ()) + header.emails,
        identifiers=(*labelled, *ssn, *header.identifiers),
    )


def add_json_string(builder: TextBuilder, value: str, *, path: str, payload: bytes) -> None:
    """Add a string value line by line, exact if its bytes occur unescaped in the payload.

    A value that cannot be located (escaped differently, or twice in the payload) maps to the whole payload: a wrong
    range would be worse than a wide one. HTML maps to the whole value, since its tags do not keep to lines.

    Args:
        builder: takes the text.
        value: the parsed value. PHI.
        path: the element in the source's terms.
        payload: the record's bytes. PHI.
    """
    start = _find(value, payload)
    if start is None:
        builder.add(value, path=path, source_end=len(payload))
        return
    changes: Counter[str] = Counter()
    markup_edits(value, changes)
    if changes["markup"]:
        builder.add(value, path=path, source_start=start, source_end=start + len(orjson.dumps(value)) - 2)
        return
    for line in value.splitlines(keepends=True):
        encoded = orjson.dumps(line)[1:-1]
        body = line.rstrip("\r\n")
        plain = body.encode()
        end = start + len(encoded)
        exact = encoded.startswith(plain)
        builder.add(body, path=path, source_start=start, source_end=start + len(plain) if exact else end, exact=exact)
        rest = line[len(body) :]
        if rest:
            builder.add(rest, path=path, source_start=start + len(plain) if exact else start, source_end=end)
        start = end


def _find(value: str, payload: bytes) -> int | None:
    try:
        encoded = orjson.dumps(value)
    except orjson.JSONEncodeError:
        return None
    at = payload.find(encoded)
    return at + 1 if at >= 0 and payload.find(encoded, at + 1) < 0 else None
