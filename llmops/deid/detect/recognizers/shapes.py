"""Number and code formats shared by several identifiers."""

import re
from typing import Final

from llmops.deid.detect.recognizers.rules import Check

CODE: Final = (
    r"(?:\d(?: \d){4,11}\b|"
    r"(?:[A-Z]{1,8}[-/.#_]{0,2}){0,3}(?:[A-Z]{1,4} )?\d[A-Za-z0-9]{0,20}(?:[-/._^][A-Za-z0-9]{1,16}){0,6}"
    r"(?: (?:\d[A-Za-z0-9-]{0,11}|[A-Z]\d?)\b){0,4})"
)
"""A code with a digit: ``00-41-77-26``, ``M0093381-7``, ``4 0 1 1 7 B2``, ``NCM 5520 1138 04``."""

TIGHT_CODE: Final = r"[A-Za-z]{0,8}[-/.#_]?\d[A-Za-z0-9]{0,20}(?:[-/._][A-Za-z0-9]{1,16}){0,6}"
"""A code without blanks."""

SEP: Final = (
    r"(?:\s?(?:no|number|num|nr|id|ids|ref|code|nos)\b\.?)?\s{0,8}(?:[#:=.|]{1,30}|is|was|ending(?: "
    r"in)?|->|\()?\s{0,8}[#\"'\[]{0,2}"
)
"""Separator between a label and its value, including form spaces."""

GAP: Final = r"[\s,|/._-]{1,3}"
"""Separator between digit groups after a label, including a table's tab, pipe or line end."""


def at_least_digits(least: int) -> Check:
    """Make a check that a surface has at least that many digits."""

    def check(folded: str, start: int, end: int) -> bool:
        return sum(c.isdigit() for c in folded[start:end]) >= least

    return check


_READING: Final = re.compile(r"(?:[A-Z]{2,5} )?\d{1,2}(?:-\d{1,2})?/(?:\d{1,2}|100)|\dw\d{1,2}(?: \dw\d{1,2})*|\d{1,2}")
_CLOCK: Final = re.compile(r":[0-5]\d\b")


def is_code(least: int) -> Check:
    """Make a check that a surface has that many digits and is no score, frequency or time of day.

    Refused: ``asthma plan. ACT 19/25``, ``SN 2w4`` (a nurse, twice a week for four weeks), ``device 14:51``.
    """
    long_enough = at_least_digits(least)

    def check(folded: str, start: int, end: int) -> bool:
        read = _READING.fullmatch(folded, start, end) is not None
        if read and folded[start:end].isdigit():
            read = _CLOCK.match(folded, end) is not None
        return not read and long_enough(folded, start, end)

    return check


def apart_from_digits(kin: str) -> Check:
    """Make a check that no digit adjoins a surface by ``-`` or ``/``, or precedes it with ``.``, as in a longer code.

    Args:
        kin: pattern of numbers of the same kind, which may adjoin; at most ``_KIN_LENGTH`` characters.
    """
    joined, ended = re.compile(r"\d[-/.]\Z"), re.compile(rf"(?<!\d)(?:{kin})[-/]\Z")
    onward, begun = re.compile(r"[-/]\d"), re.compile(rf"[-/](?:{kin})(?!\w)")

    def check(folded: str, start: int, end: int) -> bool:
        left = folded[max(0, start - _KIN_LENGTH) : start]
        return (joined.search(left) is None or ended.search(left) is not None) and (
            onward.match(folded, end) is None or begun.match(folded, end) is not None
        )

    return check


_KIN_LENGTH: Final = 16
