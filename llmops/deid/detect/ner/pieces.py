"""Cut a text into word pieces, with letter case and layout features an uncased network would miss."""

from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint32]
Kinds = npt.NDArray[np.int8]

_CASES, _DIGITS, _FOREIGN, _GAPS, _ENDS = 6, 3, 2, 5, 3
SHAPES: Final = _CASES * _DIGITS * _FOREIGN * _GAPS * _ENDS + 1
"""Number of shapes; the last is for special pieces without text."""
SPECIAL_SHAPE: Final = SHAPES - 1
SHAPE_FIELDS: Final = (_CASES, _DIGITS, _FOREIGN, _GAPS, _ENDS)
"""Number of values of each shape feature, most significant first."""

_ATTACHED, _SPACE, _WIDE, _NEW_LINE, _BLANK_LINE = range(5)
"""Gap classes; the first three equal the gap width in blanks."""
_NO_LETTER, _LOWER_CASE, _CAPITAL, _UPPER_CASE, _MIXED, _INITIAL = range(6)
_END_BEFORE: Final = np.array([0, 0, 1, 2, 2])
"""Line-end class after a piece, by the gap that follows."""
_REPLACEMENT: Final = 0xFFFD
_TAB: Final = ord("\t")
_ASCII: Final = 127


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """The word pieces of one text, as arrays of one length.

    Args:
        ids: vocabulary index.
        shapes: case, digits, non-ASCII letters, gap before and line end after, as one number below `SHAPES`.
        starts, ends: code point offsets ``[start, end)`` in the text.
        words: zero-based number of the piece's word.
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
    """Cut a text into pieces; white space alone gives none.

    Args:
        tokenizer: a ``tokenizers.Tokenizer`` without special pieces and truncation.
        text: any text; lone surrogates are read as U+FFFD. PHI.
    """
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    if not text.isascii() and bool(((codes >= 0xD800) & (codes < 0xE000)).any()):
        codes = np.where((codes >= 0xD800) & (codes < 0xE000), np.uint32(_REPLACEMENT), codes)
        text = codes.tobytes().decode("utf-32-le")
    encoding = tokenizer.encode(text, add_special_tokens=False)
    offsets = np.fromiter(chain.from_iterable(encoding.offsets), dtype=np.int64).reshape(-1, 2)
    starts, ends = offsets[:, 0], offsets[:, 1]
    ids, words = (np.array(numbers, dtype=np.int64) for numbers in (encoding.ids, encoding.word_ids))
    if not len(ids):
        return Pieces(ids=ids, shapes=ids, starts=starts, ends=ends, words=words, lines=np.zeros(0, dtype=np.bool_))
    kinds = _kind_table()[codes if text.isascii() else np.minimum(codes, 0xFFFF)]
    gaps = _gaps(codes, kinds, starts, ends)
    lines = gaps >= _NEW_LINE
    after = np.full(len(ids), 2)
    after[:-1] = _END_BEFORE[gaps[1:]]
    shapes = (_letters(codes, kinds, starts, ends, words) * _GAPS + gaps) * _ENDS + after
    return Pieces(ids=ids, shapes=shapes, starts=starts, ends=ends, words=words, lines=lines)


def _gaps(codes: Codes, kinds: Kinds, starts: Ints, ends: Ints) -> Ints:
    """Return the white-space class before each piece; the first piece starts a line."""
    breaks = np.zeros(len(codes) + 1, dtype=np.int64)
    np.cumsum(kinds == _BREAK, out=breaks[1:])
    before = np.zeros_like(ends)
    before[1:] = ends[:-1]
    width = starts - before
    lines = breaks[starts] - breaks[before]
    gaps: Ints = np.minimum(np.maximum(width, _ATTACHED), _WIDE)
    gaps[(width == 1) & (codes[np.maximum(starts - 1, 0)] == _TAB)] = _WIDE
    gaps = np.where(lines > 0, np.minimum(lines, 2) + (_NEW_LINE - 1), gaps)
    gaps[0] = _NEW_LINE
    return gaps


def _letters(codes: Codes, kinds: Kinds, starts: Ints, ends: Ints, words: Ints) -> Ints:
    """Return case, digit and non-ASCII class of each piece's whole word, as one number."""
    is_first = np.ones(len(words), dtype=np.bool_)
    np.not_equal(words[1:], words[:-1], out=is_first[1:])
    first = np.flatnonzero(is_first)
    begin = starts[first]
    stop = np.append(ends[first[1:] - 1], ends[-1:])
    cased, digit = _count(_CASED[kinds], begin, stop), _count(kinds == _DIGIT, begin, stop)
    upper, lower = cased & _UPPER_PART, cased >> _BITS
    letters = upper + lower
    case = np.where((upper == 1) & (kinds[begin] == _UPPER), _CAPITAL, _MIXED)
    case = np.where(lower == 0, np.where(letters == 1, _INITIAL, _UPPER_CASE), case)
    case = np.where(upper == 0, np.where(letters == 0, _NO_LETTER, _LOWER_CASE), case)
    digits = np.where(digit == 0, 0, np.where(digit == stop - begin, 1, 2))
    is_foreign = (codes > _ASCII) & ((kinds == _UPPER) | (kinds == _LOWER))
    classes = (case * _DIGITS + digits) * _FOREIGN
    if bool(is_foreign.any()):
        classes += _count(is_foreign, begin, stop) > 0
    return np.asarray(classes[np.cumsum(is_first) - 1], dtype=np.int64)


def _count(found: npt.NDArray[Any], begin: Ints, stop: Ints) -> Ints:
    """Sum counts per word."""
    total = np.zeros(len(found) + 1, dtype=np.int64)
    np.cumsum(found, out=total[1:])
    return np.asarray(total[stop] - total[begin], dtype=np.int64)


_OTHER, _UPPER, _LOWER, _DIGIT, _BREAK = range(5)
_BITS: Final = 31
_UPPER_PART: Final = (1 << _BITS) - 1
_CASED: Final = np.array([0, 1, 1 << _BITS, 0, 0], dtype=np.int64)
"""By kind: upper-case letters are counted in the lower bits of a number, other letters in the upper bits."""


@cache
def _kind_table() -> npt.NDArray[np.int8]:
    """Return the kind of every BMP code point; others count as U+FFFF, which has none."""
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
