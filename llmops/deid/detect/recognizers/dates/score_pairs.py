"""Distinguish scores from dates written alike: ``4/5`` beside ``3/5`` grades strength and is no date."""

import re
from typing import Final

_PAIR: Final = re.compile(r"(?<![\w/.-])(\d{1,2})/(\d{1,2})(?![\w/]|\.\d)")
_DATED: Final = re.compile(
    r"(?i)\b(?:on|since|from|until|by|dated|seen|thru|through|of|after|before|due|date|appt|f/u|rtc|visit)[: ]{1,2}\Z"
)
_DENOMINATORS: Final = frozenset({4, 5, 10})
_NEAR: Final = 100


def is_score_pair(folded: str, start: int, end: int) -> bool:
    """Say whether the number pair around ``folded[start:end]`` belongs to a row of scores.

    Adjacent scores share their denominator; adjacent dates share their month.

    Args:
        folded: the folded text. PHI.
        start: first character of the pair or of one of its numbers.
        end: one past the last.
    """
    low = max(0, start - _NEAR)
    window = folded[low : end + _NEAR]
    pairs = list(_PAIR.finditer(window))
    here = next((pair for pair in pairs if pair.start() <= start - low and end - low <= pair.end()), None)
    if here is None or not _is_score(here) or _DATED.search(window, max(0, here.start() - 12), here.start()):
        return False
    near = [pair for pair in pairs if pair is not here]
    alike = sum(_is_score(pair) and pair[2] == here[2] for pair in near)
    same_month = any(pair[1] == here[1] for pair in near)
    return all(int(pair[1]) <= int(pair[2]) <= 12 for pair in near) and (alike > 1 or (alike == 1 and not same_month))


def _is_score(pair: re.Match[str]) -> bool:
    return int(pair[2]) in _DENOMINATORS and int(pair[1]) <= int(pair[2])
