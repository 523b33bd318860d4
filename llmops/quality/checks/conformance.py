"""Conformance: do typed values have the shape of their kind?"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from llmops.documents import DeidentifiedDocument, Evidence, Field
from llmops.phi import PLACEHOLDER, PhiLabel
from llmops.quality.checks.penalties import Penalties
from llmops.quality.policy import QualityPolicy

# ISO 8601 as in FHIR: year, month, day or instant.
_DATE: Final = re.compile(
    r"\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01])"
    r"(?:[T ](?:[01]\d|2[0-3]):[0-5]\d(?::(?:[0-5]\d|60)(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?)?)?"
)
_NUMBER: Final = re.compile(r"\s{0,4}(?:[<>]=?|~|±)?\s{0,4}[+-]?\d{1,15}(?:[.,]\d{1,10})?(?:[eE][+-]?\d{1,3})?\s{0,4}")
_RANGE: Final = re.compile(r"\s{0,4}\d{1,15}(?:\.\d{1,10})?\s{0,4}(?:-|–|to|:|/)\s{0,4}\d{1,15}(?:\.\d{1,10})?\s{0,4}")
# UCUM allows no blanks outside annotations, and only printable ASCII.
_UNIT: Final = re.compile(r"(?:[!-z|~]|\{[ -z|~]{0,60}\}){1,60}")


def check(document: DeidentifiedDocument, policy: QualityPolicy) -> tuple[float, tuple[Evidence, ...]]:
    """Share of valid shapes among those checked; 1 for a document without typed values."""
    del policy  # the standards define the shapes; the policy has no weights for them
    looked_at, wrong = 0, []
    if document.time:
        looked_at += 1
        wrong += [] if _is_date(document.time) else [("bad_date", "time")]
    for field in document.fields:
        rules = _rules(field)
        looked_at += len(rules)
        wrong += [(rule, field.name) for rule, good in rules if not good]
    tally = Penalties()
    for rule, name in wrong:
        tally.add(rule, 1 / looked_at, field=name)
    return tally.result()


def _rules(field: Field) -> list[tuple[str, bool]]:
    found = []
    value = field.value
    if field.phi is PhiLabel.DATE and isinstance(value, str) and value:
        found.append(("bad_date", _is_date(value)))
    if field.code:
        good = well_formed(field.code)
        found += [] if good is None else [("bad_code", good)]
    if field.unit:
        found.append(("bad_unit", _UNIT.fullmatch(field.unit) is not None))
        if isinstance(value, str) and value:
            found.append(("not_a_number", _is_number(value)))
    return found


def _is_date(value: str) -> bool:
    return _DATE.fullmatch(value) is not None or PLACEHOLDER.fullmatch(value) is not None


def _is_number(value: str) -> bool:
    return any(shape.fullmatch(value) for shape in (_NUMBER, _RANGE, PLACEHOLDER))


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
        return True  # parts and answers count their check digit over letters too
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
