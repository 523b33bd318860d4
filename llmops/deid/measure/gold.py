"""Read annotated notes with any label names, and determine which tokens are free (not counted)."""

import json
import re
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from llmops.deid.detect.recognizers.places.words import STATE_ABBREVIATIONS, STATE_NAMES
from llmops.errors import SourceError
from llmops.phi import Identifier, PhiLabel

TOKEN: Final = re.compile(r"\w+")
_ALIASES: Final = MappingProxyType(
    {
        Identifier.NAME: "person patient doctor staff clinician provider username first_name last_name relative",
        Identifier.GEOGRAPHIC: "geographic_location location address street street_address city county gpe facility "
        "hospital organization employer school zip_code zipcode zip_or_postal",
        Identifier.DATE: "date_time dob birth_date age age_over_89 date_of_birth",
        Identifier.PHONE: "phone_number pager telephone",
        Identifier.FAX: "fax_number",
        Identifier.EMAIL: "email_address",
        Identifier.SSN: "us_ssn social_security_number",
        Identifier.MEDICAL_RECORD: "medicalrecord medical_record_number",
        Identifier.HEALTH_PLAN: "healthplan health_plan_number insurance health_plan_beneficiary_number",
        Identifier.ACCOUNT: "account_number us_bank_number credit_card iban_code",
        Identifier.LICENSE: "license_number us_driver_license npi certificate_license_number",
        Identifier.VEHICLE: "vehicle_identifier vin license_plate",
        Identifier.DEVICE: "device_id device_identifier",
        Identifier.IP: "ip_address",
        Identifier.BIOMETRIC: "biometric_identifier",
    }
)
_IDENTIFIERS: Final = MappingProxyType(
    {alias: identifier for identifier, aliases in _ALIASES.items() for alias in aliases.split()}
    | {str(identifier): identifier for identifier in Identifier}
    | {label.lower(): label.identifier for label in PhiLabel}
)
_TITLES: Final = frozenset(
    ("dr", "doctor", "mr", "mrs", "ms", "miss", "mx", "prof", "professor", "nurse", "md", "do", "rn", "np", "pa", "phd")
)
_STATE: Final = re.compile(rf"\b(?:(?i:{STATE_NAMES})|{STATE_ABBREVIATIONS})\b")
_RELATIVE: Final = re.compile(
    r"(?i)(?:the |on |about |a |an |past |in |over )*(?:today|yesterday|tomorrow|tonight|now|currently|recently|"
    r"(?:last|next|this|past|previous|earlier|every|coming|following) [a-z ]+|[a-z0-9 -]+ (?:ago|later|prior|before)|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day)"
)
_BARE_YEAR: Final = re.compile(r"(?:19|20)\d\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldSpan:
    """An annotated range; ``label`` is the annotators' own."""

    start: int
    end: int
    label: str

    @property
    def identifier(self) -> str:
        """The identifier of 164.514(b)(2) of the label, or the label itself if unknown."""
        return str(_IDENTIFIERS.get(self.label.lower(), self.label))


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldNote:
    """An annotated note. PHI."""

    id: str
    text: str = field(repr=False)
    spans: tuple[GoldSpan, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Freedom:
    """What counts neither as found nor as over-redacted.

    Args:
        labels: free labels besides ``*_SOFT`` and ``PROF``, upper case; those a policy keeps.
        titles: whether titles, states and relative dates (``Dr.``, ``Ohio``, ``last week``) inside gold spans are free.
        bare_years: whether four-digit years are free, annotated or not.
    """

    labels: frozenset[str] = frozenset()
    titles: bool = False
    bare_years: bool = False

    def frees(self, span: GoldSpan) -> bool:
        """Say whether a whole gold span is free."""
        label = span.label.upper()
        return label.endswith("_SOFT") or label == "PROF" or label in self.labels

    def free_ranges(self, note: GoldNote) -> list[tuple[int, int]]:
        """Return the free ranges of a note's text."""
        ranges = [(span.start, span.end) for span in note.spans if self.frees(span)]
        if self.bare_years:
            ranges += [m.span() for m in TOKEN.finditer(note.text) if _BARE_YEAR.fullmatch(m.group())]
        if self.titles:
            ranges += [found for span in note.spans for found in _free_in(span, note.text)]
        return ranges


def _free_in(span: GoldSpan, text: str) -> list[tuple[int, int]]:
    surface = text[span.start : span.end]
    if span.identifier == Identifier.DATE and _RELATIVE.fullmatch(surface.strip(" .,")):
        return [(span.start, span.end)]
    if span.identifier == Identifier.GEOGRAPHIC:
        return [(span.start + m.start(), span.start + m.end()) for m in _STATE.finditer(surface)]
    if span.identifier == Identifier.NAME:
        words = [m for m in TOKEN.finditer(surface) if m.group().lower() in _TITLES]
        return [(span.start + m.start(), span.start + m.end()) for m in words]
    return []


def read_gold(path: Path) -> list[GoldNote]:
    """Read JSONL notes ``{"id", "text", "spans": [{"start", "end", "label"}]}``; labels may have any name.

    Args:
        path: the file. PHI.

    Raises:
        SourceError: no note or invalid notes; names the line, never its content.
    """
    try:
        with path.open("rb") as lines:
            notes = [_note(line, number) for number, line in enumerate(lines, start=1) if line.strip()]
    except OSError as error:
        raise SourceError(f"gold file: cannot be read ({type(error).__name__})") from None
    if not notes:
        raise SourceError("gold file: holds no note; nothing can be measured")
    return notes


def _note(line: bytes, number: int) -> GoldNote:
    try:
        raw = json.loads(line)
        text = raw["text"]
        if not isinstance(text, str):
            raise TypeError
        spans = tuple(_span(span, len(text)) for span in raw["spans"])
        return GoldNote(id=str(raw.get("id", number)), text=text, spans=spans)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise SourceError(
            f'gold file: line {number} is not an object with "text" and "spans" of "start", "end", "label" in range'
        ) from None


def _span(raw: Any, length: int) -> GoldSpan:
    start, end = raw["start"], raw["end"]
    if not (type(start) is int and type(end) is int and 0 <= start <= end <= length):
        raise ValueError
    return GoldSpan(start=start, end=end, label=str(raw["label"]))


def cover(length: int, ranges: list[tuple[int, int]]) -> list[bool]:
    """Say for each position whether a range covers it."""
    steps = [0] * (length + 1)
    for start, end in ranges:
        steps[start] += 1
        steps[end] -= 1
    return [depth > 0 for depth in accumulate(steps)][:length]
