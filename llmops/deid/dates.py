"""Reads a date in the shapes notes use, and writes another date in the very same shape."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from llmops.deid.folding import fold

MONTHS: Final = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_MONTH: Final = r"(?P<name>(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6})\.?"
_YEAR: Final = r"(?P<year>\d{4}|'?\d{2})"
_SEP: Final = r"\s?[-/.]\s?"
_SHAPES: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?P<year>\d{{4}}){_SEP}(?P<month>\d{{1,2}}){_SEP}(?P<day>\d{{1,2}})",
        r"(?P<year>(?:19|20)\d\d)(?P<month>\d\d)(?P<day>\d\d)(?:\d{2,6})?",
        rf"(?P<first>\d{{1,2}}){_SEP}(?P<second>\d{{1,2}}){_SEP}{_YEAR}",
        r"(?P<first>\d{1,2})[-/](?P<second>\d{1,2})",
        rf"{_MONTH}[\s-]{{0,2}}(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s{{0,2}}{_YEAR})?",
        rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:\s?of)?[\s-]{{0,2}}{_MONTH}(?:,?[\s-]{{0,2}}{_YEAR})?",
        rf"{_MONTH}(?:\s?of)?[\s,/-]{{0,2}}(?P<year>\d{{4}}|'\d{{2}})",
        _MONTH,
    )
)
_ANY_YEAR: Final = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_PIVOT: Final = 30
_LEAP_YEAR: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What a surface says about a date; parts it does not give are None. PHI."""

    year: int | None = field(default=None, repr=False)
    month: int | None = field(default=None, repr=False)
    day: int | None = field(default=None, repr=False)


def read_date(surface: str) -> Moment | None:
    """Read a date surface; None where it has no shape that is known (``"the 14th"``, a holiday).

    A surface of no known shape that holds one four-digit year still gives that year.
    """
    read = _read(surface.strip())
    if read is not None:
        return read[1]
    years = set(_ANY_YEAR.findall(fold(surface)))
    return Moment(year=int(years.pop())) if len(years) == 1 else None


def shift_surface(surface: str, days: int, reference_year: int | None = None) -> str | None:
    """Move a date by some days and write it in the same shape, at the same precision.

    Args:
        surface: the date as written. PHI.
        days: how far; the subject's offset.
        reference_year: year to count in where the surface gives none.

    Returns:
        The new surface, or None where the shape is not known (the caller then redacts).
    """
    stripped = surface.strip()
    read = _read(stripped)
    if read is None:
        return None
    match, moment = read
    if moment.month is None:
        return None
    try:
        moved = date(moment.year or reference_year or _LEAP_YEAR, moment.month, moment.day or 15) + timedelta(days=days)
    except (ValueError, OverflowError):
        return None
    return surface.replace(stripped, _render(stripped, match, moved), 1)


def surface_shapes(iso: str) -> frozenset[str]:
    """Write an ISO date in the shapes a note may use, lower case, to look for a known birth date.

    Args:
        iso: ``YYYY-MM-DD`` (a longer time stamp is cut). PHI.
    """
    try:
        day = date.fromisoformat(iso[:10])
    except ValueError:
        return frozenset()
    y, m, d, name = day.year, day.month, day.day, MONTHS[day.month - 1]
    shapes = {day.isoformat(), f"{y}{m:02}{d:02}"}
    for year in (f"{y}", f"{y % 100:02}"):
        for sep in "/-.":
            shapes |= {f"{m}{sep}{d}{sep}{year}", f"{m:02}{sep}{d:02}{sep}{year}", f"{d:02}{sep}{m:02}{sep}{year}"}
            shapes.add(f"{d}{sep}{m}{sep}{year}")
        for month in {name, name[:3]}:
            shapes |= {f"{month} {d}, {year}", f"{month} {d} {year}", f"{d} {month} {year}", f"{d:02} {month} {year}"}
            shapes |= {f"{d:02}-{month}-{year}", f"{d}-{month}-{year}", f"{d:02}{month}{year}"}
    return frozenset(shapes)


def _read(surface: str) -> tuple[re.Match[str], Moment] | None:
    folded = fold(surface)
    for shape in _SHAPES:
        match = shape.fullmatch(folded)
        if match is None:
            continue
        moment = _moment(match.groupdict())
        if moment is not None:
            return match, moment
    return None


def _moment(parts: Mapping[str, str | None]) -> Moment | None:
    year = _full_year(parts.get("year"))
    if parts.get("first"):
        first, second = int(parts["first"] or 0), int(parts["second"] or 0)
        month, day = (second, first) if first > 12 else (first, second)
    else:
        month = _month_number(parts)
        day = int(parts.get("day") or 0)
    if not 1 <= month <= 12 or day > 31:
        return None
    return Moment(year=year, month=month, day=day or None)


def _month_number(parts: Mapping[str, str | None]) -> int:
    name = parts.get("name")
    if name:
        return 1 + [month[:3] for month in MONTHS].index(name[:3].lower())
    return int(parts.get("month") or 0)


def _full_year(text: str | None) -> int | None:
    if not text:
        return None
    digits = text.lstrip("'")
    if len(digits) == 4:
        return int(digits)
    return int(digits) + (1900 if int(digits) > _PIVOT else 2000)


def _render(surface: str, match: re.Match[str], moved: date) -> str:
    parts = match.groupdict()
    day_first = bool(parts.get("first")) and int(parts["first"] or 0) > 12
    values = {"year": moved.year, "month": moved.month, "day": moved.day}
    values |= {"first": moved.day if day_first else moved.month, "second": moved.month if day_first else moved.day}
    pieces = []
    position = 0
    for group in sorted((g for g, v in parts.items() if v), key=match.start):
        start, end = match.span(group)
        old = surface[start:end]
        pieces.append(surface[position:start])
        pieces.append(_like(old, MONTHS[moved.month - 1]) if group == "name" else _digits_like(old, values[group]))
        position = end
    rest = surface[position:]
    return "".join(pieces) + rest


def _digits_like(old: str, value: int) -> str:
    quote = "'" if old.startswith("'") else ""
    digits = old.lstrip("'")
    if len(digits) == 2 and value > 99:
        return f"{quote}{value % 100:02}"
    zero_padded = len(digits) == 2 and (digits.startswith("0") or (value < 10 and len(digits) == 2))
    return f"{quote}{value:02}" if zero_padded else f"{quote}{value}"


def _like(old: str, month: str) -> str:
    written = month if old.lower() in MONTHS else month[: max(3, min(len(old), 4 if month == "september" else 3))]
    if old.isupper():
        return written.upper()
    return written.capitalize() if old[:1].isupper() else written
