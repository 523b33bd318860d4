"""Plausibility: are the values possible in a living person?"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from llmops.documents import DeidentifiedDocument, Evidence
from llmops.phi import PhiLabel
from llmops.quality.checks.penalties import Penalties
from llmops.quality.policy import Measure, QualityPolicy

_PENALTY: Final = 0.35
_FUTURE: Final = 0.2  # may be an appointment or an expiry date
_GAP: Final = r"(?:[ \t]{0,3}[:=][ \t]{0,3}|[ \t]{1,3}(?:(?:is|was|of|at|-)[ \t]{1,3})?)"
# Not part of a range, fraction, date or clock time (0400), and not the first of several.
_VALUE: Final = r"(?!0\d)(\d{1,6}(?:\.\d{1,3})?)(?![\d/.-]\d|\d| ?[&-])"
_PRESSURE: Final = re.compile(r"\b(?:bp|blood pressure)\b" + _GAP + r"(\d{1,4})[ \t]?/[ \t]?(\d{1,4})\b", re.IGNORECASE)
_AGE: Final = re.compile(
    r"(?<![\w.-])(-?\d{1,4})(?:[ -]?(?:years?|yrs?)[ -](?:old|of age)|[ -]?y/?o)\b"
    r"|\bage[d:]?[ \t]{1,3}(-?\d{1,4})\b(?![/.-]\d)",
    re.IGNORECASE,
)
_YEAR: Final = re.compile(
    r"(?<![\w/-])(?:\[DATE )?((?:19|20|21)\d{2})(?:\]|-(?:0[1-9]|1[0-2])(?:-\d{2})?\b)"
    r"|\b\d{1,2}/\d{1,2}/((?:19|20|21)\d{2})\b"
)
# Doses and durations: "potassium 40 meq daily" is no laboratory value.
_OTHER_UNITS: Final = frozenset(
    """
    mg mcg ug g kg ml l dl cc meq mmol iu unit units tab tabs tablet tablets cap caps puffs drops x times percent mm cm
    m in ft lb lbs oz min mins minutes h hr hrs hours d day days week weeks month months year years
    """.split()  # noqa: SIM905 - they read better as words
)
_SYSTOLIC: Final = "systolic_pressure"
_DIASTOLIC: Final = "diastolic_pressure"


def check(document: DeidentifiedDocument, policy: QualityPolicy) -> tuple[float, tuple[Evidence, ...]]:
    """Look for impossible vital signs, laboratory values, ages and dates, in text and in typed fields."""
    tally = Penalties()
    _measures_in_text(document.text, policy, tally)
    _pressures(document.text, policy, tally)
    _ages(document.text, policy, tally)
    _fields(document, policy, tally)
    if policy.reference_year:
        _dates(document, policy.reference_year, tally)
    return tally.result()


def _measures_in_text(text: str, policy: QualityPolicy, tally: Penalties) -> None:
    by_term = {term: measure for measure in policy.measures for term in measure.terms}
    for match in _term_pattern(tuple(by_term)).finditer(text):
        measure = by_term[match[1].lower()]
        if not _fits(measure, float(match[2]), _unit(measure, match[3] or "")):
            tally.add("implausible_value", _PENALTY, *match.span(2))


@lru_cache(maxsize=8)
def _term_pattern(terms: tuple[str, ...]) -> re.Pattern[str]:
    """Match ``term value unit``; longest term first, so that "blood glucose" is not read as "glucose"."""
    options = "|".join(re.escape(term) for term in sorted(terms, key=len, reverse=True))
    unit = r"(?:([ \t]?[%°A-Za-z\[{/µ][^\s,;)]{0,15}))?"
    return re.compile(rf"(?<![\w+])({options})(?![\w+]){_GAP}{_VALUE}{unit}", re.IGNORECASE)


def _unit(measure: Measure, follows: str) -> str:
    """The unit after a number in text; a word that is no unit at all is just the next word."""
    unit = follows.strip().rstrip(".")
    known = unit.casefold() in measure.units or unit.casefold() in _OTHER_UNITS
    return "" if follows[:1].isspace() and unit.isalpha() and not known else unit


def _fits(measure: Measure, value: float, unit: str) -> bool:
    """Whether a value is possible in its unit; a unit missing from the policy is not judged."""
    limits = _limits(measure.units, unit)
    return not limits or any(low <= value <= high for low, high in limits)


def _limits(units: Mapping[str, tuple[float, float]], unit: str) -> tuple[tuple[float, float], ...]:
    found = units.get(unit.casefold())
    if found is not None:
        return (found,)
    return () if unit else tuple(units.values())


def _pressures(text: str, policy: QualityPolicy, tally: Penalties) -> None:
    by_name = {measure.name: measure for measure in policy.measures}
    for match in _PRESSURE.finditer(text):
        systolic, diastolic = int(match[1]), int(match[2])
        for name, value, group in ((_SYSTOLIC, systolic, 1), (_DIASTOLIC, diastolic, 2)):
            if name in by_name and not _fits(by_name[name], value, ""):
                tally.add("implausible_value", _PENALTY, *match.span(group))
        if systolic <= diastolic:
            tally.add("pressure_reversed", _PENALTY, match.start(1), match.end(2))


def _ages(text: str, policy: QualityPolicy, tally: Penalties) -> None:
    for match in _AGE.finditer(text):
        group = 1 if match[1] else 2
        if not 0 <= int(match[group]) <= policy.plausibility.max_age_years:
            tally.add("impossible_age", _PENALTY, *match.span(group))


def _fields(document: DeidentifiedDocument, policy: QualityPolicy, tally: Penalties) -> None:
    by_code = {code: measure for measure in policy.measures for code in measure.codes}
    pressures: dict[str, float] = {}
    for field in document.fields:
        measure = by_code.get(field.code)
        value = _number(field.value)
        if measure is None or value is None:
            continue
        if not _fits(measure, value, field.unit):
            tally.add("implausible_value", _PENALTY, field=field.name)
        if measure.name == _SYSTOLIC:
            pressures[_SYSTOLIC] = value
        elif measure.name == _DIASTOLIC and pressures.pop(_SYSTOLIC, value + 1) <= value:
            tally.add("pressure_reversed", _PENALTY, field=field.name)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d{1,12}(?:\.\d{1,6})?", value) is None:
        return None
    return float(value)


def _dates(document: DeidentifiedDocument, latest: int, tally: Penalties) -> None:
    for start, end, year in _years(document.text):
        if year > latest:
            tally.add("future_date", _FUTURE, start, end)
    stamped = [(field.name, field.value) for field in document.fields if field.phi is PhiLabel.DATE]
    for name, value in (("time", document.time), *stamped):
        stamp = re.match(r"(?:\[DATE )?(\d{4})", value) if isinstance(value, str) else None
        if stamp is not None and int(stamp[1]) > latest:
            tally.add("future_date", _FUTURE, field=name)


def _years(text: str) -> Iterator[tuple[int, int, int]]:
    for match in _YEAR.finditer(text):
        group = 1 if match[1] else 2
        yield (*match.span(group), int(match[group]))
