"""Social Security numbers, 164.514(b)(2)(i)(G): whole, spaced, last four beside a cue word, and other national ids."""

from collections.abc import Iterator
from typing import Final

from llmops.deid.detect.recognizers.rules import PatternRule, Rules
from llmops.deid.detect.recognizers.shapes import CODE, GAP, SEP, apart_from_digits, at_least_digits
from llmops.deid.spans import Span, View
from llmops.phi import PhiLabel

NAME: Final = "ssn"
LABEL: Final = PhiLabel.SSN


_is_apart: Final = apart_from_digits(r"\d{3}-\d{2}-\d{4}|\d{3}-\d{3}-\d{4}")


def _is_ssn(folded: str, start: int, end: int) -> bool:
    return not folded.startswith("000", start) and _is_apart(folded, start, end)


RULES: Final = Rules(
    PatternRule(
        r"\b(\d{3}(?:[- ]{1,3}|-\s{1,3})\d{2}(?:[- ]{1,3}|-\s{1,3})\d{4})\b",
        PhiLabel.SSN,
        0.9,
        _is_ssn,
    ),
    PatternRule(r"(?i)(?:\bx{3}|\*{3})[- ]?(?:x{2}|\*{2})[- ]?(\d{4})\b", PhiLabel.SSN, 0.95),
    PatternRule(
        r"(?i)\b(?:ssn?|soc(?:ial)?\.?\s?sec(?:urity)?\.?|ss ?#)" + SEP + r"(\d{3}[-. ]?\d{2}[-. ]?\d{4})\b",
        PhiLabel.SSN,
        0.97,
    ),
    PatternRule(
        r"(?i)\b(?:ssn|soc(?:ial)?\.?\s?sec(?:urity)?\.?|ss ?#),?" + SEP + r"(\d(?:(?:" + GAP + r")?\d){8})\b",
        PhiLabel.SSN,
        0.96,
    ),
    PatternRule(
        r"(?i)\b(?:(?:ssn?|social(?: security)?(?: number)?|soc sec)\s?(?:ends?|ending|last(?: ?(?:4|four))?)|last[- "
        r"]?(?:4|four)(?: of)?)(?: ?(?:ssn?|digits|of|social|in|with|is|"
        r"no\.?))*\s{0,4}[:#=.|)]{0,6}\s{0,6}(\d{4}|\d \d \d \d)\b",
        PhiLabel.SSN,
        0.9,
    ),
    PatternRule(r"(?i)\b(?:ssn?|social)\b[^\n\d]{0,30}\bends?(?: in| with)? (\d{4})\b", PhiLabel.SSN, 0.9),
    PatternRule(r"(?i)\bss[n#]?[: ]{1,3}(\d(?: \d){2} ?- ?\d \d ?- ?\d(?: \d){3})\b", PhiLabel.SSN, 0.9),
    PatternRule(r"(?i)\bssn?[-: #*x]{1,12}(\d{4})\b", PhiLabel.SSN, 0.85),
    PatternRule(
        r"(?i)\b(?:kt\.|(?:bsn|nhs no|nino|cpf|cpr|personnummer|aadhaar|sin)\b)" + SEP + r"((?-i:" + CODE + r"))",
        PhiLabel.SSN,
        0.8,
        at_least_digits(6),
    ),
)


def find(view: View) -> Iterator[Span]:
    """Yield the Social Security numbers in a view."""
    return RULES.find(view, NAME)
