"""Joins what the rules found with what the judge says of each word."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from llmops.deid.detect.recognizers.dates.quantities import is_count, is_quantity
from llmops.deid.spans import ScoredWord, Span, View
from llmops.deid.vocabulary.words import KEPT_PLACES
from llmops.phi import PhiLabel

NETWORK: Final = "clinical_ner"
"""Name of the recognizer of what network and judge alone find."""
_WORDS: Final = frozenset({PhiLabel.NAME, PhiLabel.LOC, PhiLabel.ORG})
"""Labels whose words are words: each of a find is judged by itself."""
_JUDGED: Final = _WORDS | {PhiLabel.DATE, PhiLabel.OTHERID}
_STRONG: Final = 0.825
"""Score from which on a find is hardly ever wrong: it stands by itself where its label is another."""
CERTAIN: Final = 0.99
"""Score of what no judge has to say anything of: it is no word."""
_EASED: Final = 0.25
"""Part of the threshold that is enough for a strong find of a judged label, and for kinds that are rare in notes."""
_OLD: Final = re.compile(r"\D+|(?:9\d|1[01]\d)\D*")
"""What may be an age over 89; one below is no identifier."""
_SHORT: Final = re.compile(r"\d{2,3}")
_LINKS: Final = frozenset({"at", "on"})
"""Words that lead from one name to the next, and are no part of either."""


def combine(view: View, finds: Sequence[Span], judged: Sequence[ScoredWord], threshold: float) -> list[Span]:
    """Give the findings that the judge keeps, and the words that are PHI without one.

    Args:
        view: the text. PHI.
        finds: of the rules.
        judged: each word in doubt, in order, with its probability of being PHI.
        threshold: probability from which on a word is PHI.
    """
    within = _within(judged)
    kept = [span for find in finds for span in _kept(view.folded, find, within(find), threshold)]
    alone = (
        Span(
            start=run[0].start,
            end=run[-1].end,
            label=run[0].label,
            score=_capped(max(word.score for word in run)),
            recognizer=NETWORK,
        )
        for run in _runs(view.folded, judged, threshold, _EASED * threshold, _joined)
    )
    return [
        *kept,
        *(span for span in alone if not (_is_kept_place(view.folded, span) or _is_measure(view.folded, span))),
    ]


def _within(words: Sequence[ScoredWord]) -> Callable[[Span], Sequence[ScoredWord]]:
    """Give a look-up of the words that a span touches."""
    starts, ends = [word.start for word in words], [word.end for word in words]
    return lambda span: words[bisect_right(ends, span.start) : bisect_left(starts, span.end)]


def _kept(folded: str, find: Span, judged: Sequence[ScoredWord], threshold: float) -> Iterator[Span]:
    """Give what of a rule's find the judge leaves; a word that it refuses parts a name in two."""
    strong = find.score >= _STRONG
    if find.score >= CERTAIN or (find.label not in _JUDGED and (strong or find.label is PhiLabel.AGE90)):
        yield find
        return
    eased = _EASED * threshold
    enough = threshold if find.label in _JUDGED and not strong else eased
    if find.label in _WORDS:
        for run in _runs(folded, judged, enough, eased, lambda *_: True):
            yield find.cut(max(find.start, run[0].start), min(find.end, run[-1].end))
    elif any(word.score >= enough for word in judged):
        yield find


def _runs(
    folded: str,
    judged: Sequence[ScoredWord],
    threshold: float,
    eased: float,
    joined: Callable[[str, ScoredWord, ScoredWord], bool],
) -> Iterator[Sequence[ScoredWord]]:
    """Give the stretches of words that are PHI and belong together, without the links at their ends."""
    run: list[ScoredWord] = []
    for word in judged:
        rare = word.label is PhiLabel.AGE90 and _OLD.fullmatch(folded, word.start, word.end) is not None
        sure = word.score >= (eased if rare else threshold)
        if run and (not sure or not joined(folded, run[-1], word)):
            yield from _inner(folded, run)
            run = []
        if sure:
            run.append(word)
    yield from _inner(folded, run)


def _inner(folded: str, run: Sequence[ScoredWord]) -> Iterator[Sequence[ScoredWord]]:
    inner = [n for n, word in enumerate(run) if folded[word.start : word.end] not in _LINKS]
    if inner:
        yield run[inner[0] : inner[-1] + 1]


def _joined(folded: str, left: ScoredWord, right: ScoredWord) -> bool:
    """Neighbours of one label that only punctuation or a blank parts."""
    gap = folded[left.end : right.start]
    return left.label is right.label and len(gap) <= 2 and not any(c.isalnum() or c == "\n" for c in gap)


def _capped(score: float) -> float:
    """Leave the range to a rule that names the identifier: the judge only knows that it is one."""
    return round(min(score, 0.64), 3)


def _is_kept_place(folded: str, span: Span) -> bool:
    """A state or a country alone is no identifier (164.514(b)(2)(i)(B))."""
    return span.label is PhiLabel.LOC and " ".join(folded[span.start : span.end].lower().split()) in KEPT_PLACES


def _is_measure(folded: str, span: Span) -> bool:
    """A reading, a result or a count is no age and no number of anybody, whatever the network thinks of it."""
    if span.label is PhiLabel.OTHERID:
        return _SHORT.fullmatch(folded, span.start, span.end) is not None and is_quantity(folded, span.start, span.end)
    return span.label is PhiLabel.AGE90 and (
        is_quantity(folded, span.start, span.end) or is_count(folded, span.start, span.end)
    )
