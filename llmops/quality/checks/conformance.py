"""Conformance: do typed values have the shape of their kind?"""

import re
from typing import Final

from llmops.documents import DeidentifiedDocument, Evidence, Field
from llmops.phi import PLACEHOLDER, PhiLabel
from llmops.quality.checks.codes import well_formed
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
