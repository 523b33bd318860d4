"""Convert HL7 v2 and v3 times to ISO 8601."""

import re
from typing import Final

_TIME: Final = re.compile(
    r"(\d{4})(?:(0[1-9]|1[0-2])(?:(0[1-9]|[12]\d|3[01])(?:([01]\d|2[0-3])([0-5]\d)?([0-5]\d)?)?)?)?"
    r"(?:\.\d{1,6})?([+-]\d{4})?"
)


def iso_time(value: str) -> str:
    """Convert ``YYYY[MM[DD[HH[MM[SS]]]]][+ZZZZ]`` to ISO 8601 of the same precision; ``""`` if invalid.

    Args:
        value: the time as written. PHI.
    """
    match = _TIME.fullmatch(value.strip())
    if match is None:
        return ""
    year, month, day, hour, minute, second, zone = match.groups()
    date = "-".join(part for part in (year, month, day) if part)
    if hour is None:
        return date
    clock = ":".join(part for part in (hour, minute or "00", second) if part)
    return f"{date}T{clock}" + (f"{zone[:3]}:{zone[3:]}" if zone else "")


def iso_date(value: str) -> str:
    """Return the date of a time, without the time of day."""
    return iso_time(value).partition("T")[0]
