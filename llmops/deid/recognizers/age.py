"""Ages over 89, 164.514(b)(2)(i)(C), in digits and in words; and birth years that tell one."""

import re
from collections.abc import Iterator
from typing import Final

from llmops.deid.recognizers.rules import Rule, find_by_rules
from llmops.deid.spans import Span, View
from llmops.phi import PhiLabel

NAME: Final = "age"

_OLD: Final = r"(?:9\d|1[01]\d)"
_WORDS: Final = (
    r"(?:ninety(?:[- ](?:one|two|three|four|five|six|seven|eight|nine))?|(?:one|a) hundred(?: and "
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten))?)"
)
_UNIT_AFTER: Final = re.compile(
    r"\s?(?:%|mg|mcg|ml|lb|kg|cm|mm|bpm|/|days?|d\b|hrs?|hours?|min|wks?|weeks?|months?|mo\b|degrees|"
    r"percent|units?|tabs?|pills|ft|feet|cc|"
    r"l\b|dollars|miles|steps|-day|-pack|x\b|\.\d|-\d|:\d|,\d)",
    re.IGNORECASE,
)


def _is_count(folded: str, start: int, end: int) -> bool:
    return _UNIT_AFTER.match(folded, end) is None and folded[max(0, start - 1) : start] not in {"/", ".", "-", "$"}


RULES: Final = (
    Rule(
        r"(?i)\b("
        + _OLD
        + r")[- ]{0,2}(?:y(?:ea)?rs?[- .]{0,2}(?:old|of age)?|y\.?[/ ]?o\.?\b|y\b|yo[mf]\b|years?[- ]old|ans\b|anos)",
        PhiLabel.AGE90,
        0.9,
    ),
    Rule(r"\b(" + _OLD + r")\s?(?:[MFmf]\b|male|female|man\b|woman\b|Male|Female)", PhiLabel.AGE90, 0.85),
    Rule(
        r"(?i)\b(?:age[ds]?|aged|turn(?:ed|s|ing)|dob/age|age/sex|yo|is now|is|at|was|who is|hit|until|"
        r"lived to(?: be)?|died at|d\.|passed at|to be)(?: of)?\s?[:=]?\s{0,12}(" + _OLD + r")\b",
        PhiLabel.AGE90,
        0.7,
        _is_count,
    ),
    Rule(
        r"(?i)\b(?:mother|father|mom|dad|aunt|uncle|grandma|grandpa|grandmother|grandfather|wife|husband|"
        r"sister|brother|he|she|pt|patient|widow|widower|gentleman|lady|woman|man|mgm|mgf|pgm|pgf|sr|jr|"
        r"spouse|neighbor|veteran|resident|female|male)[,( ]{1,3}\(?(" + _OLD + r")(?:[,;)]| and\b| with\b)",
        PhiLabel.AGE90,
        0.5,
        _is_count,
    ),
    Rule(r"(?i)\b(" + _WORDS + r")[- ]?(?:years?|yrs?|y/?o|yo\b)", PhiLabel.AGE90, 0.9),
    Rule(
        r"(?i)\b(?:is|age[d]?|was|turned|turns|turning|to|at|now|,|nearly|almost|she's|he's|mother|father)[ ,]{1,2}("
        + _WORDS
        + r")\b",
        PhiLabel.AGE90,
        0.65,
        _is_count,
    ),
    Rule(r"(?i)\b(?:born|b\.|birth year|yob)(?: in)?\s?[:=]?\s?((?:18\d\d|19[0-2]\d|193[0-5]))\b", PhiLabel.AGE90, 0.8),
)


def find(view: View) -> Iterator[Span]:
    """Yield every find in a view."""
    return find_by_rules(RULES, view, NAME)
