"""Build the judge's feature rows for each word that network or rules consider possible PHI."""

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from llmops.deid.detect.judge.hints import hint
from llmops.deid.detect.judge.lexicon import Lexicon
from llmops.deid.detect.judge.same_text import UNKNOWN, days_apart, initials
from llmops.deid.spans import Span, View
from llmops.deid.vocabulary import word_set
from llmops.deid.vocabulary.words import DATE_WORDS, NEVER_NAMES, is_plain
from llmops.phi import PhiLabel

WIDTH: Final = 52
"""Features per row; tree ensembles trained on another width are refused."""
WORD: Final = re.compile(r"[A-Za-z0-9~_]+")
_LEAST: Final = 0.003
"""Probabilities are clipped to [`_LEAST`, 1 - `_LEAST`]."""
_NOTHING: Final = -5.8
"""The logit of `_LEAST`, for words that neither network nor rules doubt."""
_KIND: Final = {
    PhiLabel.NAME: 1, PhiLabel.LOC: 2, PhiLabel.ZIP: 2, PhiLabel.ORG: 3, PhiLabel.DATE: 4, PhiLabel.OTHERID: 5,
    PhiLabel.MRN: 5, PhiLabel.PLAN: 5, PhiLabel.ACCT: 5, PhiLabel.LICENSE: 5, PhiLabel.DEVICE: 5, PhiLabel.SSN: 5,
    PhiLabel.AGE90: 6,
}  # fmt: skip
_OTHER_KIND: Final = 7
_NO_FIND: Final = (0.0,) * 5
_NO_INITIALS: Final = word_set("not_initials")
_PERSON: Final = _KIND[PhiLabel.NAME]
_SURE: Final = 0.9
_LIKELY: Final = 0.5
_POSSIBLE: Final = 0.1
_LINE_END: Final = 10
_ASCII: Final = 128
_CAPITALS: Final = slice(ord("A"), ord("Z") + 1)
_SMALL: Final = slice(ord("a"), ord("z") + 1)
_DIGITS: Final = slice(ord("0"), ord("9") + 1)
_IN_WORDS: Final = np.array([WORD.match(chr(code)) is not None for code in range(_ASCII)])
_SPELT: Final = bytes(ord(chr(code).lower()) if code < _ASCII and _IN_WORDS[code] else ord(" ") for code in range(256))
"""Lower case within words, blanks between them."""
_BESIDE: Final = np.arange(5)
_FAR: Final = 200
"""Characters."""
_LABELS: Final = (
    PhiLabel.OTHERID, PhiLabel.NAME, PhiLabel.LOC, PhiLabel.ORG, PhiLabel.DATE, PhiLabel.OTHERID, PhiLabel.AGE90,
    PhiLabel.OTHERID,
)  # fmt: skip
"""By kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WordEvidence:
    """The doubtful words, with one feature row each.

    Args:
        words: (start, end) of each, in order.
        labels: label of each if it is PHI: the network's, or the rule's if the network has none; initials found by
            neither are a name.
        rows: (words, features), float32.
    """

    words: Sequence[tuple[int, int]] = field(repr=False)
    labels: Sequence[PhiLabel]
    rows: npt.NDArray[np.float32] = field(repr=False)


def gather(view: View, finds: Sequence[Span], lexicon: Lexicon) -> WordEvidence:
    """Collect each word that the network doubts, a rule found, or that is the initials of a name.

    Args:
        view: the text, with the network's word scores. PHI.
        finds: findings of the rules.
        lexicon: word statistics of the training notes.
    """
    lows = view.data.translate(_SPELT).decode("ascii").split()
    starts, ends = _edges(view.data)
    words = list(zip(starts.tolist(), ends.tolist(), strict=True))
    said = _said(view, finds, words)
    persons = initials(view.folded, words, _named(said))
    signed = {low for low, how in persons.items() if how > 1} - _NO_INITIALS
    doubt = (said.belief > 0) | (said.rule > 0)
    doubt[[k for k, low in enumerate(lows) if low in signed]] = True
    doubted = np.flatnonzero(doubt)
    if not len(doubted):
        return WordEvidence(words=(), labels=(), rows=np.zeros((0, WIDTH), np.float32))
    apart = days_apart(view.folded, {words[k][0]: said.belief[k] for k in doubted.tolist()})
    rows = np.concatenate(
        [
            *_around(said, doubted),
            *_known(lows, doubted, lexicon),
            _placed(view, starts, ends, doubted),
            _looks(view, words, lows, doubted.tolist(), said.belief.tolist()),
            np.array([(persons.get(lows[k], 0.0), *apart.get(words[k][0], UNKNOWN)) for k in doubted.tolist()]),
            np.broadcast_to(np.array(_whole(view, finds, said)), (len(doubted), 7)),
        ],
        axis=1,
        dtype=np.float32,
    )
    kinds = zip(said.label[doubted].tolist(), said.rule[doubted].tolist(), strict=True)
    return WordEvidence(
        words=[words[k] for k in doubted.tolist()],
        labels=[_LABELS[label or rule or _PERSON] for label, rule in kinds],
        rows=rows,
    )


def _edges(data: bytes) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return start and end of each word (`WORD` match) of a text."""
    inside = np.zeros(len(data) + 2, np.bool_)
    inside[1:-1] = _IN_WORDS[np.frombuffer(data, np.uint8)]
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    return edges[0::2], edges[1::2]


@dataclass(frozen=True, slots=True)
class _Said:
    """Network and rule evidence per word: probability, labels, and features of the finding it lies in.

    Finding features: its score, the network's probability of its likeliest word, whether the word is its first or last,
    and its number of words.
    """

    belief: npt.NDArray[Any]
    label: npt.NDArray[Any]
    rule: npt.NDArray[Any]
    find: Sequence[tuple[float, ...]]


def _said(view: View, finds: Sequence[Span], words: Sequence[tuple[int, int]]) -> _Said:
    starts, ends = [start for start, _ in words], [end for _, end in words]
    belief, label, rule = [0.0] * len(words), [0] * len(words), [0] * len(words)
    of_find: list[tuple[float, ...]] = [_NO_FIND] * len(words)
    for word in view.words or ():
        first = bisect_right(ends, word.start)
        for k in range(first, bisect_left(starts, word.end, first)):
            belief[k], label[k] = word.score, _KIND[word.label]
    for span in sorted(finds, key=_score):
        first = bisect_right(ends, span.start)
        last = bisect_left(starts, span.end, first)
        if first < last:
            kind, likeliest = _KIND.get(span.label, _OTHER_KIND), _logit(max(belief[first:last]))
            for k in range(first, last):
                rule[k] = kind
                of_find[k] = (span.score, likeliest, k == first, k == last - 1, last - first)
    return _Said(np.array(belief), np.array(label), np.array(rule), of_find)


def _named(said: _Said) -> list[bool]:
    """Say for each word whether it seems part of a person's name."""
    named = (said.label == _PERSON) & (said.belief > _LIKELY) | (said.rule == _PERSON) & (said.belief > _POSSIBLE)
    found: list[bool] = named.tolist()
    return found


def _score(span: Span) -> float:
    return span.score


def _around(said: _Said, doubted: npt.NDArray[Any]) -> Sequence[npt.NDArray[Any]]:
    """Return the evidence of the words and of two neighbours on each side."""
    bounded = np.minimum(np.maximum(said.belief, _LEAST), 1 - _LEAST)
    logits = np.full(len(bounded) + 4, _NOTHING)
    logits[2:-2] = np.log(bounded / (1 - bounded))
    kinds = np.zeros((2, len(logits)))
    kinds[0, 2:-2], kinds[1, 2:-2] = said.label, said.rule
    near = doubted[:, None] + _BESIDE
    labels, rules = kinds[:, near[:, 1:4]]
    return logits[near], labels, rules, np.array([said.find[k] for k in doubted.tolist()], np.float32)


def _known(lows: Sequence[str], doubted: npt.NDArray[Any], lexicon: Lexicon) -> Sequence[npt.NDArray[Any]]:
    """Return training-note statistics of the words and their neighbours."""
    odds = lexicon.odds(["", *lows, ""])
    left, right = odds[doubted], odds[doubted + 2]
    return odds[doubted + 1, :2], left[:, :4], right[:, :2], right[:, 4:]


def _placed(
    view: View, starts: npt.NDArray[Any], ends: npt.NDArray[Any], doubted: npt.NDArray[Any]
) -> npt.NDArray[Any]:
    """Return distances to neighbouring words and line ends, capped."""
    size = len(view.data)
    breaks = np.flatnonzero(np.frombuffer(view.data, np.uint8) == _LINE_END)
    first, last = starts[doubted], ends[doubted]
    line = np.searchsorted(breaks, first)
    far = np.empty((4, len(doubted)), np.int64)
    far[0] = first - np.concatenate(([0], ends))[doubted]
    far[1] = np.concatenate((starts, [size]))[doubted + 1] - last
    far[2] = first - np.concatenate(([-1], breaks))[line]
    far[3] = np.concatenate((breaks, [size]))[line] - last
    return np.minimum(far, _FAR).T


def _looks(
    view: View, words: Sequence[tuple[int, int]], lows: Sequence[str], doubted: Sequence[int], belief: Sequence[float]
) -> npt.NDArray[Any]:
    """Return shape features of the words, and evidence from their other occurrences."""
    folded = view.folded
    again: dict[str, list[float]] = {}
    for k in doubted:
        again.setdefault(lows[k], []).append(belief[k])
    seen = {low: _together(said) for low, said in again.items()}
    surfaces: dict[str, tuple[float, ...]] = {}
    rows = []
    for k in doubted:
        start, end = words[k]
        surface = folded[start:end]
        if surface not in surfaces:
            surfaces[surface] = _surface(surface, lows[k])
        left, gap = (lows[k - 1], start - words[k - 1][1]) if k else ("", 0)
        rows.append((*surfaces[surface], *seen[lows[k]], hint(folded, start, end, left, gap)))
    return np.array(rows, np.float32)


def _together(said: Sequence[float]) -> tuple[float, float, int]:
    """Return maximum, mean and count of the evidence over a word's occurrences."""
    most = _logit(max(said))
    return most, most if len(said) == 1 else _logit(sum(said) / len(said)), len(said)


def _surface(word: str, low: str) -> tuple[float, ...]:
    return (
        word.islower(),
        word.isupper(),
        word[0].isupper() and word[1:].islower(),
        0 if word.isalpha() else sum(map(str.isdigit, word)),
        len(word),
        low in NEVER_NAMES,
        is_plain(word),
        low in DATE_WORDS,
    )


def _whole(view: View, finds: Sequence[Span], said: _Said) -> tuple[float, ...]:
    """Return text-level features: length, letters and digits, and share of likely PHI."""
    counts = np.bincount(np.frombuffer(view.data, np.uint8), minlength=_ASCII).tolist()
    size, capitals = len(view.data) / 100, sum(counts[_CAPITALS])
    return (
        size,
        capitals / max(1, capitals + sum(counts[_SMALL])),
        sum(counts[_DIGITS]) / len(view.data),
        counts[_LINE_END] / size,
        _logit(float(said.belief.sum()) / len(said.belief)),
        int(np.count_nonzero(said.belief > _SURE)) / size,
        sum(find.label is PhiLabel.NAME for find in finds) / size,
    )


def _logit(probability: float) -> float:
    bounded = min(max(probability, _LEAST), 1 - _LEAST)
    return math.log(bounded / (1 - bounded))
