"""Reads a date in the shapes notes use, and writes another date in the very same shape."""

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
    """Give every shape; those of numbers alone in each order, the first that can be counts."""
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
    """What a surface says about a date; parts it does not give are None. PHI."""

    year: int | None = field(default=None, repr=False)
    month: int | None = field(default=None, repr=False)
    day: int | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class DateOrder:
    """Which of the two numbers before the year is the day, decided once for all dates of a document.

    A date that can be read in one order only (``25/06/2024``) says so for those written with its separator, then for
    all. Where none does, or they differ, the day is first between dots (``10.11.1982``) and the month elsewhere.

    Args:
        seen: separator, and whether the day came first, of each date that can be read in one order only.
    """

    seen: frozenset[tuple[str, bool]] = frozenset()

    @classmethod
    def of(cls, surfaces: Iterable[str]) -> "DateOrder":
        """Read the order off all dates of a document. PHI."""
        return cls(frozenset(one for surface in surfaces for one in _orders(surface)))

    def is_day_first(self, surface: str) -> bool:
        """Say in which order a date, or a range of them, is to be read. PHI."""
        match = _NUMBERS.search(fold(surface))
        separator = (match[2] or match[4]) if match is not None else ""
        alike = {order for sep, order in self.seen if sep == separator}
        orders = {order for _, order in _orders(surface)} or alike or {order for _, order in self.seen}
        return orders.pop() if len(orders) == 1 else separator == "."


def _orders(surface: str) -> Iterator[tuple[str, bool]]:
    """Give separator and order of each date of numbers that can be read in one order only."""
    for match in _NUMBERS.finditer(fold(surface)):
        first, second = int(match[1]), int(match[3] or match[5])
        if (first > _LAST_MONTH) != (second > _LAST_MONTH):
            yield match[2] or match[4], first > _LAST_MONTH


def read_date(surface: str, written: int | None = None, *, day_first: bool = False) -> Moment | None:
    """Read a date surface; None where it has no shape that is known (``"the 14th"``, a holiday).

    A surface of no known shape that holds one four-digit year still gives that year.

    Args:
        surface: a date as written. PHI.
        written: year of the document, where it is known; says which century a year of two digits is of.
        day_first: how two numbers that can be both are read.
    """
    read = read_shape(surface.strip(), written, day_first=day_first)
    if read is not None:
        return read[1]
    years = set(_ANY_YEAR.findall(fold(surface)))
    return Moment(year=int(years.pop())) if len(years) == 1 else None


def read_shape(
    surface: str, written: int | None = None, *, day_first: bool = False
) -> tuple[re.Match[str], Moment] | None:
    """Match a surface with the shapes that are known; None where it has none or its month or day cannot be."""
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
    """Read ``2024``, ``'24`` or ``24``; two digits give the last such year up to the one after the document's.

    Notes hardly look further ahead, while ``DOB 5/3/29`` read as 2029 would tell that somebody is over 89.
    """
    if not text:
        return None
    digits = text.lstrip("'")
    if len(digits) == 4:
        return int(digits)
    latest = (written or YEAR_OF_WRITING) + 1
    return latest - (latest - int(digits)) % 100


def render(surface: str, match: re.Match[str], moved: date, days: int) -> str:
    """Write a day in the shape of a match over a surface; a weekday moves by ``days``."""
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
    """Tell whether days and months under ten are written with a zero; where nothing says so, numbers are, words not."""
    short = [number for number in numbers if len(number) <= 2 and number.isdigit()]
    if any(number.startswith("0") for number in short):
        return True
    return not named and all(len(number) == 2 for number in short)


def _written(group: str, old: str, moved: date, days: int, values: Mapping[str, int], *, padded: bool) -> str:
    """Write one part of a date in the manner of the old one."""
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
    """Write a month, weekday or ending in capitals, lower case or with a capital, as the old one was."""
    if old.isupper():
        return new.upper()
    return new.capitalize() if old[:1].isupper() else new
