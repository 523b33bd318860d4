"""Represent findings as spans, and make overlapping ones disjoint without uncovering a character."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from llmops.deid.folding import fold
from llmops.phi import PhiLabel


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """``text[start:end]`` is PHI according to one recognizer; never holds the surface."""

    start: int
    end: int
    label: PhiLabel
    score: float
    recognizer: str

    def cut(self, start: int, end: int) -> "Span":
        """Return the same finding over another range; itself if unchanged."""
        if (start, end) == (self.start, self.end):
            return self
        return Span(start=start, end=end, label=self.label, score=self.score, recognizer=self.recognizer)


class ScoredWord(NamedTuple):
    """``text[start:end]`` is a word with the network's likeliest PHI label and probability.

    A tuple takes a third of the time to create, and a text has hundreds.
    """

    start: int
    end: int
    label: PhiLabel
    score: float


@dataclass(frozen=True, slots=True)
class View:
    """One text as the recognizers see it. PHI.

    Args:
        text: the text itself.
        folded: same-length ASCII form (`llmops.deid.folding.fold`).
        data: ``folded`` as bytes, one per code point, which RE2 searches without copying.
        entities: findings of the NER component, as (start, end, entity type).
        words: the clinical network's word scores; None with another component.
    """

    text: str = field(repr=False)
    folded: str = field(repr=False)
    data: bytes = field(repr=False)
    entities: tuple[tuple[int, int, str], ...] = field(default=(), repr=False)
    words: tuple[ScoredWord, ...] | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls,
        text: str,
        entities: tuple[tuple[int, int, str], ...] = (),
        words: tuple[ScoredWord, ...] | None = None,
    ) -> "View":
        """Fold a text."""
        folded = fold(text)
        return cls(text, folded, folded.encode("ascii"), entities, words)


def resolve(spans: Iterable[Span], folded: str) -> tuple[Span, ...]:
    """Make spans disjoint and ordered; every covered word character stays covered.

    The higher score keeps its range (the longer span if equal); a lower one keeps its remainder, if that contains a
    letter or digit.

    Args:
        spans: findings of any recognizers in one text.
        folded: ASCII form of the text. PHI.
    """
    owner: list[Span | None] = [None] * (len(folded) + 1)
    borders: set[int] = set()
    for span in sorted(spans, key=lambda s: (s.score, s.end - s.start, -s.start)):
        owner[span.start : span.end] = [span] * (span.end - span.start)
        borders.update((span.start, span.end))
    found: list[Span] = []
    start, holder = 0, owner[0]
    for border in sorted(borders):  # one span holds each range between two borders
        if owner[border] is holder:
            continue
        trimmed = _trim(holder, start, border, folded) if holder is not None else None
        if trimmed is not None:
            found.append(trimmed)
        start, holder = border, owner[border]
    return tuple(found)


def _trim(holder: Span, start: int, end: int, folded: str) -> Span | None:
    """Trim non-word characters from a remainder; whole spans keep their ends."""
    if (start, end) == (holder.start, holder.end):
        return holder
    while start < end and not folded[start].isalnum():
        start += 1
    while end > start and not folded[end - 1].isalnum():
        end -= 1
    return holder.cut(start, end) if start < end else None


_LONGEST_WORD: Final = 64


def whole_word(text: str, start: int, end: int) -> tuple[int, int]:
    """Widen a span to whole words, up to a length limit: unbroken text must not take quadratic time."""
    if start > 0 and _is_word(text[start - 1]) and _is_word(text[start]):
        lowest = max(0, start - _LONGEST_WORD)
        while start > lowest and _is_word(text[start - 1]):
            start -= 1
    if end < len(text) and _is_word(text[end]) and _is_word(text[end - 1]):
        highest = min(len(text), end + _LONGEST_WORD)
        while end < highest and _is_word(text[end]):
            end += 1
    return start, end


def _is_word(character: str) -> bool:
    return character.isalnum() or character in "_~"
