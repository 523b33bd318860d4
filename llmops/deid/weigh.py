"""Weighs what the clinical network thinks and what the rules found against each other."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from llmops.deid.scored import LABEL_OF
from llmops.deid.spans import ScoredWord, Span, View
from llmops.deid.vetting import DEFAULT, JUDGED, NEVER, Weights, floor, is_kept_place
from llmops.deid.vocabulary.words import is_plain
from llmops.phi import PhiLabel

RECOGNIZER: Final = "clinical_ner"
_UNMISTAKABLE: Final = 0.9
"""Score of a rule whose find stands against the network: a whole date."""
_REACH: Final = 3
"""Characters between two words that still touch, and one."""
_WORD: Final = re.compile(r"[A-Za-z0-9~]+")
_KIND_OF: Final = {label: label for label in LABEL_OF.values()} | {PhiLabel.ZIP: PhiLabel.LOC}
_CONTRADICTED: Final = JUDGED | {PhiLabel.DATE, PhiLabel.OTHERID}


def weigh(view: View, finds: Sequence[Span], weights: Weights = DEFAULT) -> list[Span]:
    """Join what the rules found with what the network says.

    Args:
        view: the text, with the words that the network scored. PHI.
        finds: of the rules.
        weights: how.
    """
    believed = _believed(view)
    kept = [span for find in finds if (span := _kept(view.folded, find, believed, weights)) is not None]
    backed = np.zeros(len(view.folded) + 1, dtype=bool)
    for span in finds:
        backed[span.start : span.end] = True
    return [*kept, *(s for s in _from_network(view, backed, kept, weights) if not is_kept_place(view.folded, s))]


def confirmed(view: View, spans: Sequence[Span], weights: Weights = DEFAULT) -> list[Span]:
    """Give the words that the network lets be names, as they were elsewhere in the text; all where it did not run.

    Args:
        view: the text. PHI.
        spans: a word each.
        weights: how sure it must be.
    """
    if view.words is None:
        return list(spans)
    believed = _believed(view)

    def holds(span: Span) -> bool:
        if span.label not in JUDGED or not is_plain(view.folded[span.start : span.end]):
            return True
        return float(believed[span.start : span.end].max(initial=0.0)) >= weights.repeated_plain

    return [span for span in spans if holds(span)]


def _believed(view: View) -> npt.NDArray[np.float32]:
    """Probability of being PHI, character by character."""
    believed = np.zeros(len(view.folded) + 1, dtype=np.float32)
    for word in view.words or ():
        believed[word.start : word.end] = word.score
    return believed


def _kept(folded: str, span: Span, believed: npt.NDArray[np.float32], weights: Weights) -> Span | None:
    """Give what of a rule's find the network does not contradict."""
    belief = float(believed[span.start : span.end].max(initial=0.0))
    if span.label not in _CONTRADICTED:
        weak = span.score < weights.weak_rule and span.label is not PhiLabel.AGE90
        return None if weak and belief < weights.doubtful else span
    if span.score >= _UNMISTAKABLE and span.label not in JUDGED:
        return span
    least = weights.doubtful if span.score < weights.weak_rule else weights.refused
    return _trimmed(folded, span, believed, weights.refused) if belief >= least else None


def _trimmed(folded: str, span: Span, believed: npt.NDArray[np.float32], least: float) -> Span:
    """Cut words off both ends that are nothing to the network: what a form or a sentence has beside a name."""
    words = [m.span() for m in _WORD.finditer(folded, span.start, span.end)]
    sure = [(start, end) for start, end in words if believed[start:end].max() >= least]
    if not sure or len(sure) == len(words):
        return span
    start = span.start if sure[0] == words[0] else sure[0][0]
    end = span.end if sure[-1] == words[-1] else sure[-1][1]
    return replace(span, start=start, end=end)


def _from_network(view: View, backed: npt.NDArray[np.bool_], kept: Sequence[Span], weights: Weights) -> Iterator[Span]:
    labels: list[PhiLabel | None] = [None] * len(view.folded)
    for span in kept:
        labels[span.start : span.end] = [_KIND_OF.get(span.label, PhiLabel.OTHERID)] * (span.end - span.start)
    sure, unsure = [], []
    for word in view.words or ():
        least = weights.backed if backed[word.start : word.end].any() else floor(view.folded, word, weights)
        if word.score >= least:
            labels[word.start : word.end] = [word.label] * (word.end - word.start)
            sure.append(word)
        elif least < NEVER and word.score >= (
            weights.beside if least <= weights.alone[word.label] else weights.beside_plain
        ):
            unsure.append(word)
    sure.extend(_beside(view.folded, unsure, labels))
    yield from _joined(view.folded, sorted(sure, key=lambda word: word.start))


def _beside(folded: str, unsure: Sequence[ScoredWord], labels: list[PhiLabel | None]) -> Iterator[ScoredWord]:
    """Take words that the network is less sure of where they touch a word of the same kind: the rest of a long name."""
    taken = set()
    for words, forward in ((unsure, True), (unsure[::-1], False)):
        for word in words:
            if word not in taken and _neighbour(folded, labels, word, forward=forward) is word.label:
                labels[word.start : word.end] = [word.label] * (word.end - word.start)
                taken.add(word)
                yield word


def _neighbour(folded: str, labels: Sequence[PhiLabel | None], word: ScoredWord, *, forward: bool) -> PhiLabel | None:
    step = -1 if forward else 1
    position = word.start - 1 if forward else word.end
    for _ in range(_REACH):
        if not 0 <= position < len(folded) or folded[position] == "\n":
            return None
        if folded[position].isalnum():
            return labels[position]
        position += step
    return None


def _joined(folded: str, words: Iterable[ScoredWord]) -> Iterator[Span]:
    """Join neighbours of one label that only punctuation or a blank parts."""
    open_span: Span | None = None
    for word in words:
        span = Span(start=word.start, end=word.end, label=word.label, score=_capped(word.score), recognizer=RECOGNIZER)
        if open_span is not None and open_span.label is span.label and _touch(folded, open_span.end, span.start):
            open_span = replace(open_span, end=span.end, score=max(open_span.score, span.score))
            continue
        if open_span is not None:
            yield open_span
        open_span = span
    if open_span is not None:
        yield open_span


def _touch(folded: str, end: int, start: int) -> bool:
    return start - end <= 2 and not any(c.isalnum() or c == "\n" for c in folded[end:start])


def _capped(score: float) -> float:
    """Leave the range to a rule that names the identifier: the network only knows that it is one."""
    return round(min(score, 0.64), 3)
