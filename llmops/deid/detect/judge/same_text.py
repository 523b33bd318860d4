"""Derive evidence from the rest of a text: matching initials, and distance of a day from its sure dates."""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, compress
from typing import Final

import re2

from llmops.deid.dates import MONTHS

_PAIR: Final = re.compile(r"(\d(?<![\w./-]\d)\d?)([/.-])(\d{1,2})(?:\2(?:19|20)?\d\d)?(?![\w/-]|\.\d)")
"""Starts with the digit, so that the regex engine can skip to it before the lookbehind."""
_ISO: Final = re.compile(r"(?:1(?<![\w.-]1)9|2(?<![\w.-]2)0)\d\d-(\d\d)-(\d\d)(?![\w-])")
_SHORT: Final = tuple(month[:3] for month in MONTHS)
_MONTH: Final = "|".join((*MONTHS, "sept", *_SHORT))
_NAMED: Final = re2.compile(rf"(?i)\b(?:(\d{{1,2}})[ -]?)?({_MONTH})\b\.?(?:[ -]?(\d{{1,2}})\b)?".encode())
_SURE: Final = 0.9
_GAP: Final = 3
_LONGEST: Final = 5
_DAYS_BEFORE: Final = (0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335)
_LAST_DAY: Final = 31
_YEAR: Final = 366
UNKNOWN: Final = (-1.0, -1.0)


def initials(folded: str, words: Sequence[tuple[int, int]], named: Sequence[bool]) -> Mapping[str, float]:
    """Return lower-case strings that may be initials of the people named, graded by completeness.

    3: all initials in order; 2: first and last, or reversed order (``LAST, FIRST``); 1: first letter only.

    Args:
        folded: the folded text. PHI.
        words: (start, end) of each word.
        named: whether each seems part of a name.
    """
    names: list[str] = []
    last = 0
    for start, end in compress(words, named):
        gap = folded[last:start]
        if not names or len(gap) > _GAP or "\n" in gap:
            names.append("")
        if len(names[-1]) <= _LONGEST:
            names[-1] += folded[start].lower()
        last = end
    found: dict[str, float] = {}
    for name in names:
        if len(name) <= _LONGEST:
            alike = {name[0]: 1.0}
            if len(name) > 1:
                alike |= dict.fromkeys((name[0] + name[-1], name[1] + name[0], name[1:] + name[0]), 2.0)
                alike[name] = 3.0
            found |= {key: max(value, found.get(key, 0.0)) for key, value in alike.items()}
    return found


def days_apart(folded: str, belief: Mapping[int, float]) -> Mapping[int, tuple[float, float]]:
    """Return, per start of a number pair (``4/6``, ``4.6``), its distance in days to the sure dates.

    Distances to the nearest and to the median sure date, on a circular year; -1 if there is none.

    Args:
        folded: the folded text. PHI.
        belief: PHI probability by word start.
    """
    pairs = [
        (match, _day_of_year(int(match[1]), int(match[3])), min(belief.get(match.start(n), 0.0) for n in (1, 3)))
        for match in _PAIR.finditer(folded)
    ]
    if not pairs:
        return {}
    sure = Counter(day for _, day, likely in pairs if likely >= _SURE)
    sure.update(_other_days(folded, belief))
    del sure[-1]
    apart: dict[tuple[int, bool], tuple[float, float]] = {}
    found: dict[int, tuple[float, float]] = {}
    for match, day, likely in pairs:
        key = (day, likely >= _SURE)
        if key not in apart:
            apart[key] = _nearest_and_median(day, sure - Counter({day: 1}) if key[1] else sure) if day >= 0 else UNKNOWN
        found[match.start(1)] = found[match.start(3)] = apart[key]
    return found


def _other_days(folded: str, belief: Mapping[int, float]) -> Iterator[int]:
    """Yield the day of each sure date that is no number pair: ``2024-03-05``, ``5 March``, ``Mar. 5``."""
    for match in _ISO.finditer(folded):
        if belief.get(match.start(), 0.0) >= _SURE:
            yield _day_of_year(int(match[1]), int(match[2]))
    for match in _NAMED.finditer(folded.encode("ascii")):
        day = match[1] or match[3]
        if day and belief.get(match.start(2), 0.0) >= _SURE:
            yield _day_of_year(_SHORT.index(match[2][:3].lower().decode()) + 1, int(day))


def _nearest_and_median(day: int, others: Mapping[int, int]) -> tuple[float, float]:
    if not others:
        return UNKNOWN
    gaps = sorted((min(abs(day - other), _YEAR - abs(day - other)), count) for other, count in others.items())
    counts = list(accumulate(count for _, count in gaps))
    return float(gaps[0][0]), float(gaps[bisect_left(counts, counts[-1] / 2)][0])


def _day_of_year(month: int, day: int) -> int:
    """Return the day of a leap year, swapping month and day if only that is valid; -1 if neither is."""
    if month > len(MONTHS):
        month, day = day, month
    return _DAYS_BEFORE[month - 1] + day if 1 <= month <= len(MONTHS) and 1 <= day <= _LAST_DAY else -1
