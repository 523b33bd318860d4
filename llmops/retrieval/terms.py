"""Words for lexical ranking and lexical evidence: lower-cased, lightly stemmed, without stop words."""

from typing import Final

import re2

_STOPPED: Final = """
a an and any are as at be been being but by can could did do does for from give had has have he her hers him his how i
if in into is it its may me more most my of on or our please she should so such tell than that the their them then there
these they this those to was we were what when where which while who whom whose why will with would you your
"""
STOP_WORDS: Final = frozenset(_STOPPED.split())
_WORD: Final = re2.compile(r"[\pL\pN]+(?:[.'’/%-][\pL\pN]+)*%?")
_SUFFIXES: Final = (
    ("ies", "y"),
    ("sses", "ss"),
    ("ations", "ate"),
    ("ation", "ate"),
    ("ings", ""),
    ("ing", ""),
    ("ed", ""),
    ("s", ""),
)
_SHORTEST_STEM: Final = 4


def words(text: str) -> list[str]:
    """The words of a text in order, stemmed, without stop words; a number or code (``"2.5"``) stays whole."""
    return [stem(word) for word in raw_words(text) if word not in STOP_WORDS]


def raw_words(text: str) -> list[str]:
    """Every word of a text in order, lower-cased; compound words (``"follow-up"``) are also given in parts."""
    found: list[str] = []
    for word in _WORD.findall(text.lower()):
        found.append(word)
        if not word[0].isdigit() and any(mark in word for mark in "-/"):
            found.extend(part for part in word.replace("/", "-").split("-") if part)
    return found


def stem(word: str) -> str:
    """Remove plural and verb endings from a word of plain letters, so that ``"allergies"`` matches ``"allergy"``."""
    if not word.isalpha() or word.endswith(("ss", "us", "is")):
        return word
    for suffix, replacement in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) + len(replacement) >= _SHORTEST_STEM:
            return word[: len(word) - len(suffix)] + replacement
    return word
