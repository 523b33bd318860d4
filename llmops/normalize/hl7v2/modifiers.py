"""Read HL7 v2 fields that invert a segment's meaning: not given, deleted or cancelled."""

from types import MappingProxyType
from typing import Final

from llmops.normalize.hl7v2.segments import Segment

# Action codes (tables 0206, 0287, 0323), OBX-11 (0085: D deleted, W another patient's), IAM-17 (0438: E erroneous).
_RETRACTED: Final = MappingProxyType(
    {
        "OBX": ((11, frozenset({"D", "W"})),),
        "RXA": ((21, frozenset({"D"})),),
        "IAM": ((6, frozenset({"D"})), (17, frozenset({"E"}))),
        "DG1": ((21, frozenset({"D"})),),
        "PR1": ((20, frozenset({"D"})),),
        "PRB": ((1, frozenset({"DE"})),),
        "GOL": ((1, frozenset({"DE"})),),
    }
)
# Completion status (table 0322).
_NOT_GIVEN: Final = frozenset({"RE", "NA"})
# Order control (table 0119): requests to cancel or discontinue, and the confirmations.
_CANCELLED: Final = frozenset({"CA", "OC", "CR"})
_DISCONTINUED: Final = frozenset({"DC", "OD", "DR"})


def is_retracted(segment: Segment) -> bool:
    """Say whether the sender retracts the segment, so that it must not be read as a finding.

    Args:
        segment: any segment. PHI.
    """
    return any(segment.get(number).upper() in codes for number, codes in _RETRACTED.get(segment.name, ()))


def negation(segment: Segment) -> str:
    """Return the prefix of a negated segment's line (``"Not given"``); empty otherwise.

    Args:
        segment: any segment. PHI.
    """
    if segment.name == "RXA" and segment.get(20).upper() in _NOT_GIVEN:
        return "Not given"
    if segment.name == "ORC" and segment.get(1).upper() in _CANCELLED:
        return "Cancelled order"
    if segment.name == "ORC" and segment.get(1).upper() in _DISCONTINUED:
        return "Discontinued order"
    return ""
