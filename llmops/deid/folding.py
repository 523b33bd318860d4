"""Fold a text to same-length ASCII, so that patterns need one form and offsets stay valid."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

_DASHES: Final = frozenset("‐‑‒–—―−﹘﹣－")
_QUOTES: Final = {"‘": "'", "’": "'", "ʼ": "'", "`": "'", "´": "'", "“": '"', "”": '"', "«": '"', "»": '"'}
_LETTERS_WITHOUT_DECOMPOSITION: Final = {
    "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "t", "Þ": "T",
    "ß": "s", "æ": "a", "Æ": "A", "œ": "o", "Œ": "O", "ı": "i", "ħ": "h", "Ħ": "H",
}  # fmt: skip
_OCR_DIGIT: Final = str.maketrans("OoIl", "0011")
_DAMAGED: Final = re.compile(r"(?<![A-Za-z0-9])[0-9OoIl]{1,16}(?![A-Za-z0-9])")
_GREEK_WORD: Final = re.compile(r"(?:(?=[^\W\d_])[\u0370-\u03ff\u1f00-\u1fff]){3,}")
_BRAILLE_BLANK: Final = "\u2800"
_SPLIT_BY: Final = frozenset("-/.() ")


def fold(text: str) -> str:
    """Return an ASCII text of the same length: accents, dashes, quotes, spaces and digits in plain form.

    Letters of other alphabets become ``~``, so that rules can match them; everything else unknown becomes ``?``,
    including Greek letters in words below three letters: ``alpha``, ``Delta`` and ``mu`` are units and symbols. OCR
    letters in numbers (``2O8-555-0l79``) become digits if a run has a digit and no other letter.

    Args:
        text: any text. PHI.
    """
    if not text.isascii():
        text = _GREEK_WORD.sub(lambda word: "~" * len(word.group()), text)
    folded = text if text.isascii() else text.translate(_table(frozenset(c for c in text if ord(c) > 127)))
    return _mend_digits(folded)


@lru_cache(maxsize=512)
def _table(characters: frozenset[str]) -> dict[int, str]:
    return {ord(c): _fold_character(c) for c in characters}


def _fold_character(character: str) -> str:
    if character in _DASHES:
        return "-"
    plain = _QUOTES.get(character) or _LETTERS_WITHOUT_DECOMPOSITION.get(character)
    if plain:
        return plain
    if character.isspace() or character == _BRAILLE_BLANK:
        return " "
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    base = unicodedata.normalize("NFKD", character)[0]
    if base.isascii() and base.isprintable():
        return base
    return "~" if character.isalpha() and "GREEK" not in unicodedata.name(base, "") else "?"


def _mend_digits(folded: str) -> str:
    return _DAMAGED.sub(_mended, folded)


def _mended(match: re.Match[str]) -> str:
    run = match.group()
    if run.isdigit():
        return run
    if any(c.isdigit() for c in run):
        return run.translate(_OCR_DIGIT)
    before = match.string[max(0, match.start() - 2) : match.start()]
    joined = len(before) == 2 and before[1] in "-/." and before[0].isdigit()
    return run.translate(_OCR_DIGIT) if joined else run
