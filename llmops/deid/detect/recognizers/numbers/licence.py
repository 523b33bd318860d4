"""Certificate and licence numbers, 164.514(b)(2)(i)(K): NPI and DEA by check digit, others by a cue word."""

import re
from collections.abc import Iterator
from typing import Final

from llmops.deid.detect.recognizers.rules import PatternRule, Rules
from llmops.deid.detect.recognizers.shapes import CODE, SEP, is_code
from llmops.deid.spans import Span, View
from llmops.phi import PhiLabel

NAME: Final = "licence"
LABEL: Final = PhiLabel.LICENSE
_is_number: Final = is_code(3)


def is_npi(folded: str, start: int, end: int) -> bool:
    """Check the Luhn digit over the number prefixed with 80840 (45 CFR 162.406)."""
    total = 24
    for place, character in enumerate(reversed(folded[start:end])):
        value = int(character) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def is_dea(folded: str, start: int, end: int) -> bool:
    """Check the last digit: digits 1, 3, 5 plus twice the digits 2, 4, 6, modulo 10."""
    digits = [int(c) for c in folded[start + 2 : end]]
    return (sum(digits[0:6:2]) + 2 * sum(digits[1:6:2])) % 10 == digits[6]


def _is_licence(folded: str, start: int, end: int) -> bool:
    """Refuse the reference range after a unit: ``9.8 mg/dL (0.6-1.3)``."""
    per_decilitre = re.search(r"(?i)/dl\W{0,30}\Z", folded[max(0, start - 40) : start]) is not None
    return not per_decilitre and _is_number(folded, start, end)


RULES: Final = Rules(
    PatternRule(r"(?i)\b(?:npi)?([12]\d{9})\b", PhiLabel.LICENSE, 0.6, is_npi),
    PatternRule(r"(?i)\b([ABCDEFGHJKLMPRSTUX][A-Z9]\d{7})\b", PhiLabel.LICENSE, 0.6, is_dea),
    PatternRule(
        r"(?i)\b(?:npi|dea|gmc|nmc|ncpdp|clia|upin|licen[sc]e|lic|ohip billing|nrcme|dl|d\.l\.|driver'?s? "
        r"lic(?:en[sc]e)?|cdl|passport|cert(?:ification|ified)?|ame|reg(?:istration)?|registry|stamp lic|"
        r"state lic|ptan|tin|badge|pin)(?:\b|#)(?:\s?(?:id|no|number|#|nr|num))*"
        + SEP
        + r"((?-i:(?:[A-Z]{2}[- ])?"
        + CODE
        + r"))",
        PhiLabel.LICENSE,
        0.82,
        _is_licence,
    ),
)


def find(view: View) -> Iterator[Span]:
    """Yield the certificate and licence numbers in a view."""
    return RULES.find(view, NAME)
