"""Telephone numbers, 164.514(b)(2)(i)(D), pagers and extensions."""

import re
from collections.abc import Iterator
from typing import Final

from llmops.deid.recognizers.rules import Rule, find_by_rules
from llmops.deid.recognizers.shapes import SEP, at_least_digits
from llmops.deid.spans import Span, View
from llmops.phi import PhiLabel

NAME: Final = "phone"


def _is_phone(folded: str, start: int, end: int) -> bool:
    """Refuse a stretch of a longer code."""
    before, after = folded[max(0, start - 1) : start], folded[end : end + 1]
    return before not in {"-", "/", ".", "#"} and after not in {"-", "/"} and not folded[end : end + 2].startswith(".1")


_MEASURE: Final = re.compile(r"(?i)\s?(?:[x/%]|mm|cm|mg|mcg|ml|kg|g\b|units?\b|fr\b)")


def _is_extension(folded: str, start: int, end: int) -> bool:
    """Refuse a pH, a page of a report and a size (``11 x 180 mm``)."""
    sized = folded[start - 2 : start].lower() == "x " and folded[max(0, start - 4) : start - 2].strip().isdigit()
    return "." not in folded[start:end] and not sized and _MEASURE.match(folded, end) is None


_SPOKEN: Final = r"(?:oh|zero|one|two|three|four|five|six|seven|eight|nine)"


def _is_spoken(folded: str, start: int, end: int) -> bool:
    """Refuse the year and the dose: a number that is spelt out has four digits at least."""
    return len(folded[start:end].split()) >= 4


RULES: Final = (
    Rule(r"(?i)\b(" + _SPOKEN + r"(?:(?:,? |-| dash )" + _SPOKEN + r"){3,14})\b", PhiLabel.PHONE, 0.76, _is_spoken),
    Rule(r"((?:\+?1[-. /]{0,2})?\(\s?\d{3}\s?\)[-. /]{0,3}\d{3}[-. /]{0,2}\d{4})\b", PhiLabel.PHONE, 0.9),
    Rule(r"((?:(?:\+1|\b1)[-. /]{0,2})?\b\d{3}[-. /]{1,3}\d{3}[-. /]{1,2}\d{4})\b", PhiLabel.PHONE, 0.85, _is_phone),
    Rule(r"\b(\d{3}[-.]\d{4})\b", PhiLabel.PHONE, 0.65, _is_phone),
    Rule(r"(\+\d{1,3}[-. ()]{0,3}\d{1,5}(?:[-. ()]{1,2}\d{2,5}){1,4})\b", PhiLabel.PHONE, 0.85),
    Rule(
        r"(?i)\b(?:tel|telephone|ph|phone|cell|mobile|mob|home|work|call|contact|pager|pgr|pg|beeper|bpr|"
        r"vm|voicemail|hotline|line|text|#|cb|callback|at)\b\.?(?:\s?(?:no|number|#))?"
        + SEP
        + r"(\(?\d{2,5}\)?(?:[-. /]{0,2}\d{2,5}){1,4})\b",
        PhiLabel.PHONE,
        0.8,
        at_least_digits(7),
    ),
    Rule(
        r"(?i)\b(?:ext|extn|extension|x|pager|pgr|pg|beeper|bpr|vocera|ascom|bleep|spectra(?:link)?|dect|"
        r"phone|ph)\b\.?(?:\s?(?:no|number|#|id))?\s?[:#.]{0,2}\s{0,2}([*#]?(?:\d{3,6}|\d{1,3}-\d{3,5}))\b",
        PhiLabel.PHONE,
        0.8,
        _is_extension,
    ),
    Rule(r"(?i)\bext(?:ension)?\b\.?\s?[:#]?\s?(\d{1,2})\b", PhiLabel.PHONE, 0.7),
    Rule(r"\b(x\d{3,6})\b", PhiLabel.PHONE, 0.75),
    Rule(r"\b(0\d{2,4}[- ]\d{3,4}[- ]\d{3,4})\b", PhiLabel.PHONE, 0.8),
)


def find(view: View) -> Iterator[Span]:
    """Yield every find in a view."""
    return find_by_rules(RULES, view, NAME)
