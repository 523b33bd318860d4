"""Compute the day of Gregorian holidays that notes name instead of a date."""

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final

from llmops.deid.folding import fold

Day = Callable[[int], date]
"""Returns the day of a holiday in a year."""


def _on(month: int, day: int) -> Day:
    return lambda year: date(year, month, day)


def _weekday(month: int, weekday: int, count: int) -> Day:
    """Return the count-th weekday (Monday is 0) of a month; the last one for -1."""

    def day(year: int) -> date:
        if count < 0:
            last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
            return last - timedelta(days=(last.weekday() - weekday) % 7)
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (count - 1))

    return day


def _easter(days: int) -> Day:
    return lambda year: easter_sunday(year) + timedelta(days=days)


def easter_sunday(year: int) -> date:
    """Return Easter Sunday of the Gregorian calendar, by the anonymous algorithm (Meeus, Jones, Butcher)."""
    golden, (century, rest) = year % 19, divmod(year, 100)
    leaps, odd = divmod(century, 4)
    moon = (19 * golden + century - leaps - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    sunday = (32 + 2 * odd + 2 * (rest // 4) - moon - rest % 4) % 7
    late = (golden + 11 * moon + 22 * sunday) // 451
    month, day = divmod(moon + sunday - 7 * late + 114, 31)
    return date(year, month, day + 1)


_DAYS: Final[Mapping[str, Day]] = MappingProxyType(
    {
        r"(?:christmas|xmas|x-mas) eve|nochebuena": _on(12, 24),
        r"(?:christmas|xmas|x-mas)(?: day)?": _on(12, 25),
        r"boxing day": _on(12, 26),
        r"new year'?s? eve": _on(12, 31),
        r"new year'?s?(?: day)?": _on(1, 1),
        r"epiphany|three kings(?: day)?|dia de (?:los )?reyes": _on(1, 6),
        r"(?:martin luther king|mlk) day": _weekday(1, 0, 3),
        r"groundhog day": _on(2, 2),
        r"valentine'?s(?: day)?": _on(2, 14),
        r"presidents'? day": _weekday(2, 0, 3),
        r"st\.? patrick'?s(?: day)?": _on(3, 17),
        r"mardi gras|fat tuesday|shrove tuesday": _easter(-47),
        r"ash wed(?:nesday)?": _easter(-46),
        r"palm sunday": _easter(-7),
        r"good friday": _easter(-2),
        r"easter(?: sunday)?": _easter(0),
        r"easter monday": _easter(1),
        r"pentecost|whitsun": _easter(49),
        r"tax day": _on(4, 15),
        r"cinco de mayo": _on(5, 5),
        r"mother'?s day": _weekday(5, 6, 2),
        r"memorial day": _weekday(5, 0, -1),
        r"father'?s day": _weekday(6, 6, 3),
        r"juneteenth": _on(6, 19),
        r"canada day": _on(7, 1),
        r"(?:the )?(?:4th|fourth) of july|independence day": _on(7, 4),
        r"bastille day": _on(7, 14),
        r"labor day": _weekday(9, 0, 1),
        r"(?:columbus|indigenous peoples'?) day": _weekday(10, 0, 2),
        r"halloween|hallowe'en": _on(10, 31),
        r"all saints'?(?: day)?": _on(11, 1),
        r"veterans'? day": _on(11, 11),
        r"thanksgiving(?: day)?": _weekday(11, 3, 4),
        r"black friday": lambda year: _weekday(11, 3, 4)(year) + timedelta(days=1),
    }
)
_NAMES: Final = tuple((re.compile(pattern, re.IGNORECASE), day) for pattern, day in _DAYS.items())


def holiday(name: str) -> Day | None:
    """Return the day function of a holiday; None for other calendars (Ramadan, Diwali) or unknown names."""
    folded = " ".join(fold(name).split())
    return next((day for pattern, day in _NAMES if pattern.fullmatch(folded)), None)
