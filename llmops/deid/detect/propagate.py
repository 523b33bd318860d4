"""Propagate findings through a text: a name found once is a name at every occurrence."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from llmops.deid.detect.recognizers.names.name_checks import is_named_after
from llmops.deid.spans import Span, View
from llmops.deid.vocabulary import word_set
from llmops.deid.vocabulary.words import COMMON_WORDS, NEVER_NAMES
from llmops.phi import PhiLabel

RECOGNIZER: Final = "repeated"
_WORD: Final = re.compile(r"[A-Za-z~]+(?:'[A-Z][a-z]+)?")
_CODE: Final = re.compile(r"[A-Za-z0-9]+(?:[-/.][A-Za-z0-9]+)*")
_SURE: Final = 0.6
_CERTAIN: Final = 0.8
_REPEATED: Final = frozenset({PhiLabel.NAME, PhiLabel.LOC})
"""Organisations are not propagated: 95 % of those matches were dictionary words."""
_CODES: Final = frozenset(
    {
        PhiLabel.MRN, PhiLabel.PLAN, PhiLabel.ACCT, PhiLabel.OTHERID, PhiLabel.DEVICE, PhiLabel.LICENSE,
        PhiLabel.VEHICLE, PhiLabel.BIOMETRIC,
    }
)  # fmt: skip
_SHORTEST: Final = {PhiLabel.NAME: 3, PhiLabel.LOC: 4}
_SHORTEST_CODE: Final = 5
_NO_MARKS: Final = {code: None for code in range(128) if not chr(code).isalnum()}
_PERSON_BEFORE: Final = re.compile(
    r"(?i)(?:\b(?:mr|mrs|ms|miss|mx|dr|doctor|nurse|baby|pt|patient|son|daughter|dtr|wife|husband|mother|father|mom|"
    r"dad|sister|brother|aunt|uncle|per|by|with|and|told|called|asked|d/w|w/|dear|"
    r"from|to|for|rn|md)\.?|&|/)[ \t]{1,2}\Z"
)
_PERSON_AFTER: Final = re.compile(
    r"'s\b|'S\b|:|,? (?:RN|MD|DO|NP|PA|PA-C|LPN|CNA)\b| (?:says|said|called|wrote|will|has|had|is|was|may|"
    r"might|does|did|"
    r"lives|wants|asks|asked|came|reports|reported|denies|denied|feels|felt|would|can|could|should|agrees|agreed|went|"
    r"understands|tolerated|continues|remains|requests|prefers|takes|uses|works|states|stated|thinks|knows)\b"
)
_NO_NAMES: Final = word_set("outer") | word_set("not_initials") | {"baby", "boy", "girl", "twin", "pt", "jr", "iii"}
_SIGNED_BEFORE: Final = re.compile(
    r"(?i)(?:(?:\A|\n)[ \t]*|[-/~:;()|.][ \t]{0,3}|\b(?:by|per|initials?|sig|rn|init|dict|t|d):?[ \t]{1,2})\Z"
)
_SIGNED_AFTER: Final = re.compile(r"[ \t]*(?:\n|\Z|[|)/:;]|\d{1,2}[/:])")


def propagate(view: View, found: Sequence[Span]) -> list[Span]:
    """Find further occurrences of the words of sure names, places and numbers in the same text.

    Non-dictionary words of names are found in any case, of places if capitalised. Dictionary words (``Hope``,
    ``Early``) only if the name was certain and the context indicates a person. Initials of a full name are found where
    people sign.

    Args:
        view: the text. PHI.
        found: the findings so far, disjoint and ordered.
    """
    strong, weak, initials = _wanted(view.folded, found)
    codes = _codes(view.folded, found)
    if not (strong or weak or initials or codes):
        return []
    covered = bytearray(len(view.folded))
    for span in found:
        covered[span.start : span.end] = b"\1" * (span.end - span.start)
    return [
        Span(start=start, end=end, label=label, score=0.55, recognizer=RECOGNIZER)
        for start, end, label in (*_words(view.folded, strong, weak, initials), *_numbers(view.folded, codes))
        if not covered[start]
    ]


def _words(
    folded: str, strong: dict[str, PhiLabel], weak: set[str], initials: set[str]
) -> Iterator[tuple[int, int, PhiLabel]]:
    wanted = {*strong, *weak, *initials}
    if not wanted:
        return
    for match in _WORD.finditer(folded):
        low = match[0].lower()
        if low not in wanted:
            continue
        start, end = match.span()
        if is_named_after(folded, end):
            continue
        if low in strong:
            if not match[0].islower() or (strong[low] is PhiLabel.NAME and len(low) >= _SHORTEST_CODE):
                yield start, end, strong[low]
            continue
        spoken = low in weak and _speaks_of_person(folded, start, end)
        if spoken or (low in initials and _is_signed(folded, start, end)):
            yield start, end, PhiLabel.NAME


def _numbers(folded: str, codes: dict[str, PhiLabel]) -> Iterator[tuple[int, int, PhiLabel]]:
    if codes:
        for match in _CODE.finditer(folded):
            surface = match.group()
            if len(surface) < _SHORTEST_CODE or surface.isalpha():  # most are words; a code has a digit
                continue
            label = codes.get(_bare(surface))
            if label is not None:
                yield match.start(), match.end(), label


def _wanted(folded: str, found: Iterable[Span]) -> tuple[dict[str, PhiLabel], set[str], set[str]]:
    strong: dict[str, PhiLabel] = {}
    weak: set[str] = set()
    initials: set[str] = set()
    for span in found:
        if span.label not in _REPEATED or span.score < _SURE:
            continue
        words = [w.lower() for w in _WORD.findall(folded[span.start : span.end])]
        for word in words:
            if len(word) >= _SHORTEST[span.label] and word not in COMMON_WORDS and word not in NEVER_NAMES:
                strong.setdefault(word, span.label)
            elif span.label is PhiLabel.NAME and span.score >= _CERTAIN and _may_be_name(word):
                weak.add(word)
        if span.label is PhiLabel.NAME and len(words) > 1:
            parts = folded[span.start : span.end].lower().split()
            short = (words[0][0] + words[-1][0], "".join(w[0] for w in words), "".join(w[0] for w in parts))
            initials.update(letters for letters in short if len(letters) > 1)
    return strong, weak, initials - weak


def _may_be_name(word: str) -> bool:
    return len(word) >= 2 and word not in _NO_NAMES


def _codes(folded: str, found: Iterable[Span]) -> dict[str, PhiLabel]:
    codes: dict[str, PhiLabel] = {}
    for span in found:
        if span.label in _CODES and span.score >= _SURE:
            bare = _bare(folded[span.start : span.end])
            if len(bare) >= _SHORTEST_CODE and any(c.isdigit() for c in bare):
                codes.setdefault(bare, span.label)
    return codes


def _bare(surface: str) -> str:
    return surface.lower().translate(_NO_MARKS).lstrip("0")


def _speaks_of_person(folded: str, start: int, end: int) -> bool:
    if folded[start].islower():
        return False
    before = folded[max(0, start - 14) : start]
    return _PERSON_BEFORE.search(before) is not None or _PERSON_AFTER.match(folded, end) is not None


def _is_signed(folded: str, start: int, end: int) -> bool:
    word = folded[start:end]
    if not (word.isupper() or word.islower()) or (start and folded[start - 1].isalnum()):
        return False
    before = folded[max(0, start - 14) : start]
    return _SIGNED_BEFORE.search(before) is not None and _SIGNED_AFTER.match(folded, end) is not None
