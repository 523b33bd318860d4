"""Clean narrative text: one Unicode form and line end, no mojibake, markup or invisible characters, all aligned."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from ftfy import TextFixerConfig, fix_encoding
from ftfy.fixes import fix_c1_controls

from llmops.characters import IGNORABLE, NARROW, SPACED, STRAY_MARKS, unspaced
from llmops.normalize.text.markup import markup_edits

# Encoding repair only: quotes, ligatures and widths are the author's. Lossy repair would invent characters.
_ENCODING_ONLY: Final = TextFixerConfig(replace_lossy_sequences=False)
_LINE_ENDS: Final = "\r\v\f\u2028\u2029"
_WHITE: Final = frozenset(" \t\n" + _LINE_ENDS)
_SUSPECT: Final = re.compile(r"[^\t\n\x20-\x7e]")
_REST_OF_WORD: Final = re.compile(rf"[^ \t\n{_LINE_ENDS}]*")
_LINE_END: Final = re.compile(rf"\r\n?|[{_LINE_ENDS}]")
# C0, C1, interlinear marks, non-characters and default-ignorable characters: each can hide an identifier from the
# recognizers by splitting it.
_INVISIBLE: Final = re.compile(f"[\x00-\x08\x0e-\x1f\x7f-\x9f\ufff9-\ufffb\ufdd0-\ufdef\ufffe\uffff{IGNORABLE}]")
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_BRAILLE_BLANK: Final = "\u2800"
_ROUNDS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSegment:
    """Maps ``cleaned[start:end]`` to ``raw[raw_start:raw_end]``; code points.

    Args:
        exact: whether the two are equal, so that offsets inside map one to one.
    """

    start: int
    end: int
    raw_start: int
    raw_end: int
    exact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    r"""Text after cleaning.

    Args:
        text: NFC, ``\n`` line ends, no markup, control or invisible characters, nothing that UTF-8 cannot say. PHI.
        segments: the whole of ``text`` in order, each with its raw range.
        changes: counts by rule (``control``, ``line_end``, ``lone_surrogate``, ``markup``, ``mojibake``, ``nfc``,
            ``reference``, ``spacing``), sorted by name.
    """

    text: str = field(repr=False)
    segments: tuple[TextSegment, ...]
    changes: tuple[tuple[str, int], ...] = ()


def clean(raw: str) -> Cleaned:
    """Clean text idempotently; ranges that need no change stay exact.

    HTML references and tags go first. The rest works word by word: a composed character or a mojibake sequence never
    spans ASCII white space, so only words with a suspect character are touched.

    Args:
        raw: decoded text. PHI.
    """
    whole = TextSegment(start=0, end=len(raw), raw_start=0, raw_end=len(raw), exact=True)
    cleaned = Cleaned(text=raw, segments=(whole,) if raw else ())
    changes: Counter[str] = Counter()
    markup = markup_edits(raw, changes)
    for _ in range(_ROUNDS):  # repaired characters and resolved references may form new markup
        cleaned = _edited(cleaned, markup)
        cleaned = _edited(cleaned, _edits(cleaned.text, changes))
        markup = markup_edits(cleaned.text, changes)
        if not markup:
            break
    return Cleaned(text=cleaned.text, segments=cleaned.segments, changes=tuple(sorted(changes.items())))


def _edits(raw: str, changes: Counter[str]) -> list[tuple[int, int, str]]:
    """Return the replacements ``(raw_start, raw_end, replacement)`` in order, not overlapping."""
    edits = []
    done = 0
    while (suspect := _SUSPECT.search(raw, done)) is not None:
        at = suspect.start()
        if (line_end := _LINE_END.match(raw, at)) is not None:
            changes["line_end"] += 1
            edits.append((at, line_end.end(), "\n"))
            done = line_end.end()
            continue
        start = at
        while start > done and raw[start - 1] not in _WHITE:
            start -= 1
        rest = _REST_OF_WORD.match(raw, at)
        done = rest.end() if rest is not None else at + 1
        word = raw[start:done]
        mended = _mend(word, changes)
        if mended != word:
            edits.append((start, done, mended))
    return edits


def _mend(word: str, changes: Counter[str]) -> str:
    """Repair one word until it no longer changes (a repair may uncover another)."""
    word, lone = replace_lone_surrogates(word)
    if lone:
        changes["lone_surrogate"] += lone
    for _ in range(_ROUNDS):
        before = word
        word = _counted(word, fix_c1_controls(fix_encoding(word, _ENCODING_ONLY)), "mojibake", changes)
        word, lines = _LINE_END.subn("\n", word)
        word, invisible = _INVISIBLE.subn("", word)
        changes.update({rule: n for rule, n in (("line_end", lines), ("control", invisible)) if n})
        word = _counted(word, unicodedata.normalize("NFC", word), "nfc", changes)
        word = _counted(word, STRAY_MARKS.sub("", word), "control", changes)
        if NARROW.search(word) is not None:
            word = _counted(word, SPACED.sub(unspaced, word).replace(_BRAILLE_BLANK, " "), "spacing", changes)
        if _WHITE.intersection(word):
            word = clean(word).text
        if word == before:
            break
    return word


def replace_lone_surrogates(text: str) -> tuple[str, int]:
    """Replace each lone surrogate, which no text encoding can hold, by U+FFFD; also return their number.

    Args:
        text: any text. PHI.
    """
    return (text, 0) if text.isascii() else _LONE_SURROGATE.subn("\ufffd", text)


def _counted(before: str, after: str, rule: str, changes: Counter[str]) -> str:
    if after != before:
        changes[rule] += 1
    return after


def _edited(before: Cleaned, edits: list[tuple[int, int, str]]) -> Cleaned:
    """Apply edits to a partly cleaned text; its segments still map to the raw text."""
    if not edits:
        return before
    pieces: list[str] = []
    segments: list[TextSegment] = []
    at = done = 0
    way_back = _SourceMap(before.segments)
    for start, end, replacement in (*edits, (len(before.text), len(before.text), "")):
        if start > done:
            pieces.append(before.text[done:start])
            segments += way_back.kept(done, start, at)
            at += start - done
        if replacement:
            pieces.append(replacement)
            segments.append(way_back.replaced(start, end, at, len(replacement)))
            at += len(replacement)
        done = end
    return Cleaned(text="".join(pieces), segments=tuple(segments))


class _SourceMap:
    """Map ranges of a text, queried in order, through its segments to the raw text."""

    def __init__(self, segments: Sequence[TextSegment]) -> None:
        self._segments = segments
        self._first = 0

    def kept(self, start: int, end: int, at: int) -> Iterator[TextSegment]:
        """Yield the segments of ``[start, end)``, which now begins at ``at``."""
        for segment in self._over(start, end):
            lo, hi = max(start, segment.start), min(end, segment.end)
            raw_start, raw_end = _raw_range(segment, lo, hi)
            yield TextSegment(
                start=at + lo - start, end=at + hi - start, raw_start=raw_start, raw_end=raw_end, exact=segment.exact
            )

    def replaced(self, start: int, end: int, at: int, length: int) -> TextSegment:
        """Return the one segment of the replacement of ``[start, end)``."""
        ranges = [_raw_range(s, max(start, s.start), min(end, s.end)) for s in self._over(start, end)]
        return TextSegment(start=at, end=at + length, raw_start=ranges[0][0], raw_end=ranges[-1][1], exact=False)

    def _over(self, start: int, end: int) -> Iterator[TextSegment]:
        while self._segments[self._first].end <= start:
            self._first += 1
        at = self._first
        while at < len(self._segments) and self._segments[at].start < end:
            yield self._segments[at]
            at += 1


def _raw_range(segment: TextSegment, start: int, end: int) -> tuple[int, int]:
    """Return the raw range of a part of a segment: the whole range, unless the segment is exact."""
    if not segment.exact:
        return segment.raw_start, segment.raw_end
    return segment.raw_start + start - segment.start, segment.raw_start + end - segment.start
