"""Extend findings: rest of a word, initial beside a name, particles inside a long name, second name of a pair."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from llmops.deid.detect.recognizers.dates.quantities import is_quantity
from llmops.deid.detect.recognizers.names.name_checks import is_unusual_word
from llmops.deid.spans import Span, View, whole_word
from llmops.phi import PhiLabel

RECOGNIZER: Final = "completed"
_JOINED: Final = frozenset({PhiLabel.NAME, PhiLabel.ORG, PhiLabel.LOC})
_CODES: Final = frozenset(
    {PhiLabel.OTHERID, PhiLabel.MRN, PhiLabel.PLAN, PhiLabel.ACCT, PhiLabel.LICENSE, PhiLabel.DEVICE, PhiLabel.SSN}
)
_WORDY: Final = _JOINED | _CODES
_SURE: Final = 0.6
_FAR: Final = 40
"""Characters before a finding in which its beginning is sought."""

_HYPHENED: Final = re.compile(r"(?:[-'][A-Za-z~]{2,20}){1,4}")
_NO_NAME_TAILS: Final = frozenset({"'s", "-year", "-like", "-type", "-based", "-led", "'ll", "'ve", "-related", "-old"})
_HYPHENED_BEFORE: Final = re.compile(r"(?<![A-Za-z~])(?:[A-Z~][A-Za-z~]{0,20}[-'])+\Z")
_INITIAL_AFTER: Final = re.compile(r",?[ \t][A-Z]\.(?!\s?[A-Z]\b)|,[ \t]?(?!I [a-z])[A-Z](?![A-Za-z'.])")
_INITIAL_BEFORE: Final = re.compile(r"(?<![A-Za-z0-9.'/-])(?:[A-Z]\.[ \t]?){1,3}\Z")
_SUFFIX: Final = re.compile(r",?[ \t](?:Jr|Sr|JR|SR|II|III|IV)\b\.?")
_PARTICLE_BEFORE: Final = re.compile(
    r"(?<![A-Za-z~])(?:(?:de|van|von|der|den|del|dos|das|da|di|du|bin|ibn|ter|ten|la|v\.d\.)[ \t]){1,3}\Z"
)
_AGE: Final = re.compile(r",? ?[,(|/]? ?((?:9\d|1[01]\d))(?:[,;)]| ?\||\.(?!\d)| ?[/-]? ?[MFmf]\b)")
_DATE_AFTER: Final = re.compile(r"(?:[-/]\d{1,4}){1,2}(?![\w/])")
_DATE_BEFORE: Final = re.compile(r"(?<![\w/.-])(?:\d{1,4}[-/]){1,2}\Z")
_CODE_AFTER: Final = re.compile(r"(?:[-/:._*][A-Za-z0-9]{0,12}\d[A-Za-z0-9]{0,12}|[-/.][A-Z]{1,4}(?![A-Za-z])){1,12}")
_CODE_BEFORE: Final = re.compile(r"(?<![A-Za-z0-9])(?:[A-Za-z0-9]{0,8}\d[A-Za-z0-9]{0,8}[-/:._*]|[A-Z]{1,5}[-/])+\Z")
_PLOT_AFTER: Final = re.compile(
    r"(?i),?[ \t](?:lot|spc?|space|unit|apt|bldg|trlr|ste|suite|room|rm|fl|floor)\.?[ \t]?#?[a-z]?-?\d{1,4}[a-z]?\b"
)
_PLACE_IN_HOUSE: Final = re.compile(
    r"[ \t]{0,2}[-,/][ \t]{0,2}(?:Service|Unit|Ward|Suite|Building|Bldg|Floor|Site|Campus|Tower|Pavilion|Team|Pod)"
    r"[ \t][A-Z0-9]{1,4}\b|[ \t]{0,2}(?:#[ \t]?\d{1,6}|(?:No\.?|Local|LOCAL|Lodge|Post|Dept\.?) ?#?\d{1,5})\b"
)
_PAIRED: Final = re.compile(r"[ \t](?:and|&|y|et|und)[ \t]([A-Z~][a-z~]{2,20}(?:-[A-Z][a-z]+)?)(?![A-Za-z'])")
_PARTICLES: Final = re.compile(
    r"(?i)[ \t](?:van der|van den|van de|de la|de los|van|von|de|da|dos|das|del|di|du|la|le|bin|ibn|al|el|e|y|ter|ten)"
    r"[ \t]"
)
_JOINTS: Final = re.compile(r"(?i)[ \t]{1,2}(?:of|and|&|de|del|la|y|von|of the|in the|on the)[ \t]{1,2}")
_LONGEST_JOINT: Final = 9


def complete(view: View, found: Sequence[Span]) -> list[Span]:
    """Return the findings, each widened to its full extent, plus names paired with a found name.

    Args:
        view: the text. PHI.
        found: disjoint and ordered.
    """
    folded = view.folded
    wide = [_widened(folded, span) for span in found]
    names = [span for span in wide if span.label is PhiLabel.NAME]
    return [*wide, *_joints(folded, wide), *_pairs(folded, names), *_ages(folded, names)]


def _widened(folded: str, span: Span) -> Span:
    start, end = span.start, span.end
    if span.label in _WORDY:
        start, end = whole_word(folded, start, end)
    if span.label is PhiLabel.NAME:
        start, end = _whole_name(folded, start, end)
    elif span.score < _SURE:
        pass
    elif span.label is PhiLabel.DATE:
        start, end = _whole_number(folded, start, end, _DATE_BEFORE, _DATE_AFTER)
    elif span.label in _CODES:
        start, end = _whole_number(folded, start, end, _CODE_BEFORE, _CODE_AFTER)
    elif span.label is PhiLabel.LOC:
        end = _past(_PLOT_AFTER, folded, end)
    elif span.label is PhiLabel.ORG:
        end = _past(_PLACE_IN_HOUSE, folded, end)
    return span.cut(start, end)


def _whole_name(folded: str, start: int, end: int) -> tuple[int, int]:
    hyphened = _HYPHENED.match(folded, end)
    if hyphened and hyphened.group().lower() not in _NO_NAME_TAILS:
        end = hyphened.end()
    for pattern in (_INITIAL_AFTER, _SUFFIX):
        end = _past(pattern, folded, end)
    for pattern in (_HYPHENED_BEFORE, _INITIAL_BEFORE, _PARTICLE_BEFORE):
        start = _before(pattern, folded, start)
    return start, end


def _whole_number(
    folded: str, start: int, end: int, before: re.Pattern[str], after: re.Pattern[str]
) -> tuple[int, int]:
    """Include the other parts of a date or code: ``1/[8]``, ``24:[MB0016675R]``."""
    if not any(c.isdigit() for c in folded[start:end]):
        return start, end
    return _before(before, folded, start), _past(after, folded, end)


def _past(pattern: re.Pattern[str], folded: str, end: int) -> int:
    match = pattern.match(folded, end)
    return match.end() if match else end


def _before(pattern: re.Pattern[str], folded: str, start: int) -> int:
    match = pattern.search(folded, max(0, start - _FAR), start)
    return match.start() if match else start


def _joints(folded: str, found: Sequence[Span]) -> Iterator[Span]:
    """Cover the text joining two parts of one name: ``Shepherd [of] Wadena``, ``Pereira [dos] Santos``."""
    for left, right in pairwise(found):
        gap = folded[left.end : right.start]
        if not gap or len(gap) > _LONGEST_JOINT or left.label not in _JOINED or right.label not in _JOINED:
            continue
        both_names = left.label is right.label is PhiLabel.NAME
        if (_PARTICLES if both_names else _JOINTS).fullmatch(gap) and (both_names or left.label is PhiLabel.ORG):
            yield _beside(left, left.end, right.start)


def _pairs(folded: str, names: Iterable[Span]) -> Iterator[Span]:
    """Label the second of a pair a name if the first is one: ``parents Ane and Gorka``."""
    for span in names:
        match = _PAIRED.match(folded, span.end)
        if match and is_unusual_word(match[1]):
            yield _beside(span, *match.span(1))


def _ages(folded: str, names: Iterable[Span]) -> Iterator[Span]:
    """Label a bare number over 89 after a name an age: ``wife Imogen, 93,``."""
    for span in names:
        match = _AGE.match(folded, span.end)
        if match and not is_quantity(folded, *match.span(1)):
            yield replace(_beside(span, *match.span(1)), label=PhiLabel.AGE90)


def _beside(span: Span, start: int, end: int) -> Span:
    return Span(start=start, end=end, label=span.label, score=span.score - 0.05, recognizer=RECOGNIZER)
