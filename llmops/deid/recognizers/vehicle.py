"""Vehicle identifiers, 164.514(b)(2)(i)(L): VINs by shape, plates and tail numbers beside a word that says so."""

from collections.abc import Iterator
from typing import Final

from llmops.deid.recognizers.rules import Rule, find_by_rules
from llmops.deid.recognizers.shapes import SEP, at_least_digits
from llmops.deid.spans import Span, View
from llmops.phi import PhiLabel

NAME: Final = "vehicle"


def _is_vin(folded: str, start: int, end: int) -> bool:
    """A VIN mixes letters and digits; its check digit is only binding in North America and often mistyped in notes."""
    surface = folded[start:end]
    return sum(c.isdigit() for c in surface) >= 5 and sum(c.isalpha() for c in surface) >= 3


RULES: Final = (
    Rule(r"\b([A-HJ-NPR-Z0-9]{17})\b", PhiLabel.VEHICLE, 0.9, _is_vin),
    Rule(r"(?i)\b(?:vin)" + SEP + r"([A-Za-z0-9]{11,17})\b", PhiLabel.VEHICLE, 0.95),
    Rule(
        r"(?i)\b(?:licen[sc]e plate|plates?|lic\.? plate|registration|tail|reg(?:istration)? no|"
        r"veh(?:icle)? tag)(?:\s?(?:no|number|#))?" + SEP + r"((?-i:[A-Z0-9]{1,8}(?:[- ]?[A-Z0-9]{1,7}){0,2}))\b",
        PhiLabel.VEHICLE,
        0.85,
        at_least_digits(1),
    ),
    Rule(
        r"(?i)\b(?:truck|van|car|unit|pickup|sedan|ambulance|vehicle|suv|cab)\b[^\n]{0,24}?\b(?:tag|no\.?|"
        r"plate|#)\s?((?-i:[A-Z0-9]{1,4}[- ]?[A-Z0-9]{2,6}))\b",
        PhiLabel.VEHICLE,
        0.75,
        at_least_digits(2),
    ),
)


def find(view: View) -> Iterator[Span]:
    """Yield every find in a view."""
    return find_by_rules(RULES, view, NAME)
