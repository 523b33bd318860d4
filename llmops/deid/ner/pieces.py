"""Cuts a text into word pieces and describes the letter case and layout that an uncased network would not see."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

_CASES, _DIGITS, _FOREIGN, _GAPS, _ENDS = 6, 3, 2, 5, 3
SHAPES: Final = _CASES * _DIGITS * _FOREIGN * _GAPS * _ENDS + 1
"""How many shapes there are; the last one is that of the pieces that stand for no text."""
SPECIAL_SHAPE: Final = SHAPES - 1
SHAPE_FIELDS: Final = (_CASES, _DIGITS, _FOREIGN, _GAPS, _ENDS)
"""Values of each feature that a shape is made of, the first one weighing most."""

_ATTACHED, _SPACE, _WIDE, _NEW_LINE, _BLANK_LINE = range(5)
"""Gaps, so that the first three are the width of a blank."""
_NO_LETTER, _LOWER_CASE, _CAPITAL, _UPPER_CASE, _MIXED, _INITIAL = range(6)
_REPLACEMENT: Final = 0xFFFD


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """The word pieces of one text, as arrays of one length.

    Args:
        ids: vocabulary index.
        shapes: case, digits, non-ASCII letters, gap before and line end after, as one number below `SHAPES`.
        starts, ends: code point offsets ``[start, end)`` in the text.
        words: number of the word that the piece is part of, counted from 0.
        lines: whether the piece is the first of a line.
    """

    ids: Ints = field(repr=False)
    shapes: Ints = field(repr=False)
    starts: Ints = field(repr=False)
    ends: Ints = field(repr=False)
    words: Ints = field(repr=False)
    lines: npt.NDArray[np.bool_] = field(repr=False)

    def __len__(self) -> int:
        return len(self.ids)


def encode(tokenizer: Any, text: str) -> Pieces:
    """Cut a text into pieces; a text of white space alone has none.

    Args:
        tokenizer: a ``tokenizers.Tokenizer`` that adds no special pieces and truncates nothing.
        text: any text; lone surrogates are read as U+FFFD. PHI.
    """
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    if bool(((codes >= 0xD800) & (codes < 0xE000)).any()):
        codes = np.where((codes >= 0xD800) & (codes < 0xE000), np.uint32(_REPLACEMENT), codes)
        text = codes.tobytes().decode("utf-32-le")
    encoding = tokenizer.encode(text, add_special_tokens=False)
    offsets = np.asarray(encoding.offsets, dtype=np.int64).reshape(-1, 2)
    starts, ends = offsets[:, 0], offsets[:, 1]
    words = np.asarray(encoding.word_ids, dtype=np.int64)
    gaps = _gaps(codes, starts, ends)
    first_of_line = gaps >= _NEW_LINE
    after = np.append(np.where(first_of_line, 2, np.where(gaps == _WIDE, 1, 0))[1:], 2)[: len(starts)]
    case, digits, foreign = _letters(codes, starts, ends, words)
    shapes = (((case * _DIGITS + digits) * _FOREIGN + foreign) * _GAPS + gaps) * _ENDS + after
    return Pieces(
        ids=np.asarray(encoding.ids, dtype=np.int64),
        shapes=shapes.astype(np.int64),
        starts=starts,
        ends=ends,
        words=words,
        lines=first_of_line,
    )


def _gaps(codes: npt.NDArray[np.uint32], starts: Ints, ends: Ints) -> Ints:
    """Class of the white space before each piece; the first piece starts a line."""
    breaks = np.concatenate(([0], np.cumsum(_kinds(codes) == _BREAK)))
    before = np.concatenate(([0], ends[:-1])) if len(ends) else ends
    width = starts - before
    lines = breaks[starts] - breaks[before]
    gaps = np.where(lines > 0, _NEW_LINE + (lines > 1), np.clip(width, _ATTACHED, _WIDE))
    gaps[:1] = _NEW_LINE
    tabs = (width == 1) & (codes[np.maximum(starts - 1, 0)] == ord("\t")) if len(codes) else width > 1
    gaps[tabs & (gaps == _SPACE)] = _WIDE
    return gaps.astype(np.int64)


def _letters(codes: npt.NDArray[np.uint32], starts: Ints, ends: Ints, words: Ints) -> tuple[Ints, Ints, Ints]:
    """Case, digit and non-ASCII class of the whole word that each piece is part of."""
    first = np.searchsorted(words, words, side="left")
    last = np.searchsorted(words, words, side="right") - 1
    begin, stop = starts[first], ends[last]
    kinds = _kinds(codes)

    def count(found: npt.NDArray[np.bool_]) -> Ints:
        total = np.concatenate(([0], np.cumsum(found)))
        return np.asarray(total[stop] - total[begin], dtype=np.int64)

    upper, lower, digit = count(kinds == _UPPER), count(kinds == _LOWER), count(kinds == _DIGIT)
    letters = upper + lower
    capital = (upper == 1) & (kinds[begin] == _UPPER) if len(codes) else upper == 1
    case = np.where(capital, _CAPITAL, _MIXED)
    case = np.where(lower == 0, np.where(letters == 1, _INITIAL, _UPPER_CASE), case)
    case = np.where(upper == 0, np.where(letters == 0, _NO_LETTER, _LOWER_CASE), case)
    digits = np.where(digit == 0, 0, np.where(digit == stop - begin, 1, 2))
    foreign = count((codes > 127) & ((kinds == _UPPER) | (kinds == _LOWER))) > 0
    return case.astype(np.int64), digits.astype(np.int64), foreign.astype(np.int64)


_OTHER, _UPPER, _LOWER, _DIGIT, _BREAK = range(5)


def _kinds(codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.int8]:
    return _kind_table()[np.minimum(codes, 0xFFFF)]


@cache
def _kind_table() -> npt.NDArray[np.int8]:
    """Kind of every code point of the basic plane; those beyond it count as U+FFFF, which is none."""
    table = np.zeros(0x10000, dtype=np.int8)
    for code in range(0x10000):
        character = chr(code)
        if character.isalpha():
            table[code] = _UPPER if character.isupper() or character.istitle() else _LOWER
        elif character.isdecimal():
            table[code] = _DIGIT
    for character in "\n\r\x0b\x0c\u0085\u2028\u2029":
        table[ord(character)] = _BREAK
    return table
