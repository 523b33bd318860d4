"""A text as a reader sees it, in Unicode NFC, and where each of its characters stood before."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from llmops.characters import IGNORABLE, INLINE_TAGS, MARKS, NARROW, REFERENCE, SPACED, referenced, unspaced
from llmops.deid.spans import Span
from llmops.deid.vocabulary.given_names import GIVEN_NAMES
from llmops.deid.vocabulary.words import SURNAMES_AND_CITIES, is_plain

_Replacement = Callable[[re.Match[str]], str]


@dataclass(frozen=True, slots=True)
class Composed:
    """A text to search, with the way back to the one that was given.

    Args:
        text: the same as a reader sees it. PHI.
        edges: where each of its characters began, and the end of the last; None where nothing moved.
    """

    text: str = field(repr=False)
    edges: tuple[int, ...] | None

    def placed(self, span: Span) -> Span:
        """Give a find in `text` the place that it has in the text that was given."""
        if self.edges is None:
            return span
        start, end = self.range_of(span.start, span.end)
        return replace(span, start=start, end=end)

    def range_of(self, start: int, end: int) -> tuple[int, int]:
        """Give the place in the text that was given of a range of `text`."""
        return (start, end) if self.edges is None else (self.edges[start], self.edges[end])


def composed(text: str) -> Composed:
    """Compose letters and accents, resolve HTML references, drop what is not seen; normalised text comes back as it is.

    Args:
        text: any text. PHI.
    """
    whole = Composed(text, None)
    for needed, pattern, replacement in _STEPS if not text.isascii() or REFERENCE.search(text) else _ASCII_STEPS:
        if needed.search(whole.text) is not None:
            whole = _replaced(whole, pattern, replacement)
    return whole


def _replaced(before: Composed, pattern: re.Pattern[str], replacement: _Replacement) -> Composed:
    parts: list[str] = []
    edges: list[int] = []
    done = 0
    for match in pattern.finditer(before.text):
        start, end = match.span()
        whole = replacement(match)
        if whole == match.group():
            continue
        parts += (before.text[done:start], whole)
        edges += range(done, start)
        edges += [start, *[end] * (len(whole) - 1)] if whole else []
        done = end
    if not parts:
        return before
    edges += range(done, len(before.text) + 1)
    if len(edges) > 1:  # what is dropped goes with the character before it; at the very beginning there is none
        edges[0] = 0
    places = edges if before.edges is None else [before.edges[edge] for edge in edges]
    return Composed("".join([*parts, before.text[done:]]), tuple(places))


def _nothing(_match: re.Match[str]) -> str:
    return ""


def _accented(match: re.Match[str]) -> str:
    return unicodedata.normalize("NFC", match.group())


def _without_blanks(match: re.Match[str]) -> str:
    return match.group().replace(" ", "")


def _as_names(match: re.Match[str]) -> str:
    """Join spaced capitals where they are read as a name: behind its label, or with a word that is known as one.

    What is neither stays: lists of options, charts of letters, abbreviations and words in headings.
    """
    joined = _BLANKS.sub(lambda blanks: " " * (len(blanks.group()) > 1), match.group())
    words = joined.split()
    is_labelled = _LABEL.search(match.string, max(0, match.start() - _LABEL_REACH), match.start()) is not None
    is_name = is_labelled or not _KNOWN.isdisjoint(word.lower().strip(".,") for word in words)
    return joined if is_name and not all(map(is_plain, words)) else match.group()


# Only tags without attributes, which could hold something to be found, and only where they split a word or number.
_SPLITTING: Final = re.compile(rf"<(?<=[\w-]<)/?(?:{'|'.join(INLINE_TAGS)})>(?=[\w-])", re.IGNORECASE)
# A capital and small letters that stand one by one, as in print: no note says "T e s t" and means something else.
_LETTERS: Final = re.compile(r"[A-Z](?<!\S[A-Z])(?: [a-z]){2,40}(?![^\W_])")
# Four capitals at least that stand one by one, as in letterheads; two blanks end a word, which may be an initial.
_CAPITAL_WORD: Final = r"[A-Z](?: [A-Z]){0,40}"
_CAPITALS: Final = re.compile(
    rf"""(?<![^\s:(,"'])(?=(?:[A-Z](?: ?[.,])? +){{3}}[A-Z])"""
    rf"""{_CAPITAL_WORD}(?: ?[.,]? {{2,4}}{_CAPITAL_WORD}){{0,4}}(?![^\s,.;:)"'])"""
)
_APART: Final = re.compile(r" [A-Z] +[A-Z][ .,]")
_BLANKS: Final = re.compile(" +")
_LABEL: Final = re.compile(
    r"\b(?:patient|pt|name|doctor|dr|mrs?|ms|miss|spelled|spelt|spelling)\b[.:,]?[ \t]{0,4}[\"']?$", re.IGNORECASE
)
_LABEL_REACH: Final = 16
_KNOWN: Final = GIVEN_NAMES | SURNAMES_AND_CITIES
# A character and the accents behind it, at most as many as stream-safe text has (UAX 15, D4).
_ACCENTED: Final = re.compile(r"[^\u0300-\u036f][\u0300-\u036f]{1,30}")
_UNSEEN: Final = re.compile(f"[{IGNORABLE}]+")
_MARKED: Final = re.compile(f"[{MARKS}]+")
_Step = tuple[re.Pattern[str], re.Pattern[str], _Replacement]
_ASCII_STEPS: Final[tuple[_Step, ...]] = (
    (_SPLITTING, _SPLITTING, _nothing),
    (_LETTERS, _LETTERS, _without_blanks),
    (_APART, _CAPITALS, _as_names),
)
_STEPS: Final[tuple[_Step, ...]] = (
    (REFERENCE, REFERENCE, referenced),
    (_UNSEEN, _UNSEEN, _nothing),
    (_MARKED, _ACCENTED, _accented),
    (_MARKED, _MARKED, _nothing),
    (NARROW, SPACED, unspaced),
    *_ASCII_STEPS,
)
"""What a text must hold for a step to be tried (quick to look for), what is replaced, and by what."""
