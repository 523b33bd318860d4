"""Read a date in the formats notes use, and write another date in the same format."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from llmops.deid.ages import YEAR_OF_WRITING
from llmops.deid.folding import fold

MONTHS: Final = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_MONTH: Final = r"(?P<name>(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6})\.?"
_YEAR: Final = r"(?P<year>\d{4}|'?\d{2})"
SEPARATED_YEAR: Final = r"(?:,?\s{1,2}(?:of )?|[-/])(?P<year>(?:19|20)\d\d|'\d{2})"
_LONG_YEAR: Final = r"(?P<year>(?:19|20)\d\d)"
_SEP: Final = r"\s?[-/.]\s?"
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEEKDAY: Final = (
    r"(?:(?P<weekday>(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?)\b\.?,?[ \t]{1,2}(?:the )?)?"
)
_TIME: Final = r"(?:,?[ T]{1,2}\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?\s?(?:Z|[+-]\d\d:?\d\d|[ap]\.?m\.?)?)?"
_MONTH_FIRST: Final = r"(?P<month>\d{1,2})", r"(?P<day>\d{1,2})"
_DAY_FIRST: Final = _MONTH_FIRST[::-1]


def _shapes(*orders: tuple[str, str]) -> tuple[re.Pattern[str], ...]:
    """Yield every date format; all-number formats in each order, the first possible reading wins."""
    patterns = (
        rf"(?P<year>\d{{4}}){_SEP}(?P<month>\d{{1,2}}){_SEP}(?P<day>\d{{1,2}})",
        r"(?P<year>(?:19|20)\d\d)(?P<month>\d\d)(?P<day>\d\d)(?:\d{2,6}(?:\.\d{1,4})?(?:[+-]\d{4})?)?",
        *(
            f"{first}{sep}{second}{sep}{year}"
            for first, second in orders
            for sep, year in ((_SEP, _YEAR), (r"\s?[,|_]\s?", _LONG_YEAR), (r"\s{1,3}", _LONG_YEAR))
        ),
        *(f"{first}[-/]{second}" for first, second in orders),
        rf"{_MONTH}[\s-]{{0,2}}(?P<day>\d{{1,2}})(?!\d)(?P<nth>st|nd|rd|th)?(?:,?\s{{0,2}}{_YEAR})?",
        rf"(?P<day>\d{{1,2}})(?P<nth>st|nd|rd|th)?(?:\s?of)?[\s-]{{0,2}}{_MONTH}(?:,?[\s-]{{0,2}}{_YEAR})?",
        rf"{_MONTH}(?:\s?of)?[\s,/-]{{0,2}}(?P<year>\d{{4}}|'\d{{2}})",
        _MONTH,
        r"(?P<year>(?:19|20)\d\d)[-/](?P<month>\d\d)",
        r"(?P<month>\d{1,2})[-/](?P<year>(?:19|20)\d\d)",
        r"(?P<year>(?:19|20)\d\d)",
    )
    return tuple(re.compile(WEEKDAY + pattern + _TIME, re.IGNORECASE) for pattern in patterns)


_SHAPES: Final = {False: _shapes(_MONTH_FIRST, _DAY_FIRST), True: _shapes(_DAY_FIRST, _MONTH_FIRST)}
_NUMBERS: Final = re.compile(
    r"(?<![\d/.])(\d{1,2})(?:\s?([-/.])\s?(\d{1,2})\s?\2\s?'?(?:\d{4}|\d{2})(?!\d)|(/)(\d{1,2})(?![/.]?\d))"
)
_LAST_MONTH: Final = 12
_ANY_YEAR: Final = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_ORDINALS: Final = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The parts of a date that a surface gives; missing parts are None. PHI."""

    year: int | None = field(default=None, repr=False)
    month: int | None = field(default=None, repr=False)
    day: int | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class DateOrder:
    """The order of day and month in all-number dates, decided once for all dates of a document.

    A date with only one possible reading (``25/06/2024``) decides for dates with its separator, then for all dates.
    Without such a date, or if they disagree: day first with dots (``10.11.1982``), month first otherwise.

    Args:
        seen: separator and whether the day came first, for each date with only one possible reading.
    """

    seen: frozenset[tuple[str, bool]] = frozenset()

    @classmethod
    def of(cls, surfaces: Iterable[str]) -> "DateOrder":
        """Derive the order from all dates of a document. PHI."""
        return cls(frozenset(one for surface in surfaces for one in _orders(surface)))

    def is_day_first(self, surface: str) -> bool:
        """Say whether a date or date range has the day first. PHI."""
        match = _NUMBERS.search(fold(surface))
        separator = (match[2] or match[4]) if match is not None else ""
        alike = {order for sep, order in self.seen if sep == separator}
        orders = {order for _, order in _orders(surface)} or alike or {order for _, order in self.seen}
        return orders.pop() if len(orders) == 1 else separator == "."


def _orders(surface: str) -> Iterator[tuple[str, bool]]:
    """Yield separator and order of each all-number date with only one possible reading."""
    for match in _NUMBERS.finditer(fold(surface)):
        first, second = int(match[1]), int(match[3] or match[5])
        if (first > _LAST_MONTH) != (second > _LAST_MONTH):
            yield match[2] or match[4], first > _LAST_MONTH


def read_date(surface: str, written: int | None = None, *, day_first: bool = False) -> Moment | None:
    """Read a date surface; None if its format is unknown (``"the 14th"``, a holiday).

    A surface of unknown format with exactly one four-digit year still gives that year.

    Args:
        surface: a date as written. PHI.
        written: year of the document, if known; decides the century of a two-digit year.
        day_first: how to read two numbers that can each be day or month.
    """
    read = read_shape(surface.strip(), written, day_first=day_first)
    if read is not None:
        return read[1]
    years = set(_ANY_YEAR.findall(fold(surface)))
    return Moment(year=int(years.pop())) if len(years) == 1 else None


def read_shape(
    surface: str, written: int | None = None, *, day_first: bool = False
) -> tuple[re.Match[str], Moment] | None:
    """Match a surface against the known formats; None if none fits or its month or day is impossible."""
    folded = fold(surface)
    for shape in _SHAPES[day_first]:
        match = shape.fullmatch(folded)
        if match is None:
            continue
        moment = _moment(match.groupdict(), written)
        if moment is not None:
            return match, moment
    return None


def _moment(parts: Mapping[str, str | None], written: int | None) -> Moment | None:
    year = full_year(parts.get("year"), written)
    if not (parts.get("name") or parts.get("month")):
        return Moment(year=year)
    month, day = _month_number(parts), int(parts.get("day") or 0)
    if not 1 <= month <= _LAST_MONTH or day > 31:
        return None
    return Moment(year=year, month=month, day=day or None)


def _month_number(parts: Mapping[str, str | None]) -> int:
    name = parts.get("name")
    if name:
        return 1 + [month[:3] for month in MONTHS].index(name[:3].lower())
    return int(parts.get("month") or 0)


def full_year(text: str | None, written: int | None = None) -> int | None:
    """Read ``2024``, ``'24`` or ``24``; two digits give the latest such year up to one after the document's.

    Notes rarely look further ahead, and ``DOB 5/3/29`` misread as 2029 would reveal an age over 89.
    """
    if not text:
        return None
    digits = text.lstrip("'")
    if len(digits) == 4:
        return int(digits)
    latest = (written or YEAR_OF_WRITING) + 1
    return latest - (latest - int(digits)) % 100


def render(surface: str, match: re.Match[str], moved: date, days: int) -> str:
    """Write a day in the format of a match over a surface; move a weekday by ``days``."""
    parts = match.groupdict()
    values = {"year": moved.year, "month": moved.month, "day": moved.day}
    named = not parts.get("month")
    padded = _is_padded([parts[group] or "" for group in values if parts.get(group)], named=named)
    pieces = []
    position = 0
    for group in sorted((g for g, v in parts.items() if v), key=match.start):
        start, end = match.span(group)
        old = surface[start:end]
        pieces.append(surface[position:start])
        pieces.append(_written(group, old, moved, days, values, padded=padded))
        position = end
    rest = surface[position:]
    return "".join(pieces) + rest


def _is_padded(numbers: Sequence[str], *, named: bool) -> bool:
    """Say whether days and months below 10 have a leading zero; if unclear, yes for numeric, no for named months."""
    short = [number for number in numbers if len(number) <= 2 and number.isdigit()]
    if any(number.startswith("0") for number in short):
        return True
    return not named and all(len(number) == 2 for number in short)


def _written(group: str, old: str, moved: date, days: int, values: Mapping[str, int], *, padded: bool) -> str:
    """Write one part of a date in the style of the old one."""
    if group == "name":
        return _like(old, MONTHS[moved.month - 1])
    if group == "nth":
        return cased(old, _ORDINALS.get(moved.day, "th"))
    if group == "year":
        return _year_like(old, moved.year)
    if group != "weekday":
        return f"{values[group]:02}" if padded else str(values[group])
    weekday = WEEKDAYS[([name[:3] for name in WEEKDAYS].index(old[:3].lower()) + days) % 7]
    return cased(old, weekday if old.lower() in WEEKDAYS else weekday[:3])


def _year_like(old: str, year: int) -> str:
    digits = old.lstrip("'")
    quote = "'" if old != digits else ""
    return f"{quote}{year % 100:02}" if len(digits) == 2 else f"{quote}{year:04}"


def _like(old: str, month: str) -> str:
    written = month if old.lower() in MONTHS else month[: max(3, min(len(old), 4 if month == "september" else 3))]
    return cased(old, written)


def cased(old: str, new: str) -> str:
    """Copy the letter case (capitals, lower, capitalised) of a month, weekday or ending."""
    if old.isupper():
        return new.upper()
    return new.capitalize() if old[:1].isupper() else new
