"""Shapes and check digits of the most common clinical code systems."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

_LOINC: Final = re.compile(r"(?:LP|LA|LL|LG|MTHU)?(\d{1,7})-(\d)")
_SNOMED: Final = re.compile(r"[1-9]\d{5,17}")
_ICD10: Final = re.compile(r"[A-Z]\d[0-9A-Z](?:\.?[0-9A-Z]{1,4})?(?:-[A-Z]\d[0-9A-Z])?", re.IGNORECASE)
_RXNORM: Final = re.compile(r"\d{1,8}")


def well_formed(code: str) -> bool | None:
    """Whether ``system|code`` has the shape its system prescribes; ``None`` for unknown systems."""
    system, _, value = code.rpartition("|")
    shape = _SHAPES.get(system.casefold().removeprefix("urn:oid:").rstrip("/"))
    return None if shape is None or not value else shape(value)


def is_loinc(code: str) -> bool:
    """Whether a LOINC code's check digit (Luhn, LOINC Users' Guide, appendix) is right."""
    match = _LOINC.fullmatch(code)
    if match is None:
        return False
    if not code[0].isdigit():
        return True  # parts and answers also count letters in their check digit
    total = 0
    for place, digit in enumerate(reversed(match[1])):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return (10 - total % 10) % 10 == int(match[2])


def is_snomed(code: str) -> bool:
    """Whether a SNOMED CT identifier's check digit (Verhoeff, SCTID specification) is right."""
    if _SNOMED.fullmatch(code) is None:
        return False
    state = 0
    for place, digit in enumerate(reversed(code)):
        state = _DIHEDRAL[state][_PERMUTATION[place % 8][int(digit)]]
    return state == 0


_DIHEDRAL: Final = tuple(
    tuple(
        (a + b) % 5 if a < 5 and b < 5 else
        5 + (a + b) % 5 if a < 5 else
        5 + (a - b) % 5 if b < 5 else
        (a - b) % 5
        for b in range(10)
    )
    for a in range(10)
)  # fmt: skip


def _permutations() -> tuple[tuple[int, ...], ...]:
    step = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
    rows = [tuple(range(10))]
    for _ in range(7):
        rows.append(tuple(step[digit] for digit in rows[-1]))
    return tuple(rows)


_PERMUTATION: Final = _permutations()


def _matches(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda code: pattern.fullmatch(code) is not None


_ICD: Final = _matches(_ICD10)
_RX: Final = _matches(_RXNORM)
# FHIR URIs, OIDs and the names of HL7 table 0396; all in lower case.
_SHAPES: Final[Mapping[str, Callable[[str], bool]]] = MappingProxyType(
    {
        **dict.fromkeys(("http://loinc.org", "2.16.840.1.113883.6.1", "ln", "loinc"), is_loinc),
        **dict.fromkeys(("http://snomed.info/sct", "2.16.840.1.113883.6.96", "sct"), is_snomed),
        **dict.fromkeys(("http://hl7.org/fhir/sid/icd-10", "http://hl7.org/fhir/sid/icd-10-cm", "i10", "i10c"), _ICD),
        **dict.fromkeys(("2.16.840.1.113883.6.90", "2.16.840.1.113883.6.3"), _ICD),
        **dict.fromkeys(("http://www.nlm.nih.gov/research/umls/rxnorm", "2.16.840.1.113883.6.88", "rxnorm"), _RX),
    }
)
