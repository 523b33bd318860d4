"""Parse dates of headers and columns into ISO 8601."""

import re
from datetime import date
from typing import Final

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ISO: Final = re.compile(
    r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ](\d{2}:\d{2}(?::\d{2})?(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})?))?"
)
_COMPACT: Final = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})(?:\d{2}){0,3}(?!\d)")
_SLASHED: Final = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4}|\d{2})(?!\d)")
_DAY_MONTH: Final = re.compile(r"(\d{1,2})[ \-]([A-Za-z]{3,9})\.?,?[ \-](\d{4}|\d{2})(?!\d)")
_MONTH_DAY: Final = re.compile(r"([A-Za-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})")


def iso_date(written: str, *, century: str = "") -> str:
    """Read a date at the start of a string; empty if there is none or it is no calendar day.

    Slashed dates are month first (US records) unless only day first is possible. Two-digit years are read only with a
    known century: guessing it for a birth date produces wrong identities.

    Args:
        written: the date as written, e.g. ``"11/02/1948"``. PHI.
        century: first two digits of a two-digit year, e.g. ``"20"``.
    """
    written = written.strip()
    if (found := _ISO.match(written)) is not None:
        day = _iso(int(found[1]), int(found[2]), int(found[3]))
        return f"{day}T{found[4]}" if day and found[4] else day
    if (found := _COMPACT.match(written)) is not None:
        return _iso(int(found[1]), int(found[2]), int(found[3]))
    if (found := _SLASHED.match(written)) is not None:
        first, second, year = int(found[1]), int(found[2]), _year(found[3], century)
        return _iso(year, first, second) or _iso(year, second, first)
    if (found := _DAY_MONTH.match(written)) is not None:
        return _iso(_year(found[3], century), _month(found[2]), int(found[1]))
    if (found := _MONTH_DAY.match(written)) is not None:
        return _iso(int(found[3]), _month(found[1]), int(found[2]))
    return ""


def _year(written: str, century: str) -> int:
    """Return the year, or 0 (no calendar year) if the century is unknown."""
    if len(written) == len("2024"):
        return int(written)
    return int(century + written) if century else 0


def _month(name: str) -> int:
    start = name[:3].lower()
    return _MONTHS.index(start) + 1 if start in _MONTHS else 0


def _iso(year: int, month: int, day: int) -> str:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return ""
