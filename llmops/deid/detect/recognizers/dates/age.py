"""Ages over 89, 164.514(b)(2)(i)(C), in digits and words, and birth years that reveal one."""

import re
from collections.abc import Iterator
from typing import Final

from llmops.deid.ages import YEAR_OF_WRITING, is_over_89
from llmops.deid.dates import full_year
from llmops.deid.detect.recognizers.dates.quantities import is_aged, is_count, is_quantity
from llmops.deid.detect.recognizers.rules import PatternRule, Rules
from llmops.deid.spans import Span, View
from llmops.phi import OLDEST_AGE, PhiLabel

NAME: Final = "age"
LABEL: Final = PhiLabel.AGE90

_OLD: Final = r"(?:9\d|1[01]\d)"
_ONES: Final = "one|two|three|four|five|six|seven|eight|nine"
_WORDS: Final = (
    r"(?:ninety(?:[- ](?:"
    + _ONES
    + r")\b|[- ]and[- ]a[- ]half)?|(?:(?:one|a)[- ])?hundred(?:[- ]and[- ](?:"
    + _ONES
    + r"|ten)\b)?|"
    r"one[- ]oh[- ](?:" + _ONES + r"))"
)
_OLD_ORDINAL: Final = (
    r"(?:ninetieth|ninety[- ](?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)|"
    r"(?:(?:one|a)[- ])?hundred(?:th|[- ]and[- ](?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth)))"
)
_PERSON: Final = (
    r"(?:i|s?he|who|mother|father|mom|dad|aunt|uncle|grandma|grandpa|grandmother|grandfather|wife|husband|sister|"
    r"brother|pt|patient|widow|widower|gentleman|lady|woman|man|spouse|neighbor|veteran|resident)"
)


def _is_plain(folded: str, start: int, end: int) -> bool:
    return not is_quantity(folded, start, end) and folded[max(0, start - 1) : start] not in {"/", ".", "-", "$"}


_FAR: Final = 60
_BOUND: Final = re.compile(r"\b(?:(?:hotter|higher|more|less) than|over|above|under|below) \Z|[^\n-] ?[<>] ?\Z")


_NOT_BEFORE_SEX: Final = re.compile(
    r"(?:\bT|[Tt]emp(?:erature)?\.?|TEMP|Tmax|to|[Rr]oom|\b[Rr]m\.?|\S-)[ :?]{0,2}\Z|[./+]\Z"
)
_FIELD: Final = re.compile(
    r"(?i)(?<!\bhpi)(?<!\bid)(?<!\bcc)(?<!\bpt)(?<!\bhx)(?<!\bpatient)(?<!\bhistory)(?<!\billness)(?<!\bsubjective)"
    r"(?<!\bsummary)(?<!\breason)(?<!\bassessment)(?<!\bimpression):[ :?]{0,2}\Z"
)
"""A field that may hold a temperature: not one beginning with who the patient is."""


def _is_person(folded: str, start: int, end: int) -> bool:
    """Refuse a temperature (``T 97 F``), a distance (``100 m``), a room (``91F``), an isotope (``Tc-99m``), a count."""
    before = folded[max(0, start - 14) : start]
    fahrenheit = folded[end : end + 2].strip().startswith("F")
    hot = bool(_NOT_BEFORE_SEX.search(before) or (fahrenheit and _FIELD.search(before)))
    hot = hot or re.match(r" ?F ?\(\d\d(?:\.\d)? ?C", folded[end : end + 10]) is not None
    hot = hot or (folded[end - 1 : end + 2].strip().endswith("F") and _BOUND.search(folded[:start][-14:]) is not None)
    isotope = re.search(r"(?i)(?:technetium|\btc)[ -]?\Z", folded[max(0, start - 12) : start]) is not None
    return not (hot or isotope or is_count(folded, start, end)) and folded[end : end + 2] != " m"


def _is_birth_year(folded: str, start: int, end: int) -> bool:
    """Accept a birth year of somebody now over 89 (``'29``: nobody is born in the future); refuse part of a date."""
    born = full_year(folded[start:end], YEAR_OF_WRITING - 1) or YEAR_OF_WRITING
    return is_over_89(born) and re.match(r"[-/.]\d", folded[end : end + 2]) is None


def _is_ones_own(folded: str, start: int, end: int) -> bool:
    return not is_count(folded, start, end)


_IN_A_YEAR: Final = {"m": 12, "w": 52, "d": 365}


def _is_long_ago(folded: str, start: int, end: int) -> bool:
    """Accept an age in months, weeks or days that exceeds 89 years."""
    a_year = _IN_A_YEAR[folded[end + 1].lower()]
    return int(folded[start:end].replace(",", "")) >= (OLDEST_AGE + 1) * a_year


_NO_AGE_BEFORE: Final = re.compile(
    r"(?i)\b(?:sat|sats|satting|spo2|o2|oxygen|sao2|temps?|hr|pulse|rate|bp|systolics?|sbp|map|sugars?|glucose)\b|"
    r"\b(?:the|since|until|till|during|from|by)\s\Z"
)


def _is_no_reading(folded: str, start: int, _end: int) -> bool:
    """Refuse a decade (``since the late nineties``) and a reading (``sats in the mid nineties``)."""
    return _NO_AGE_BEFORE.search(folded, max(0, start - _FAR), start) is None


RULES: Final = Rules(
    PatternRule(
        r"(?i)\b("
        + _OLD
        + r")[- ]{0,2}(?:y(?:ea)?rs?[- .]{0,2}(?:old|of age)?|y\.?[/ ]?o\.?\b|y\b|yo[mf]\b|years?[- ]old|ans\b|anos)",
        PhiLabel.AGE90,
        0.9,
        _is_ones_own,
    ),
    PatternRule(
        r"\b(" + _OLD + r")\s{0,4}(?:/ ?)?(?:[MFmf]\b|male|female|man\b|woman\b|Male|Female|lady|gentleman)",
        PhiLabel.AGE90,
        0.85,
        _is_person,
    ),
    PatternRule(
        r"(?i)\b(?:age[ds]?(?: \(?(?:in )?ye?a?rs?\)?| at \w{2,12})?|turn(?:ed|s|ing)?|dob/age|age/sex|"
        r"lived to(?: be)?|died at|passed at|until|hit|"
        r"(?:mother|father|mom|dad|aunt|uncle|grandmother|grandfather|sister|brother|wife|husband|"
        r"s?he) reached)(?: of| at| is| was)?\s?[:=|/]{0,2}\s{0,12}(" + _OLD + r")\b",
        PhiLabel.AGE90,
        0.85,
        _is_plain,
    ),
    PatternRule(
        r"(?i)\b(?:young|old|ripe|(?:man|lady|woman|gentleman|mother|father|widow|widower) of) (" + _OLD + r")\b",
        PhiLabel.AGE90,
        0.76,
        _is_plain,
    ),
    PatternRule(r"(?i)<patientage>0?(" + _OLD + r")\b", PhiLabel.AGE90, 0.9),
    PatternRule(
        r"(?i)\b"
        + _PERSON
        + r"(?:'s|'m| am| is| was|'ll be| will be| would be)(?: now| about| almost| nearly| past)? ("
        + _OLD
        + r")\b",
        PhiLabel.AGE90,
        0.8,
        _is_plain,
    ),
    PatternRule(
        r"(?i)\b" + _PERSON + r"[:,( ]{1,3}(" + _OLD + r")(?:[,;)]| and\b| with\b)", PhiLabel.AGE90, 0.76, _is_plain
    ),
    PatternRule(
        r"\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|Sr|Sra|Fr)\.? [A-Z~][A-Za-z~'-]+(?: [A-Z~][A-Za-z~'-]+)?(?:,| \(| is| was) ?("
        + _OLD
        + r")\b",
        PhiLabel.AGE90,
        0.8,
        _is_plain,
    ),
    PatternRule(r"(?i)\b(?:being|despite) (" + _OLD + r")\b", PhiLabel.AGE90, 0.6, _is_plain),
    PatternRule(
        r"(?i)\b(?:yo|is now|is|at|was|d\.|to be|past|over)\s?[:=]?\s{0,12}(" + _OLD + r")\b",
        PhiLabel.AGE90,
        0.6,
        is_aged,
    ),
    PatternRule(r"(?i)\b(" + _WORDS + r")[- ]?(?:years?|yrs?|y/?o|yo\b)", PhiLabel.AGE90, 0.9),
    PatternRule(
        r"(?i)\b(?:is|age[d]?|was|turned|turns|turning|to|at|now|,|nearly|almost|i'm|she's|he's|mother|father|"
        r"about|says|said|calls)[: ,]{1,2}(" + _WORDS + r")\b",
        PhiLabel.AGE90,
        0.76,
        _is_plain,
    ),
    PatternRule(
        r"(?i)\b(?:born|b\.|birth year|year of birth|yob|dob|d\.o\.b\.|date of birth|birth ?date)(?: in)?"
        r"\s?[:=]?\s?((?:18|19)\d\d|'\d\d)\b",
        PhiLabel.AGE90,
        0.8,
        _is_birth_year,
    ),
    PatternRule(rf"(?i)\b({_OLD}(?:st|nd|rd|th)|{_OLD_ORDINAL})[- ]b(?:irth|-)?day", PhiLabel.AGE90, 0.9),
    PatternRule(r"(?i)\b(nonagenarian|(?:super-?|semi-?super-?)?centenarian)s?\b", PhiLabel.AGE90, 0.9),
    PatternRule(
        r"(?i)\b(?:his|her|their|my|your|our) ((?:(?:early|late|mid)[- ]?)?(?:nineties|'?90'?s))\b",
        PhiLabel.AGE90,
        0.85,
    ),
    PatternRule(r"(?i)\b((?:early|late|mid)[- ]?nineties)\b", PhiLabel.AGE90, 0.85, _is_no_reading),
    PatternRule(
        r"(?i)\b(\d{1,2},?\d{3})[- ](?:months?|mos?|weeks?|wks?|days?)[- ](?:old|of age)\b",
        PhiLabel.AGE90,
        0.9,
        _is_long_ago,
    ),
)


def find(view: View) -> Iterator[Span]:
    """Yield the ages over 89 in a view."""
    return RULES.find(view, NAME)
