"""What one find says about the rest of its text: a name once found is a name wherever it stands again."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from llmops.deid.spans import Span, View
from llmops.deid.vocabulary.words import COMMON_WORDS, NEVER_NAMES
from llmops.phi import PhiLabel

RECOGNIZER: Final = "repeated"
_WORD: Final = re.compile(r"[A-Za-z~]+(?:'[A-Z][a-z]+)?")
_SURE: Final = 0.6
_REPEATED: Final = frozenset({PhiLabel.NAME, PhiLabel.ORG, PhiLabel.LOC})
_SHORTEST: Final = {PhiLabel.NAME: 3, PhiLabel.ORG: 5, PhiLabel.LOC: 4}


def propagate(view: View, found: Sequence[Span]) -> list[Span]:
    """Find the words of sure names, places and organisations where they stand again in the same text.

    Words of the language are left out; a word must stand with a capital letter, as it did.

    Args:
        view: the text. PHI.
        found: the finds so far, disjoint and ordered.
    """
    wanted = _wanted(view.folded, found)
    if not wanted:
        return []
    covered = bytearray(len(view.folded))
    for span in found:
        covered[span.start : span.end] = b"\1" * (span.end - span.start)
    again = []
    for match in _WORD.finditer(view.folded):
        label = wanted.get(match.group().lower())
        if label is not None and not covered[match.start()] and not match.group()[0].islower():
            again.append(Span(start=match.start(), end=match.end(), label=label, score=0.55, recognizer=RECOGNIZER))
    return again


def _wanted(folded: str, found: Iterable[Span]) -> dict[str, PhiLabel]:
    wanted: dict[str, PhiLabel] = {}
    for span in found:
        if span.label not in _REPEATED or span.score < _SURE:
            continue
        for word in _WORD.findall(folded[span.start : span.end]):
            low = word.lower()
            if len(low) >= _SHORTEST[span.label] and low not in COMMON_WORDS and low not in NEVER_NAMES:
                wanted.setdefault(low, span.label)
    return wanted
