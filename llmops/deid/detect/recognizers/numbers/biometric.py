"""Biometric identifiers, 164.514(b)(2)(i)(P): references of finger, voice and iris templates."""

from collections.abc import Iterator
from typing import Final

from llmops.deid.detect.recognizers.rules import PatternRule, Rules
from llmops.deid.detect.recognizers.shapes import at_least_digits
from llmops.deid.spans import Span, View
from llmops.phi import PhiLabel

NAME: Final = "biometric"
LABEL: Final = PhiLabel.BIOMETRIC
RULES: Final = Rules(
    PatternRule(
        r"(?i)\b(?:finger\s?prints?|foot\s?prints?|voice\s?(?:id|print)|iris|retina(?:l)? scan|palm|face "
        r"?id|afis|biometric|template)\b[^\n]{0,24}?((?-i:(?:[A-Z]{1,8}[-# "
        r"_]{0,2})?[A-Za-z]{0,4}[-_#]?\d[A-Za-z0-9]{1,16}(?:[-._][A-Za-z0-9]{1,12}){0,5}))",
        PhiLabel.BIOMETRIC,
        0.8,
        at_least_digits(3),
    ),
    PatternRule(
        r"\b(IRIS-[A-Za-z0-9.-]{4,30}|FP#?-?[A-Z0-9]{1,8}(?:-[A-Z0-9]{1,8}){1,4})",
        PhiLabel.BIOMETRIC,
        0.85,
        at_least_digits(2),
    ),
)


def find(view: View) -> Iterator[Span]:
    """Yield the biometric identifiers in a view."""
    return RULES.find(view, NAME)
