"""Summarise an HL7 v2 message without reports: visit, diagnoses, allergies, orders, medications."""

from types import MappingProxyType
from typing import Final

from llmops.normalize.hl7v2.fields import VIEWS
from llmops.normalize.hl7v2.observations import has_content, observations
from llmops.normalize.hl7v2.page import Page, remarks
from llmops.normalize.hl7v2.segments import Message, Segment
from llmops.normalize.text.hl7_times import iso_time

_TITLES: Final = MappingProxyType(
    {
        "ADT^A01": "Admission",
        "ADT^A02": "Transfer",
        "ADT^A03": "Discharge",
        "ADT^A04": "Registration",
        "ADT^A05": "Pre-admission",
        "ADT^A08": "Update of patient information",
        "ADT^A11": "Cancelled admission",
        "ADT^A12": "Cancelled transfer",
        "ADT^A13": "Cancelled discharge",
        "ADT^A27": "Cancelled pending admission",
        "ADT^A38": "Cancelled pre-admission",
        "ADT": "Patient administration",
        "BAR": "Billing account",
        "DFT": "Financial transaction",
        "MDM": "Document notification",
        "OMG": "Order",
        "OML": "Laboratory order",
        "OMP": "Pharmacy order",
        "ORM": "Order",
        "PPR": "Problem",
        "RAS": "Medication administration",
        "RDE": "Pharmacy order",
        "RDS": "Pharmacy dispense",
        "REF": "Referral",
        "SIU": "Appointment",
        "SIU^S15": "Cancelled appointment",
        "SIU^S17": "Deleted appointment",
        "SIU^S26": "Missed appointment",
        "VXU": "Vaccination record",
    }
)
_IMMUNISATIONS: Final = "Immunizations"
_OBSERVATIONS: Final = "Results"
_REMARKED: Final = "NTE"


def summary(page: Page, message: Message) -> str:
    """Write the care content of a message under headings; returns the title.

    Args:
        page: target. PHI.
        message: the message. PHI.
    """
    for heading, segments in _gathered(message).items():
        if heading == _OBSERVATIONS:
            if has_content(segments):
                page.heading(heading)
            observations(page, segments, "")
            continue
        if any(page.speaks(segment) for segment in segments):
            page.heading(heading)
        for segment in segments:
            if segment.name == _REMARKED:
                remarks(page, [segment])
            else:
                page.line(segment)
    return _TITLES.get(f"{message.code}^{message.event}", _TITLES.get(message.code, "Message"))


def _gathered(message: Message) -> dict[str, list[Segment]]:
    """Group the read segments by heading, in order of first occurrence; remarks stay with the preceding segment."""
    found: dict[str, list[Segment]] = {}
    heading = "Comments"
    for segment in message.segments:
        if segment.name != _REMARKED:
            heading = _heading(segment, message)
        if segment.name in {"OBX", _REMARKED} or segment.name in VIEWS:
            found.setdefault(heading, []).append(segment)
    return found


def summary_time(message: Message) -> str:
    """Return the time of the message's subject matter (admission, administration or event) as ISO 8601; else ``""``."""
    places = (("PV1", 44), ("RXA", 3), ("EVN", 6), ("EVN", 2))
    return next(
        filter(None, (iso_time(segment.get(n)) for name, n in places for segment in message.named(name)[:1])), ""
    )


def _heading(segment: Segment, message: Message) -> str:
    """Return a segment's heading; for an unread one, the heading of its remarks."""
    if segment.name == "OBX":
        return _OBSERVATIONS
    if message.code == "VXU" and segment.name in {"RXA", "RXR", "ORC"}:
        return _IMMUNISATIONS
    view = VIEWS.get(segment.name)
    return view.heading if view is not None else "Comments"
