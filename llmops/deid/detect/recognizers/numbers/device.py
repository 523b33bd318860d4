"""Device identifiers, 164.514(b)(2)(i)(M): serial and lot numbers, UDI."""

from collections.abc import Iterator
from typing import Final

from llmops.deid.detect.recognizers.rules import PatternRule, Rules
from llmops.deid.detect.recognizers.shapes import CODE, SEP, at_least_digits, is_code
from llmops.deid.spans import Span, View
from llmops.phi import PhiLabel

NAME: Final = "device"
LABEL: Final = PhiLabel.DEVICE
_NUMBERED: Final = r"(?:\s?(?:ids?|nos?|numbers?|#|nrs?|num)\b\.?)*" + SEP + r"((?-i:" + CODE + r"))"
_UNSURE: Final = 0.8
"""Score of a lot number: implants have one, but so do drugs and reagents, whose lots identify nobody."""
_is_no_reading: Final = is_code(1)


def _is_serial(folded: str, start: int, end: int) -> bool:
    """Require two digits, or one in a code too long for a size."""
    surface = folded[start:end]
    typed = folded.endswith("|SN|", 0, start)  # an HL7 structured numeric (SN) result, no serial number
    return (
        not typed
        and _is_no_reading(folded, start, end)
        and (sum(c.isdigit() for c in surface) >= 2 or (len(surface) >= 6 and surface.isupper()))
    )


RULES: Final = Rules(
    PatternRule(r"(\((?:21|10)\)[A-Za-z0-9-]{4,20})", PhiLabel.DEVICE, 0.95),
    PatternRule(r"(\(01\)\d{14}(?:\s?\(\d{2}\)[A-Za-z0-9./-]{1,20}){0,5})", PhiLabel.DEVICE, 0.97),
    PatternRule(
        r"(?i)\b(?:s/ns?|sns?|serials?|ser|udi|imei|device|rfid|bed sn|meid|iccid|asset)\b" + _NUMBERED,
        PhiLabel.DEVICE,
        0.85,
        _is_serial,
    ),
    PatternRule(r"(?i)\b(?:lots?|batch)\b" + _NUMBERED, PhiLabel.DEVICE, _UNSURE, _is_serial),
    PatternRule(
        r"(?i)\b(?:work)?(?:station|printer|console|terminal)[: ]{1,3}((?-i:[A-Z]{2,6}(?:-[A-Z0-9]{1,5}){1,3}))\b",
        PhiLabel.DEVICE,
        0.8,
    ),
    PatternRule(
        r"(?i)\b(?:pacemaker|icd|crt-?d|generator|lead|pump|cgm|transmitter|implant|dexcom|libre|zio|"
        r"holter)\b[^\n]{0,28}?(?:#|\bno\.?)\s?((?-i:[A-Z]{0,4}[- ]?\d[A-Z0-9-]{3,16}))",
        PhiLabel.DEVICE,
        0.7,
        at_least_digits(3),
    ),
)


def find(view: View) -> Iterator[Span]:
    """Yield the device identifiers in a view."""
    return RULES.find(view, NAME)
