"""Vehicle identifiers, 164.514(b)(2)(i)(L): VINs by format, plates and tail numbers beside a cue word."""

import re
from collections.abc import Iterator
from typing import Final

from llmops.deid.detect.recognizers.rules import PatternRule, Rules
from llmops.deid.detect.recognizers.shapes import SEP
from llmops.deid.spans import Span, View
from llmops.phi import PhiLabel

NAME: Final = "vehicle"
LABEL: Final = PhiLabel.VEHICLE


_PROTEIN_CHANGE: Final = re.compile(r"[A-Z][a-z]{2}\d+[A-Z][a-z]{2}.*")


def _is_vin(folded: str, start: int, end: int) -> bool:
    """Require letters and digits; the VIN check digit binds only in North America and is often mistyped in notes."""
    surface = folded[start:end]
    mixed = sum(c.isdigit() for c in surface) >= 5 and sum(c.isalpha() for c in surface) >= 3
    return mixed and not _PROTEIN_CHANGE.fullmatch(surface)


_PLATE: Final = r"(?:[A-Z]{2}[ ])?[A-Z0-9]{1,4}(?:[- ][A-Z0-9]{2,5}){0,2}|[A-Z0-9]{5,8}"
_VEHICLE: Final = (
    r"truck|van|car|pickup|pick-up|sedan|ambulance|vehicle|suv|cab|taxi|jeep|minivan|motorcycle|trailer|rig|tractor|"
    r"bus|boat|plane|aircraft|chevy|chevrolet|ford|toyota|honda|buick|dodge|nissan|subaru|kia|hyundai|gmc|ram|"
    r"equinox|civic|corolla|camry|f-?150|silverado|prius|tacoma|altima|accord|cr-v|rav4|explorer|outback|volvo"
)


def _is_plate(folded: str, start: int, end: int) -> bool:
    """Require letters and two digits, or four digits, and no measure after them."""
    surface = folded[start:end]
    digits, letters = sum(c.isdigit() for c in surface), sum(c.isalpha() for c in surface)
    if re.match(
        r"(?i)[ \t]?(?:%|mg|ml|mph|miles?|km|hours?|days?|wks?|weeks?|years?|yrs?|am\b|pm\b|:)", folded[end : end + 8]
    ):
        return False
    model = re.fullmatch(r"F-?\d{3}", surface) is not None
    return not model and digits + letters > 3 and digits >= 2 and (letters >= 1 or digits >= 4)


RULES: Final = Rules(
    PatternRule(r"(?i)\b([A-HJ-NPR-Z0-9]{17})\b", PhiLabel.VEHICLE, 0.9, _is_vin),
    PatternRule(r"(?i)\b(?:vin)" + SEP + r"([A-Za-z0-9]{11,17})\b", PhiLabel.VEHICLE, 0.95),
    PatternRule(
        r"(?i)\b(?:licen[sc]e plates?|plates?|lic\.? plate|registration|tail|reg(?:istration)? no|tags?|"
        r"veh(?:icle)? tag|n-number)\b(?:\s?(?:no|number|#))?" + SEP + r"((?-i:" + _PLATE + r"))\b",
        PhiLabel.VEHICLE,
        0.85,
        _is_plate,
    ),
    PatternRule(
        r"(?i)\b(?:" + _VEHICLE + r")\b[^\n]{0,24}?\b(?:tag|no\.?|plate|#|reg)\s?((?-i:" + _PLATE + r"))\b",
        PhiLabel.VEHICLE,
        0.75,
        _is_plate,
    ),
    PatternRule(
        r"(?i)\b(?:" + _VEHICLE + r")\b,?\s?\(?((?-i:" + _PLATE + r"))\b",
        PhiLabel.VEHICLE,
        0.6,
        _is_plate,
    ),
)


def find(view: View) -> Iterator[Span]:
    """Yield the vehicle identifiers in a view."""
    return RULES.find(view, NAME)
