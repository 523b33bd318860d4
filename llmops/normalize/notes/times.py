"""Find the time of care of a note whose header has no key for it."""

import re
from collections.abc import Collection
from typing import Final

from llmops.normalize.text.dates import iso_date

CENTURY: Final = "20"
"""Century of a two-digit year of service: text notes exist only since computers do."""

_LINES: Final = 10
_LONGEST_LINE: Final = 160
_DATE: Final = re.compile(
    r"(?<![\w/.\-])(?:\d{4}[-/]\d{1,2}[-/]\d{1,2}|\d{1,2}[/\-]\d{1,2}[/\-](?:\d{4}|\d{2})"
    r"|\d{1,2}[ \-][A-Za-z]{3,9}\.?,?[ \-](?:\d{4}|\d{2})|[A-Za-z]{3,9}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4})(?![\w/\-])"
)
_BIRTH: Final = re.compile(r"(?:\bd\.?o\.?b\b|\bborn\b|\bbirth)[^\n\d]{0,24}$", re.IGNORECASE)


def loose_date(text: str, taken: Collection[tuple[int, int]]) -> str:
    """Return the first date in the title or the lines below it that is no birth date and no part of a number.

    Args:
        text: cleaned text. PHI.
        taken: ranges of the text known to be something else.

    Returns:
        ISO 8601 date, or empty.
    """
    at = 0
    for line in text.split("\n", _LINES)[:_LINES]:
        if len(line) > _LONGEST_LINE:
            return ""  # prose has begun; its dates may refer to anything
        for match in _DATE.finditer(line):
            start = at + match.start()
            if any(low <= start < high for low, high in taken) or _BIRTH.search(line, 0, match.start()):
                continue
            if day := iso_date(match.group(), century=CENTURY):
                return day
        at += len(line) + 1
    return ""
