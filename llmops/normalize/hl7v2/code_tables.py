"""Meanings of codes from HL7's own tables, for fields in which senders write the code alone (v2.9, chapter 2C)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from llmops.normalize.hl7v2.segments import FieldText

_YES_NO: Final = (136, {"Y": "yes", "N": "no"})
_ALLERGEN: Final = (
    127,
    {
        "AA": "animal allergy", "DA": "drug allergy", "EA": "environmental allergy", "FA": "food allergy",
        "LA": "pollen allergy", "MA": "miscellaneous allergy", "MC": "miscellaneous contraindication",
        "PA": "plant allergy",
    },
)  # fmt: skip
_SEVERITY: Final = (128, {"SV": "severe", "MO": "moderate", "MI": "mild", "U": "unknown"})

_TABLES: Final[Mapping[str, tuple[int, Mapping[str, str]]]] = MappingProxyType(
    {
        "PID-8": (
            1,
            {"F": "female", "M": "male", "O": "other", "U": "unknown", "A": "ambiguous", "N": "not applicable"},
        ),
        "PID-30": _YES_NO,
        "PDA-9": _YES_NO,
        "PV1-2": (
            4,
            {
                "E": "emergency", "I": "inpatient", "O": "outpatient", "P": "preadmit", "R": "recurring patient",
                "B": "obstetrics", "C": "commercial account", "N": "not applicable", "U": "unknown",
            },
        ),
        "PV1-4": (
            7,
            {
                "A": "accident", "E": "emergency", "L": "labor and delivery", "R": "routine", "N": "newborn",
                "U": "urgent", "C": "elective",
            },
        ),
        "PV1-10": (
            69,
            {
                "MED": "medical service", "SUR": "surgical service", "URO": "urology service",
                "PUL": "pulmonary service", "CAR": "cardiac service",
            },
        ),
        "DG1-6": (52, {"A": "admitting", "W": "working", "F": "final"}),
        "AL1-2": _ALLERGEN,
        "IAM-2": _ALLERGEN,
        "AL1-4": _SEVERITY,
        "IAM-4": _SEVERITY,
        "PR1-6": (
            230,
            {"A": "anesthesia", "P": "procedure for treatment", "I": "invasive procedure", "D": "diagnostic procedure"},
        ),
        "ORC-5": (
            38,
            {
                "A": "some, not all, results available", "CA": "order was cancelled", "CM": "order is completed",
                "DC": "order was discontinued", "ER": "error, order not found", "HD": "order is on hold",
                "IP": "in process", "RP": "order has been replaced", "SC": "in process, scheduled",
            },
        ),
        "OBR-25": (
            123,
            {
                "A": "some, not all, results available", "C": "corrected", "F": "final",
                "I": "no results, specimen received, procedure incomplete", "M": "corrected, not final",
                "N": "not asked", "O": "order received, specimen not yet received", "P": "preliminary",
                "R": "results stored, not yet verified", "S": "no results, procedure scheduled",
                "X": "no results, order cancelled", "Y": "no order on record", "Z": "no record of this patient",
            },
        ),
        "RXA-20": (322, {"CP": "complete", "RE": "refused", "NA": "not administered", "PA": "partially administered"}),
        "RXC-1": (166, {"B": "base", "A": "additive", "S": "text with name and strength"}),
        "TXA-17": (
            271,
            {
                "DI": "dictated", "DO": "documented", "IP": "in progress", "IN": "incomplete",
                "PA": "pre-authenticated", "AU": "authenticated", "LA": "legally authenticated",
            },
        ),
    }
)  # fmt: skip
"""By field: table number and meanings. Tables that each site defines itself are left out."""


def meaning(name: str, field: FieldText) -> tuple[str, str]:
    """Return the meaning of a bare HL7 table code and ``HL7nnnn|code``; two empty texts for anything else.

    Args:
        name: the field, e.g. ``"PV1-2"``.
        field: one repetition. PHI.
    """
    number, meanings = _TABLES.get(name, (0, {}))
    code, *rest = (part.upper() for part in field.components())
    # The sender's own meaning or coding system takes precedence.
    said = meanings.get(code, "") if not any(rest) else ""
    return (said, f"HL7{number:04d}|{code}") if said else ("", "")
