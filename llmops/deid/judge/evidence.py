"""What speaks for and against each word that network or rules put in doubt, as rows of numbers for the judge."""

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from llmops.deid.judge.elsewhere import UNKNOWN, days_apart, initials
from llmops.deid.judge.hints import hint
from llmops.deid.judge.lexicon import Lexicon
from llmops.deid.spans import Span, View
from llmops.deid.vocabulary import word_set
from llmops.deid.vocabulary.words import DATE_WORDS, NEVER_NAMES, is_plain
from llmops.phi import PhiLabel

WIDTH: Final = 52
"""Columns of a row; trees that were grown on others are refused."""
WORD: Final = re.compile(r"[A-Za-z0-9~_]+")
_LEAST: Final = 0.003
"""Nothing is surer than this, or surer than its contrary."""
_NOTHING: Final = -5.8
"""The logit of `_LEAST`: what is said of a word that nobody doubts."""
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
_CAPITAL_A: Final = np.uint8(ord("A"))
_SMALL_A: Final = np.uint8(ord("a"))
_LOWER: Final = np.uint8(32)
_LETTERS: Final = 26
_ZERO: Final = np.uint8(ord("0"))
_DIGITS: Final = 10
_FAR: Final = 200
"""Characters."""
_LABELS: Final = (
    PhiLabel.OTHERID, PhiLabel.NAME, PhiLabel.LOC, PhiLabel.ORG, PhiLabel.DATE, PhiLabel.OTHERID, PhiLabel.AGE90,
    PhiLabel.OTHERID,
)  # fmt: skip
"""By kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The words in doubt, and a row for each.

    Args:
        words: (start, end) of each, in order.
        labels: what each is if it is PHI: to the network, or to the rule where the network has no word for it; initials
            that neither doubts are a name.
        rows: (words, features), float32.
    """

    words: Sequence[tuple[int, int]] = field(repr=False)
    labels: Sequence[PhiLabel]
    rows: npt.NDArray[np.float32] = field(repr=False)


def gather(view: View, finds: Sequence[Span], lexicon: Lexicon) -> Evidence:
    """Look at each word that the network doubts or a rule found, or that is the initials of a name.

    Args:
        view: the text, with the words that the network scored. PHI.
        finds: of the rules.
        lexicon: what the training notes say of words.
    """
    words = [match.span() for match in WORD.finditer(view.folded)]
    said = _said(view, finds, words)
    lowered = view.folded.lower()
    lows = [lowered[start:end] for start, end in words]
    persons = initials(view.folded, words, _named(said))
    initial = np.array([persons.get(low, 0.0) for low in lows])
    signed = np.array([persons.get(low, 0.0) > 1 and low not in _NO_INITIALS for low in lows], bool)
    doubted = np.flatnonzero((said.belief > 0) | (said.rule > 0) | signed)
    if not len(doubted):
        return Evidence(words=(), labels=(), rows=np.zeros((0, WIDTH), np.float32))
    starts = [start for start, _ in words]
    apart = days_apart(view.folded, dict(zip(starts, said.belief.tolist(), strict=True)))
    rows = np.hstack(
        [
            _around(said, doubted),
            _known(lows, doubted, lexicon),
            _placed(view, words, doubted),
            np.array(_looks(view, words, lows, doubted.tolist(), said.belief.tolist())),
            initial[doubted, None],
            np.array([apart.get(starts[k], UNKNOWN) for k in doubted.tolist()]),
            np.broadcast_to(np.array(_whole(view, finds, said)), (len(doubted), 7)),
        ]
    )
    kinds = np.where(said.label > 0, said.label, np.where(said.rule > 0, said.rule, _PERSON))[doubted].astype(int)
    return Evidence(
        words=[words[k] for k in doubted.tolist()],
        labels=[_LABELS[kind] for kind in kinds.tolist()],
        rows=rows.astype(np.float32),
    )


@dataclass(frozen=True, slots=True)
class _Said:
    """What network and rules say, word by word: probability, kinds, and of the find that a word lies in.

    A find is its score, what the network thinks of its likeliest word, whether the word is its first, and its last,
    and how many words it has.
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
        for k in range(bisect_right(ends, word.start), bisect_left(starts, word.end)):
            belief[k], label[k] = word.score, _KIND[word.label]
    for span in sorted(finds, key=_score):
        first, last = bisect_right(ends, span.start), bisect_left(starts, span.end)
        if first < last:
            kind, likeliest = _KIND.get(span.label, _OTHER_KIND), _logit(max(belief[first:last]))
            for k in range(first, last):
                rule[k] = kind
                of_find[k] = (span.score, likeliest, k == first, k == last - 1, last - first)
    return _Said(np.array(belief), np.array(label), np.array(rule), of_find)


def _named(said: _Said) -> list[bool]:
    """Say of each word whether it seems to be part of a person's name."""
    named = (said.label == _PERSON) & (said.belief > _LIKELY) | (said.rule == _PERSON) & (said.belief > _POSSIBLE)
    found: list[bool] = named.tolist()
    return found


def _score(span: Span) -> float:
    return span.score


def _around(said: _Said, doubted: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Give what is said of the words, and of two on each side."""
    bounded = np.clip(said.belief, _LEAST, 1 - _LEAST)
    nothing = np.full(2, _NOTHING)
    logits = np.concatenate([nothing, np.log(bounded / (1 - bounded)), nothing])
    labels, rules = (np.concatenate([[0], kinds, [0]]) for kinds in (said.label, said.rule))
    columns = [logits[doubted + step] for step in range(5)]
    columns += [labels[doubted + step] for step in range(3)]
    columns += [rules[doubted + step] for step in range(3)]
    return np.column_stack([*columns, np.array([said.find[k] for k in doubted.tolist()])])


def _known(lows: Sequence[str], doubted: npt.NDArray[Any], lexicon: Lexicon) -> npt.NDArray[Any]:
    """Give what the training notes say of the words, and of those beside them."""
    odds = lexicon.odds(["", *lows, ""])
    return np.hstack([odds[doubted + 1, :2], odds[doubted, :4], odds[doubted + 2][:, (0, 1, 4, 5)]])


def _placed(view: View, words: Sequence[tuple[int, int]], doubted: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Give how far the words beside a word are, and the ends of its line; far is far enough."""
    starts, ends = np.array(words).T
    breaks = np.flatnonzero(np.frombuffer(view.data, np.uint8) == _LINE_END)
    lines = np.concatenate([[-1], breaks, [len(view.data)]])
    line = np.searchsorted(lines, starts[doubted])
    left = np.concatenate([[0], ends])[doubted]
    right = np.concatenate([starts, [len(view.data)]])[doubted + 1]
    first, last = starts[doubted], ends[doubted]
    columns = (first - left, right - last, first - lines[line - 1], lines[line] - last)
    near: npt.NDArray[Any] = np.minimum(np.column_stack(columns), _FAR)
    return near


def _looks(
    view: View, words: Sequence[tuple[int, int]], lows: Sequence[str], doubted: Sequence[int], belief: Sequence[float]
) -> list[tuple[float, ...]]:
    """Give what the words look like, and what is said of them where they stand again."""
    folded = view.folded
    again: dict[str, list[float]] = {}
    for k in doubted:
        again.setdefault(lows[k], []).append(belief[k])
    seen = {low: (_logit(max(said)), _logit(sum(said) / len(said)), len(said)) for low, said in again.items()}
    surfaces: dict[str, tuple[float, ...]] = {}
    rows = []
    for k in doubted:
        start, end = words[k]
        surface = folded[start:end]
        if surface not in surfaces:
            surfaces[surface] = _surface(surface, lows[k])
        left, gap = (lows[k - 1], start - words[k - 1][1]) if k else ("", 0)
        rows.append((*surfaces[surface], *seen[lows[k]], hint(folded, start, end, left, gap)))
    return rows


def _surface(word: str, low: str) -> tuple[float, ...]:
    return (
        word.islower(),
        word.isupper(),
        word[0].isupper() and word[1:].islower(),
        sum(map(str.isdigit, word)),
        len(word),
        low in NEVER_NAMES,
        is_plain(word),
        low in DATE_WORDS,
    )


def _whole(view: View, finds: Sequence[Span], said: _Said) -> tuple[float, ...]:
    """Give what kind of text it is: its length, letters and digits, and how much of it seems to be PHI."""
    characters = np.frombuffer(view.data, np.uint8)
    size = len(characters) / 100
    capitals = int(np.count_nonzero((characters - _CAPITAL_A) < _LETTERS))
    letters = int(np.count_nonzero(((characters | _LOWER) - _SMALL_A) < _LETTERS))
    return (
        size,
        capitals / max(1, letters),
        int(np.count_nonzero((characters - _ZERO) < _DIGITS)) / len(characters),
        int(np.count_nonzero(characters == _LINE_END)) / size,
        _logit(float(said.belief.mean())),
        int(np.count_nonzero(said.belief > _SURE)) / size,
        sum(find.label is PhiLabel.NAME for find in finds) / size,
    )


def _logit(probability: float) -> float:
    bounded = min(max(probability, _LEAST), 1 - _LEAST)
    return math.log(bounded / (1 - bounded))
