"""Combine rule findings with the judge's probability for each word."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from llmops.deid.detect.recognizers.dates.quantities import is_count, is_quantity
from llmops.deid.spans import ScoredWord, Span, View
from llmops.deid.vocabulary.words import KEPT_PLACES
from llmops.phi import PhiLabel

NETWORK: Final = "clinical_ner"
"""Recognizer name of findings made by network and judge alone."""
_WORDS: Final = frozenset({PhiLabel.NAME, PhiLabel.LOC, PhiLabel.ORG})
"""Labels whose findings consist of words; the judge decides on each word."""
_JUDGED: Final = _WORDS | {PhiLabel.DATE, PhiLabel.OTHERID}
_STRONG: Final = 0.825
"""Score from which a finding is almost always right: it is kept even if the judge prefers another label."""
CERTAIN: Final = 0.99
"""Score from which the judge is not asked."""
_EASED: Final = 0.25
"""Fraction of the threshold that suffices for a strong finding of a judged label, and for labels rare in notes."""
_OLD: Final = re.compile(r"\D+|(?:9\d|1[01]\d)\D*")
"""A possible age over 89; lower ages are no identifiers."""
_SHORT: Final = re.compile(r"\d{2,3}")
_LINKS: Final = frozenset({"at", "on"})
"""Words that link one name to the next and belong to neither."""


def combine(view: View, finds: Sequence[Span], judged: Sequence[ScoredWord], threshold: float) -> list[Span]:
    """Return the findings the judge keeps, and PHI words that no rule found.

    Args:
        view: the text. PHI.
        finds: findings of the rules.
        judged: each doubtful word, in order, with its PHI probability.
        threshold: minimum probability at which a word is PHI.
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
    """Return a look-up of the words that overlap a span."""
    starts, ends = [word.start for word in words], [word.end for word in words]
    return lambda span: words[bisect_right(ends, span.start) : bisect_left(starts, span.end)]


def _kept(folded: str, find: Span, judged: Sequence[ScoredWord], threshold: float) -> Iterator[Span]:
    """Yield the parts of a rule finding the judge keeps; a rejected word splits a name in two."""
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
    """Yield runs of PHI words that belong together, without linking words at their ends."""
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
    """Say whether two neighbours of one label are separated only by punctuation or a blank."""
    gap = folded[left.end : right.start]
    return left.label is right.label and len(gap) <= 2 and not any(c.isalnum() or c == "\n" for c in gap)


def _capped(score: float) -> float:
    """Cap the score, so that a rule naming the identifier wins the range: the judge only knows that it is PHI."""
    return round(min(score, 0.64), 3)


def _is_kept_place(folded: str, span: Span) -> bool:
    """Say whether a span is a state or country alone, which is no identifier (164.514(b)(2)(i)(B))."""
    return span.label is PhiLabel.LOC and " ".join(folded[span.start : span.end].lower().split()) in KEPT_PLACES


def _is_measure(folded: str, span: Span) -> bool:
    """Say whether a span is a reading, result or count: no age and no identifier, whatever the network's score."""
    if span.label is PhiLabel.OTHERID:
        return _SHORT.fullmatch(folded, span.start, span.end) is not None and is_quantity(folded, span.start, span.end)
    return span.label is PhiLabel.AGE90 and (
        is_quantity(folded, span.start, span.end) or is_count(folded, span.start, span.end)
    )
