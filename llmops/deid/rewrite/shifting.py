"""Shift a date and write it in its original format: whole and partial dates, days alone, ranges, holidays."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from llmops.deid.dates import MONTHS, SEPARATED_YEAR, WEEKDAY, WEEKDAYS, Moment, cased, full_year, read_shape, render
from llmops.deid.folding import fold
from llmops.deid.rewrite.holidays import holiday

_LEAP_YEAR: Final = 2000
_DAY: Final = re.compile(
    rf"{WEEKDAY}(?:the )?(?P<day>\d{{1,2}})(?P<nth>st|nd|rd|th)?(?:{SEPARATED_YEAR})?", re.IGNORECASE
)
_JOINT: Final = re.compile(r"(?i)\s*(?:-|\bto\b|\bthru\b|\bthrough\b|\buntil\b|\band\b|&|,)\s*")
_YEAR_BEHIND: Final = re.compile(rf"(?P<name>.*\D){SEPARATED_YEAR}", re.IGNORECASE)
_LONGEST: Final = 48
_MIDDLE: Final = 15


def shift_surface(surface: str, days: int, near: Moment | None = None, *, day_first: bool = False) -> str | None:
    """Shift a date and write it in the same format, at the same precision.

    Args:
        surface: the date as written. PHI.
        days: the subject's offset.
        near: a date of the same document: supplies the year, and the month of a day alone (``the 14th``).
        day_first: how to read two numbers that can each be day or month.

    Returns:
        The new surface, or None if its format or calendar day is unknown (the caller then redacts).
    """
    stripped = surface.strip()
    if len(stripped) > _LONGEST:
        return None
    try:
        moved = (
            _single(stripped, days, near, day_first=day_first)
            or _range(stripped, days, near, day_first=day_first)
            or _holiday(stripped, days, near)
        )
    except (ValueError, OverflowError):
        return None
    return surface.replace(stripped, moved, 1) if moved else None


def _single(surface: str, days: int, near: Moment | None, *, day_first: bool) -> str | None:
    read = read_shape(surface, day_first=day_first)
    if read is not None:
        match, moment = read
        return render(surface, match, _on_calendar(moment, near) + timedelta(days=days), days)
    alone = _DAY.fullmatch(fold(surface))
    if alone is None or not (alone["nth"] or alone["weekday"]):
        return None
    day = _day_near(int(alone["day"]), near, alone["weekday"] or "")
    return render(surface, alone, day + timedelta(days=days), days) if day is not None else None


def _on_calendar(moment: Moment, near: Moment | None) -> date:
    """Return a representative day: mid-month or mid-year, which shifts as most of its days would."""
    year = moment.year or (near.year if near is not None else None) or _LEAP_YEAR
    return date(year, moment.month or 7, moment.day or (_MIDDLE if moment.month else 1))


def _day_near(day: int, near: Moment | None, weekday: str = "") -> date | None:
    """Return the day of a month nearest to a document date, on the named weekday if there is one."""
    if near is None or near.year is None or near.month is None:
        return None
    centre = date(near.year, near.month, near.day or _MIDDLE)
    names = [name[:3] for name in WEEKDAYS]
    wanted = names.index(weekday[:3].lower()) if weekday else None
    return min(
        _days_of_months(day, near.year, near.month),
        key=lambda one: (wanted is not None and one.weekday() != wanted, abs(one - centre)),
        default=None,
    )


def _days_of_months(day: int, year: int, month: int) -> Iterator[date]:
    """Yield a day in the month before, the month and the month after, where it exists."""
    for step in (0, -1, 1):
        years, months = divmod(year * 12 + month - 1 + step, 12)
        try:
            yield date(years, months + 1, day)
        except ValueError:
            continue


def _range(surface: str, days: int, near: Moment | None, *, day_first: bool) -> str | None:
    """Shift both ends of ``3/4-3/9``, ``March 3-7``, ``12-15 March 2024`` and ``12th to 15th``."""
    for joint in _JOINT.finditer(fold(surface)):
        first, last = surface[: joint.start()], surface[joint.end() :]
        moved = _ends(first, last, days, near, day_first=day_first) if first and last else None
        if moved is not None:
            return moved[0] + surface[joint.start() : joint.end()] + moved[1]
    return None


def _ends(first: str, last: str, days: int, near: Moment | None, *, day_first: bool) -> tuple[str, str] | None:
    left, right = read_shape(first, day_first=day_first), read_shape(last, day_first=day_first)
    if left and right and left[1].month and right[1].month:
        return (
            _whole(first, days, right[1], near, day_first=day_first),
            _whole(last, days, left[1], near, day_first=day_first),
        )
    if left and left[1].day:
        alone = _DAY.fullmatch(fold(last))
        year = full_year(alone["year"]) if alone is not None else None
        begin = _on_calendar(left[1], Moment(year=year) if year else near)
        end = _beside(last, first, left[0], begin, days)
        return (render(first, left[0], begin + timedelta(days=days), days), end) if end else None
    if right and right[1].day:
        end_day = _on_calendar(right[1], near)
        begin_text = _beside(first, last, right[0], end_day, days)
        return (begin_text, render(last, right[0], end_day + timedelta(days=days), days)) if begin_text else None
    return _days_alone(first, last, days, near)


def _whole(surface: str, days: int, other: Moment, near: Moment | None, *, day_first: bool) -> str:
    """Shift one end; the other supplies a missing year."""
    dated = Moment(year=other.year or (near.year if near is not None else None))
    return _single(surface, days, dated, day_first=day_first) or ""


def _beside(day: str, whole: str, match: re.Match[str], other: date, days: int) -> str | None:
    """Shift a day that takes its month from the other end, adding the month if the ends now differ."""
    alone = _DAY.fullmatch(fold(day))
    if alone is None:
        return None
    by = timedelta(days=days)
    moved = other.replace(day=int(alone["day"])) + by
    return render(day, alone, moved, days) if moved.month == (other + by).month else render(whole, match, moved, days)


def _days_alone(first: str, last: str, days: int, near: Moment | None) -> tuple[str, str] | None:
    left, right = _DAY.fullmatch(fold(first)), _DAY.fullmatch(fold(last))
    if left is None or right is None or not (left["nth"] or right["nth"]):
        return None
    begin = _day_near(int(left["day"]), near, left["weekday"] or "")
    if begin is None:
        return None
    end = _day_near(int(right["day"]), Moment(year=begin.year, month=begin.month, day=begin.day))
    if end is None:
        return None
    by = timedelta(days=days)
    return render(first, left, begin + by, days), render(last, right, end + by, days)


def _holiday(surface: str, days: int, near: Moment | None) -> str | None:
    """Write the shifted day of a holiday as month and day; with the year if the surface had one."""
    behind = _YEAR_BEHIND.fullmatch(fold(surface))
    year = full_year(behind["year"]) if behind is not None else None
    name = surface[: len(behind["name"])] if behind is not None else surface
    day_of = holiday(name.strip(" ,"))
    year_near = year or (near.year if near is not None else None)
    if day_of is None or year_near is None:
        return None
    day = day_of(year_near)
    if year is None and near is not None and near.month:
        centre = date(year_near, near.month, near.day or _MIDDLE)
        day = min((day_of(year_near + step) for step in (0, -1, 1)), key=lambda one: abs(one - centre))
    moved = day + timedelta(days=days)
    written = f"{cased(surface, MONTHS[moved.month - 1].capitalize())} {moved.day}"
    return f"{written}, {moved.year}" if year else written
