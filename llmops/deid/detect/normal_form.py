"""Compose a text into Unicode NFC as displayed, keeping the original offset of each character."""

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
    """A normalised search text, with offsets into the original.

    Args:
        text: the text as displayed. PHI.
        edges: original start of each character, and the end of the last; None if nothing moved.
    """

    text: str = field(repr=False)
    edges: tuple[int, ...] | None

    def placed(self, span: Span) -> Span:
        """Map a span of `text` to the original text."""
        if self.edges is None:
            return span
        start, end = self.range_of(span.start, span.end)
        return replace(span, start=start, end=end)

    def range_of(self, start: int, end: int) -> tuple[int, int]:
        """Map a range of `text` to the original text."""
        return (start, end) if self.edges is None else (self.edges[start], self.edges[end])


def composed(text: str) -> Composed:
    """Compose letters and accents, resolve HTML references, drop invisible characters; normalised text is unchanged.

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
    if len(edges) > 1:  # dropped text joins the preceding character; at the very beginning there is none
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
    """Join spaced capitals that read as a name: after a name label, or containing a known name.

    All others stay: option lists, letter charts, abbreviations, words in headings.
    """
    joined = _BLANKS.sub(lambda blanks: " " * (len(blanks.group()) > 1), match.group())
    words = joined.split()
    is_labelled = _LABEL.search(match.string, max(0, match.start() - _LABEL_REACH), match.start()) is not None
    is_name = is_labelled or not _KNOWN.isdisjoint(word.lower().strip(".,") for word in words)
    return joined if is_name and not all(map(is_plain, words)) else match.group()


# Only tags without attributes (attributes may hold PHI), and only where they split a word or number.
_SPLITTING: Final = re.compile(rf"<(?<=[\w-]<)/?(?:{'|'.join(INLINE_TAGS)})>(?=[\w-])", re.IGNORECASE)
# A capital and small letters spaced one by one, as in print: notes never mean separate letters by this.
_LETTERS: Final = re.compile(r"[A-Z](?<!\S[A-Z])(?: [a-z]){2,40}(?![^\W_])")
# At least four capitals spaced one by one, as in letterheads; two blanks end a word, which may be an initial.
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
# A character and its combining marks, at most as many as stream-safe text has (UAX 15, D4).
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
"""Per step: a cheap precondition on the text, the pattern to replace, and the replacement."""
