"""Determine the meaning of a table's columns: the recipe's mapping, completed by usual names."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from llmops.documents import Reason
from llmops.normalize.config import TableColumns
from llmops.normalize.errors import Refused

USUAL: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "text": (
            "text", "note_text", "notetext", "note", "report_text", "report", "narrative", "content", "body",
            "document_text", "transcription", "clinical_text", "clinical_note", "section_text",
        ),
        "subject": (
            "mrn", "patient_mrn", "pat_mrn_id", "patient_id", "patientid", "subject_id", "pat_id", "person_id",
            "patient_num", "subject", "patient",
        ),
        "assigner": ("assigner", "assigning_authority", "mrn_system", "facility_oid"),
        "time": (
            "charttime", "note_date", "notedate", "note_datetime", "date_of_service", "service_date", "chartdate",
            "report_date", "created", "datetime", "timestamp", "date", "time",
        ),
        "title": ("title", "note_title", "description", "note_name"),
        "kind": ("note_type", "notetype", "category", "document_type", "report_type", "type", "kind"),
        "doc_type": ("loinc", "doc_type", "loinc_code", "doc_type_loinc"),
        "document_id": ("note_id", "noteid", "document_id", "report_id", "row_id", "id"),
    }
)  # fmt: skip
"""Usual column names by role, most specific first, lower case."""

USUAL_IDENTITY: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "name": ("patient_name", "pat_name", "patientname", "full_name", "name"),
        "family": ("last_name", "lastname", "patient_last_name", "family_name", "surname"),
        "given": ("first_name", "firstname", "patient_first_name", "given_name"),
        "birth": ("dob", "birth_date", "birthdate", "date_of_birth", "patient_dob"),
        "sex": ("sex", "gender"),
        "phone": ("phone", "patient_phone", "phone_number", "telephone"),
        "email": ("email", "patient_email"),
        "ssn": ("ssn",),
        "author": (
            "author", "author_name", "note_author", "provider", "provider_name", "clinician", "clinician_name",
            "physician", "attending", "signed_by",
        ),
    }
)  # fmt: skip
"""Usual names of patient and author columns; read for the vault, never released."""


def resolve_columns(table: TableColumns, values: Mapping[str, Any]) -> TableColumns:
    """Complete the mapping by usual names; a column that the recipe names must exist.

    Args:
        table: the recipe's mapping.
        values: one row by column name. PHI.

    Raises:
        Refused: ``MISSING_COLUMN`` if a named column is absent, or no column gives text.
    """
    return _resolved(table, tuple(values))


def missing_columns(table: TableColumns, values: Collection[str]) -> tuple[str, ...]:
    """Return the mapped columns that a table lacks; empty if `resolve_columns` would succeed.

    Args:
        table: the recipe's mapping.
        values: the table's column names. They may be PHI: without a header they are the first row.

    Returns:
        Names as in the recipe; ``text`` if no column has a usual name for the text.
    """
    named = tuple(getattr(table, role) for role in USUAL if getattr(table, role) and getattr(table, role) not in values)
    kept = any(name in values for name, _ in table.phi)
    return named if named or kept or _found(table, tuple(values))["text"] else ("text",)


@lru_cache(maxsize=16)
def _resolved(table: TableColumns, values: tuple[str, ...]) -> TableColumns:
    if missing_columns(table, values):
        raise Refused(Reason.MISSING_COLUMN)
    changes: dict[str, Any] = dict(_found(table, values))
    return replace(table, **changes)


def _found(table: TableColumns, values: tuple[str, ...]) -> dict[str, str]:
    """Return the column of each role: the named one, else the first usual one still free."""
    taken = {name for name, _ in table.phi}
    free = tuple(name for name in values if name not in taken)
    return {role: getattr(table, role) or usual_column(free, usual) for role, usual in USUAL.items()}


def usual_column(columns: Collection[str], usual: Collection[str]) -> str:
    """Return the first usual name that a table has, as the table writes it, or empty."""
    by_lower = _by_lower(tuple(columns))
    return next((by_lower[name] for name in usual if name in by_lower), "")


@lru_cache(maxsize=16)
def _by_lower(columns: tuple[str, ...]) -> Mapping[str, str]:
    """Map lower-case names to names, the first if several agree; cached, as a table's rows share one header."""
    return {name.lower(): name for name in reversed(columns)}
