"""Cleaning of narrative text: one Unicode form, one line end, no mojibake, nothing invisible, all of it mapped."""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from ftfy import TextFixerConfig, fix_encoding
from ftfy.fixes import fix_c1_controls

# Encoding repair only: quotes, ligatures and widths are the author's. Lossy repair would invent characters.
_ENCODING_ONLY: Final = TextFixerConfig(replace_lossy_sequences=False)
_LINE_ENDS: Final = "\r\v\f\u2028\u2029"
_WHITE: Final = frozenset(" \t\n" + _LINE_ENDS)
_SUSPECT: Final = re.compile(r"[^\t\n\x20-\x7e]")
_REST_OF_WORD: Final = re.compile(rf"[^ \t\n{_LINE_ENDS}]*")
_LINE_END: Final = re.compile(rf"\r\n?|[{_LINE_ENDS}]")
# C0, C1, soft hyphen, zero-width, bidi controls, BOM, interlinear and tag characters: all invisible, and each of them
# can split an identifier so that no recognizer sees it.
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e007f]"
)
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_ROUNDS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSegment:
    """Says that ``cleaned[start:end]`` came from ``raw[raw_start:raw_end]``; code points.

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
        text: NFC, ``\n`` line ends, no control or invisible characters, nothing that UTF-8 cannot say. PHI.
        segments: the whole of ``text`` in order, each with its raw range.
        changes: counts by rule (``control``, ``line_end``, ``lone_surrogate``, ``mojibake``, ``nfc``), sorted by name.
    """

    text: str = field(repr=False)
    segments: tuple[TextSegment, ...]
    changes: tuple[tuple[str, int], ...] = ()


def clean(raw: str) -> Cleaned:
    """Clean text so that cleaning it again changes nothing; stretches that need no change stay exact.

    Works word by word: a composed character or a mojibake sequence never reaches across ASCII white space, so only
    words with a suspect character are touched.

    Args:
        raw: decoded text. PHI.
    """
    if raw.isascii() and _SUSPECT.search(raw) is None:
        whole = TextSegment(start=0, end=len(raw), raw_start=0, raw_end=len(raw), exact=True)
        return Cleaned(text=raw, segments=(whole,) if raw else ())
    changes: Counter[str] = Counter()
    edits = _edits(raw, changes)
    text, segments = _apply(raw, edits)
    return Cleaned(text=text, segments=segments, changes=tuple(sorted(changes.items())))


def _edits(raw: str, changes: Counter[str]) -> list[tuple[int, int, str]]:
    """Find what to replace: ``(raw_start, raw_end, replacement)`` in order, not overlapping."""
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
    """Mend one word until nothing changes any more (a repair may uncover another)."""
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
        if _WHITE.intersection(word):
            word = clean(word).text
        if word == before:
            break
    return word


def replace_lone_surrogates(text: str) -> tuple[str, int]:
    """Put U+FFFD for each surrogate, which no encoding of text can hold; also gives how many there were.

    Args:
        text: any text. PHI.
    """
    return (text, 0) if text.isascii() else _LONE_SURROGATE.subn("\ufffd", text)


def _counted(before: str, after: str, rule: str, changes: Counter[str]) -> str:
    if after != before:
        changes[rule] += 1
    return after


def _apply(raw: str, edits: list[tuple[int, int, str]]) -> tuple[str, tuple[TextSegment, ...]]:
    pieces: list[str] = []
    segments: list[TextSegment] = []
    at = done = 0
    for start, end, replacement in (*edits, (len(raw), len(raw), "")):
        for piece, raw_start, raw_end, exact in (
            (raw[done:start], done, start, True),
            (replacement, start, end, False),
        ):
            if piece:
                segments.append(
                    TextSegment(start=at, end=at + len(piece), raw_start=raw_start, raw_end=raw_end, exact=exact)
                )
                pieces.append(piece)
                at += len(piece)
        done = end
    return "".join(pieces), tuple(segments)
