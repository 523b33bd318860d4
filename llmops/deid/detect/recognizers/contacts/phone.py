"""Telephone numbers, 164.514(b)(2)(i)(D), pagers and extensions."""

import re
from collections.abc import Iterator
from typing import Final

from llmops.deid.detect.recognizers.rules import PatternRule, Rules
from llmops.deid.detect.recognizers.shapes import GAP, SEP, apart_from_digits, at_least_digits
from llmops.deid.spans import Span, View
from llmops.deid.vocabulary.given_names import GIVEN_NAMES
from llmops.phi import PhiLabel

NAME: Final = "phone"
LABEL: Final = PhiLabel.PHONE


_is_apart: Final = apart_from_digits(r"(?:\d{3}[-.])?\d{2,3}[-.]\d{4}")


def _is_phone(folded: str, start: int, end: int) -> bool:
    """Refuse a part of a longer code."""
    coded = re.match(r"-[A-Za-z]|\.1", folded[end : end + 2]) is not None
    return folded[max(0, start - 1) : start] != "#" and not coded and _is_apart(folded, start, end)


_MEASURE: Final = re.compile(r"(?i)\s?(?:[x/%]|fields|hpf|mm|cm|mg|mcg|ml|kg|g\b|units?\b|fr\b)")


def _is_extension(folded: str, start: int, end: int) -> bool:
    """Refuse a pH, a report page number and a size (``11 x 180 mm``)."""
    sized = folded[start - 2 : start].lower() == "x " and folded[max(0, start - 4) : start - 2].strip().isdigit()
    return "." not in folded[start:end] and not sized and _MEASURE.match(folded, end) is None


_UNIT_AFTER: Final = re.compile(
    r"(?i)\s?(?:days?|d\b|wks?|weeks?|months?|mo\b|hrs?|h\b|min|yrs?|years?|reps?|tabs?|doses?|[+/%-])"
)
_RANGE_BEFORE: Final = re.compile(r"(?i)(?:range|normal|ref)[^\n]{0,8}\Z")
_WORD_BEFORE: Final = re.compile(r"(?:([A-Z][a-z]+)|\bme|\bat|\b(?:lab|rx|rads|desk|office|line|ph))[ ,]{1,2}\Z")


def _is_short_extension(folded: str, start: int, end: int) -> bool:
    """Accept ``Sheila x22``; refuse a frequency or count (``Ativan x10 days``, ``drain x2``)."""
    before = _WORD_BEFORE.search(folded, max(0, start - 24), start)
    named = before is not None and (before[1] is None or before[1].lower() in GIVEN_NAMES)
    return named and _is_extension(folded, start, end) and _UNIT_AFTER.match(folded, end) is None


def _is_motion(folded: str, start: int, end: int) -> bool:
    return not folded[end : end + 2].strip().startswith(("+", "/", "-")) and folded[start:end] != "0"


def _is_line(folded: str, start: int, end: int) -> bool:
    """Refuse a range (``range 200-3000``, ``500-4000 Hz``)."""
    unit = re.match(r"(?i)\s?(?:hz|ohms?|ms\b|ml|kcal|cal\b|mg|mm\b|units?)", folded[end : end + 8])
    return (
        unit is None and not _RANGE_BEFORE.search(folded, max(0, start - 20), start) and _is_phone(folded, start, end)
    )


def _is_short_line(folded: str, start: int, end: int) -> bool:
    """Accept a house extension (``3-0117``); refuse a year after a number and parts of codes."""
    around = set(folded[max(0, start - 1) : start] + folded[end : end + 1].replace(".", "")) & set("-./:#$+")
    fraction = folded[end : end + 1] == "." and folded[end + 1 : end + 2].isdigit()
    return folded[start + 2 : start + 4] not in {"19", "20"} and not around and not fraction


def _is_pager(folded: str, _start: int, end: int) -> bool:
    return folded[end : end + 1] not in {":", "/", "-", "."} or not folded[end + 1 : end + 2].isdigit()


_SPOKEN: Final = r"(?:oh|zero|one|two|three|four|five|six|seven|eight|nine)"


def _is_spoken(folded: str, start: int, end: int) -> bool:
    """Refuse years and doses: a spelt-out phone number has at least four digits."""
    return len(folded[start:end].split()) >= 4


def _is_ended(folded: str, _start: int, end: int) -> bool:
    """Refuse a time of day followed by the start of a longer number (``0415 401-555-0153``)."""
    return re.match(r"[-. ]\d{4}\b", folded[end : end + 6]) is None


_TIMED: Final = re.compile(r"(?:0[1-9]|1\d|2[0-3])[0-5]\d \(?\d{3}\)?[-. ]\d{3}[-. ]\d{4}\Z")
_has_seven_digits: Final = at_least_digits(7)


def _is_number(folded: str, start: int, end: int) -> bool:
    """Refuse numbers that are too short, and a time of day before a number, which is found separately."""
    return _has_seven_digits(folded, start, end) and _TIMED.match(folded[start:end]) is None


_END: Final = r"(?:\b|(?i:x|extn?\.?)\d)"
"""The end of a number, or the start of an extension joined to it."""
_NUMBER: Final = r"(?:\d{3}[-. /*)]{1,3}\d{3}[-. /*]{0,3}\d{4}|0\d{3,4} \d{3} ?\d{3,4}|0\d \d{4} \d{4})"

RULES: Final = Rules(
    PatternRule(
        r"(?i)\b(" + _SPOKEN + r"(?:(?:,? |-| dash )" + _SPOKEN + r"){3,14})\b", PhiLabel.PHONE, 0.76, _is_spoken
    ),
    PatternRule(
        r"((?:\+?1[-. /]{0,2})?\(\s?\d{3}\s?\)(?:[-. /]{0,3}|\s{1,3})\d{3}(?:[-. /]{0,2}|-\s{1,3})\d{4})" + _END,
        PhiLabel.PHONE,
        0.9,
    ),
    PatternRule(
        r"((?:(?:\+1|\b1)[-. /]{0,2})?\b\d{3}(?:[-. /*]{1,3}|-\s{1,3})\d{3}(?:[-. /*]{1,3}|-\s{1,3})\d{4})" + _END,
        PhiLabel.PHONE,
        0.85,
        _is_phone,
    ),
    PatternRule(r"(?:^|[A-Za-z:])(\d{3}[-.]\d{3}[-.]\d{4})(?:[^0-9/-]|$)", PhiLabel.PHONE, 0.82),
    PatternRule(r"(?i)(?:cb|cell|ph|tel|pgr|mob)(\d{10}|\d{7}|\d{5}|\d{3}-\d{4})\b", PhiLabel.PHONE, 0.8),
    PatternRule(r"\b(\d{3}[-.]\d{4})\b", PhiLabel.PHONE, 0.65, _is_line),
    PatternRule(r"\b([A-Z]{2}[a-z]{3,8} ?\d-?\d{4})\b", PhiLabel.PHONE, 0.85),
    PatternRule(r"\b(00\d{1,3} \d{1,4}(?: \d{2,5}){1,4})\b", PhiLabel.PHONE, 0.8, at_least_digits(9)),
    PatternRule(r"\b(0\d{3,4} \d{3} ?\d{3,4}|0\d \d{4} \d{4})" + _END, PhiLabel.PHONE, 0.75),
    PatternRule(_NUMBER + r"[,;]?\s{0,2}((?i:x|extn?\.?|extension)\d{1,6})\b", PhiLabel.PHONE, 0.85),
    PatternRule(_NUMBER + r"[,;]?\s{0,2}(?i:x|extn?|extension)[.:]?\s{1,2}(\d{1,6})\b", PhiLabel.PHONE, 0.85),
    PatternRule(r"(%2B1?\d{10})\b", PhiLabel.PHONE, 0.9),
    PatternRule(
        r"(?i)\b(?:re-?)?(?:paged?|cb|dial|pgr|pager|call(?:ed)?|desk|at)\b[^\n\d]{0,12}?"
        r"\b(\d-\d{4}|\d{2}-\d{3,4})\b",
        PhiLabel.PHONE,
        0.8,
        _is_short_line,
    ),
    PatternRule(r"(?i)\b(?:re-?)?(?:paged|cb) (?:at )?(\d{4,5})\b", PhiLabel.PHONE, 0.7, _is_pager),
    PatternRule(r"\b([2-9]-\d{4})\b", PhiLabel.PHONE, 0.5, _is_short_line),
    PatternRule(r"\b(p\d{4,5})\b", PhiLabel.PHONE, 0.6),
    PatternRule(r"\bp\.? (\d{4,5})\b", PhiLabel.PHONE, 0.6, _is_pager),
    PatternRule(r"\b(x\d{1,2}-\d{3,5})\b", PhiLabel.PHONE, 0.8),
    PatternRule(r"\bx\s(\d{1,2}-\d{3,5})\b", PhiLabel.PHONE, 0.8),
    PatternRule(r"\b(x ?\d{1,2})\b", PhiLabel.PHONE, 0.6, _is_short_extension),
    PatternRule(
        r"(\+\d{1,3}[-. ()]{0,3}\d{1,5}(?:[-. ()]{1,2}\d{2,5}){1,4})\b",
        PhiLabel.PHONE,
        0.85,
        at_least_digits(8),
    ),
    PatternRule(
        r"(?i)\b(?:tel|telephone|ph|phone|cell|mobile|mob|home|work|call|contact|pager|pgr|pg|beeper|bpr|"
        r"vm|voicemail|hotline|line|text|#|cb|callback|at)\b\.?(?:\s?(?:no|number|#))?"
        + SEP
        + r"(\(?\d{2,5}\)?(?:(?:[-. /]{0,2}|-\s{1,3})\d{2,5}){1,4})\b",
        PhiLabel.PHONE,
        0.8,
        _is_number,
    ),
    PatternRule(
        r"(?i)\b(?:tel|telephone|ph|phone|cell|mobile|mob|home|work|call|contact|pager|cb|callback)\b\.?,?"
        + SEP
        + r"(\(?[2-9]\d{2}\)?"
        + GAP
        + r"[2-9]\d{2}"
        + GAP
        + r"\d{4})\b",
        PhiLabel.PHONE,
        0.85,
        _is_phone,
    ),
    PatternRule(
        r"(?i)\b(?:ext|extn|extension|x|pager|pgr|pg|beeper|bpr|vocera|ascom|bleep|spectra(?:link)?|dect|"
        r"phone|ph)\b\.?(?:\s?(?:no|number|#|id))?\s?[:#.]{0,2}\s{0,2}([*#]?(?:\d{3,6}|\d{1,3}-\d{3,5}))\b",
        PhiLabel.PHONE,
        0.8,
        _is_extension,
    ),
    PatternRule(r"(?i)\bext(?:ension)?\b\.?\s?[:#]?\s?(\d{1,2})\b", PhiLabel.PHONE, 0.7, _is_motion),
    PatternRule(r"\b(x\d{3,6})\b", PhiLabel.PHONE, 0.75, _is_extension),
    PatternRule(r"\bx (\d{3,6})\b", PhiLabel.PHONE, 0.75, _is_extension),
    PatternRule(r"\b(0\d{2,4}[- ]\d{3,4}[- ]\d{3,4})\b", PhiLabel.PHONE, 0.8, _is_ended),
)


def find(view: View) -> Iterator[Span]:
    """Yield the telephone numbers in a view."""
    return RULES.find(view, NAME)
