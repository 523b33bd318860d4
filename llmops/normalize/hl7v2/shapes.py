"""Recognise people and identifiers by their components in any field: senders miscount fields."""

import re
from collections.abc import Sequence
from typing import Final

from llmops.documents import FieldPhi
from llmops.normalize.hl7v2.fields import PHI_OF_DATATYPE, is_code_system
from llmops.normalize.hl7v2.segments import FieldText
from llmops.phi import PhiLabel

_PARTICLES: Final = frozenset(
    {"de", "da", "di", "del", "der", "den", "la", "le", "van", "von", "bin", "ibn", "al", "y"}
)
_INITIALS: Final = re.compile(r"(?:[A-Z]\.? ?){1,2}")
_IDENTIFIER: Final = re.compile(r"(?=[^\d]{0,6}\d)[A-Za-z0-9.-]{2,24}")
_DIGITS: Final = re.compile(r"\d{3,}(?:-\d{2,}){0,2}")
_CHECK_DIGIT: Final = re.compile(r"\d{0,2}")
_STATE: Final = re.compile(r"[A-Z]{2}")
_ZIP: Final = re.compile(r"\d{5}(?:-?\d{4})?")
_PREFIXES: Final = frozenset({"DR", "MR", "MRS", "MS", "MISS", "PROF", "REV", "SR", "FR"})
_SUFFIXES: Final = frozenset({"JR", "SR", "II", "III", "IV", "ESQ"})
# HL7 table 0360, and senders' spellings.
_DEGREES: Final = frozenset(
    {
        "MD", "DO", "RN", "NP", "PA", "PAC", "PHD", "DDS", "DMD", "DPM", "DVM", "OD", "PHARMD", "RPH", "LPN", "CNM",
        "CRNA", "CNP", "FNP", "APRN", "ARNP", "DNP", "MSN", "BSN", "MS", "MPH", "MSW", "LCSW", "PSYD", "DPT", "PT",
        "OT", "RD", "RDN", "MBBS", "MBCHB", "FACS", "FACC", "EMT", "BA", "BS", "JD", "MBA",
    }
)  # fmt: skip
# HL7 table 0200, types of names.
_NAME_TYPES: Final = frozenset({"A", "B", "C", "D", "I", "L", "M", "N", "P", "S", "T", "U"})
# HL7 table 0203, limited to people's numbers, and senders' spellings.
_ID_TYPES: Final = frozenset(
    {
        "AN", "BA", "BR", "DL", "DN", "EI", "EN", "HC", "JHN", "LN", "MA", "MB", "MC", "MCD", "MCR", "MD", "MR",
        "MRN", "MRT", "NI", "NPI", "PE", "PI", "PN", "PPN", "PRN", "PT", "RN", "SL", "SN", "SR", "SS", "SSN", "UPIN",
        "VN", "VS", "WC", "XX", "EPI",
    }
)  # fmt: skip
_CHECK_SCHEMES: Final = frozenset({"", "M10", "M11", "ISO", "NPI", "BCV"})
_TELEPHONES: Final = frozenset({"PH", "FX", "CP", "BP", "INTERNET"})
_MOST_WORDS: Final = 4
_LONGEST: Final = 250
"""Characters; a longer field is a narrative containing separators."""


def misplaced(field: FieldText, datatype: str) -> PhiLabel | None:
    """Return what a field holds contrary to its datatype; None if both agree, or nothing looks like PHI.

    Args:
        field: one repetition. PHI.
        datatype: its datatype in the standard.
    """
    declared = PHI_OF_DATATYPE.get(datatype, FieldPhi.FREE_TEXT)
    if isinstance(declared, PhiLabel) and declared is not PhiLabel.DATE:
        return None
    return shape_of(field)


def shape_of(field: FieldText, *, sure: bool = False) -> PhiLabel | None:
    """Classify a field by shape: person (XCN, XPN, CNN), number with assigner (CX), address (XAD), telephone (XTN).

    None if it has none of these shapes.

    Args:
        field: one repetition. PHI.
        sure: require more evidence for a person than a number and two words, which a local code with text and system
            can match too.
    """
    marks = field.delimiters
    if len(field.raw) > _LONGEST or not (marks.component in field.raw or marks.subcomponent in field.raw):
        return None
    parts = _Parts(field.components())
    first = field.raw.partition(marks.component)[0]
    inner = _Parts([field.component(1, n + 1) for n in range(first.count(marks.subcomponent) + 1)])
    if _is_clinician(parts, sure=sure) or _is_person(parts) or (len(inner) > 2 and _is_clinician(inner, sure=False)):
        return PhiLabel.NAME
    if _is_identifier(parts, field):
        return PhiLabel.MRN
    if parts.code(3) in _TELEPHONES:
        return PhiLabel.PHONE
    return PhiLabel.LOC if _STATE.fullmatch(parts[4]) and _ZIP.fullmatch(parts[5]) else None


class _Parts:
    """The components of a field by one-based number; ``""`` after the last. PHI."""

    def __init__(self, parts: Sequence[str]) -> None:
        self._parts = parts

    def __len__(self) -> int:
        return len(self._parts)

    def __getitem__(self, number: int) -> str:
        return self._parts[number - 1] if number <= len(self._parts) else ""

    def code(self, number: int) -> str:
        """Return a component as a table code: capitals, no full stops or hyphens."""
        return self[number].upper().replace(".", "").replace("-", "")


def _is_clinician(parts: _Parts, *, sure: bool) -> bool:
    """Say whether it is an XCN: number, family, given, further, suffix, prefix, degree, source, assigner, name type."""
    if " " in parts[1] or not _is_name(parts[2]) or not (_is_name(parts[3]) or _INITIALS.fullmatch(parts[3])):
        return False
    if parts.code(5) in _SUFFIXES | _PREFIXES or parts.code(6) in _PREFIXES | _DEGREES or parts.code(7) in _DEGREES:
        return True
    if is_code_system(parts[3]):
        return False
    if (parts[9] and parts.code(10) in _NAME_TYPES) or parts.code(13) in _ID_TYPES:
        return True
    # `WinPath` is a system, `INES` or `Ines` is not; a system without a code is none.
    is_numbered = not parts[1] or _DIGITS.fullmatch(parts[1]) is not None
    return not sure and is_numbered and parts[3] in {parts[3].upper(), parts[3].title()}


def _is_person(parts: _Parts) -> bool:
    """Say whether it is an XPN: family, given, further, suffix, prefix, degree, name type."""
    if not (_is_name(parts[1]) and _is_name(parts[2])) or not (not parts[3] or parts[3][0].isalpha()):
        return False
    if parts.code(4) in _SUFFIXES or parts.code(5) in _PREFIXES or parts.code(6) in _DEGREES:
        return True
    if is_code_system(parts[3]):
        return False
    return parts.code(7) in _NAME_TYPES or _INITIALS.fullmatch(parts[3]) is not None


def _is_identifier(parts: _Parts, field: FieldText) -> bool:
    """Say whether it is a CX: number, check digit, scheme, assigner, type; not a code with an alternative.

    A code with an alternative has a text or a system in place of scheme or check digit.
    """
    if not (_IDENTIFIER.fullmatch(parts[1]) and _CHECK_DIGIT.fullmatch(parts[2]) and parts.code(3) in _CHECK_SCHEMES):
        return False
    if is_code_system(parts[6]):
        return False
    return parts.code(5) in _ID_TYPES or bool(field.component(4, 2)) or (not parts[5] and parts[4].isalpha())


def _is_name(text: str) -> bool:
    """Say whether a text is formed like a name: a few words of letters, capitalised except particles."""
    words = [word for word in text.split() if word not in _PARTICLES]
    letters = [word.translate(_IN_NAMES) for word in words]
    return (
        0 < len(words) <= _MOST_WORDS
        and len("".join(letters)) > 1
        and all(word[0].isupper() and plain.isalpha() for word, plain in zip(words, letters, strict=True))
    )


_IN_NAMES: Final = str.maketrans("", "", "'’.-")
