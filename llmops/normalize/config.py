"""Define the normalisation settings of a recipe: column mapping and record requirements."""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class TableColumns:
    """The meaning of a table's columns; an empty name means "guess from the usual names".

    Args:
        text: the note's text.
        subject: the patient's identifier.
        assigner: who assigned it; without the column, ``assigner_name`` applies to every row.
        assigner_name: the assigner of every row, e.g. ``"epic"``.
        time: clinical time of the note.
        title: title of the note.
        kind: kind of note, in the table's words (``"Radiology"``).
        doc_type: LOINC code of the document type.
        document_id: the note's own number; an identifier, so kept only as an OTHERID field.
        phi: further columns to keep as typed fields, as pairs of column and either a `PhiLabel` value (``"PHONE"``),
            ``"free_text"`` or ``"none"``. Unmapped columns are dropped and counted.
    """

    text: str = ""
    subject: str = ""
    assigner: str = ""
    assigner_name: str = ""
    time: str = ""
    title: str = ""
    kind: str = ""
    doc_type: str = ""
    document_id: str = ""
    phi: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalizeConfig:
    """Settings for turning records into documents.

    Args:
        table: the columns of tabular note exports.
        require_subject: refuse a record without a patient, for which consistency and known identifiers are impossible.
        header_identifiers: read ``MRN:``, ``Patient:``, ``DOB:`` lines at the top of free-text notes, and clinicians,
            relatives and facilities named in letterhead, header and signature.
        max_depth: maximum nesting of a structured record; deeper is an attack or a bug.
    """

    use: Literal["default"] = "default"
    table: TableColumns = field(default_factory=TableColumns)
    require_subject: bool = True
    header_identifiers: bool = True
    max_depth: int = 64
