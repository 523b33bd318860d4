"""Fax numbers, 164.514(b)(2)(i)(E)."""

from collections.abc import Iterator
from typing import Final

from llmops.deid.detect.recognizers.rules import PatternRule, Rules
from llmops.deid.detect.recognizers.shapes import at_least_digits
from llmops.deid.spans import Span, View
from llmops.phi import PhiLabel

NAME: Final = "fax"
LABEL: Final = PhiLabel.FAX
RULES: Final = Rules(
    PatternRule(
        r"(?i)\b(?:fax|fx|facsimile|telefax|faxed|fax-back|efax|f)\b\.?(?:\s?(?:no|number|#|to|line|is|"
        r"at))*\s?[:#=.]{0,6}\s{0,4}(\+?\(?\d{2,5}\)?(?:[-. /()]{0,3}\d{2,5}){1,4})\b",
        PhiLabel.FAX,
        0.92,
        at_least_digits(7),
    ),
)


def find(view: View) -> Iterator[Span]:
    """Yield the fax numbers in a view."""
    return RULES.find(view, NAME)
