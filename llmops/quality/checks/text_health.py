"""Text health: is the text language, or damaged by decoding or OCR?"""

import re
import unicodedata
from itertools import groupby
from typing import Final

from llmops.documents import DeidentifiedDocument, Evidence, Kind
from llmops.quality.checks.penalties import Penalties
from llmops.quality.placeholders import without_placeholders
from llmops.quality.policy import QualityPolicy

# UTF-8 read as Windows-1252: the letter of a lead byte and the sign of a continuation byte.
_MOJIBAKE: Final = re.compile('[ÂÃ][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹Œ‘’“”•–—˜™š›œŸ¡-¿]|â€[\x80-\xbf™œž¢¦“”"]|ï»¿|ðŸ')
# A digit or sign inside a lower-case word: pat1ent, h0spital, adm!tted. Not T2DM, B12, q4h, x2days.
_MIXED: Final = re.compile(r"(?<![\w!$])[A-Za-z]?[a-z]{1,20}[0158!$][a-z]{2,20}(?![\w!$])")
# A letter among digits: l42/88, 9O, 4O6. Not O2 or I10.
_MIXED_NUMBER: Final = re.compile(r"(?<!\w)(?:l\d{1,4}|\d{1,4}O\d{0,4}|\d{1,3}l\d{1,3})(?!\w)")
_JSON_SIGNS: Final = frozenset("{}[]()\",:'")
_DOSE: Final = re.compile(r"(?:x|q|bid|tid|day|pod|week|at|on)\d", re.IGNORECASE)
_SIGNS: Final = re.compile(r"[^\w\s]{4,}")
_WORD: Final = re.compile(r"(?<!\w)[^\W\d_]+(?!\w)")
_VOWELLESS: Final = re.compile(r"[b-df-hj-np-tv-xz]{5,}")
_ONE_LINE: Final = 2500
_LONGEST_WORD: Final = 30
_RUN: Final = 4
_MIN_WORDS: Final = 20
_PROSE_WORDS: Final = 80
_COMMON: Final = frozenset(
    """
    the of and a to in is was with for on no at or as by from this that has had not be are he she patient her his
    """.split()  # noqa: SIM905 - they read better as words
)


def check(document: DeidentifiedDocument, policy: QualityPolicy) -> tuple[float, tuple[Evidence, ...]]:
    """Look for mojibake, replacement and control characters, OCR noise, gibberish and lost line breaks."""
    tally = Penalties()
    text = document.text
    for match in re.finditer("\ufffd+", text):
        tally.add("replacement_character", 0.05, *match.span())
    for match in _MOJIBAKE.finditer(text):
        tally.add("mojibake", 0.05, *match.span())
    _unprintable(text, tally)
    if document.kind is not Kind.GENOMIC:  # names of variants and contigs mix letters and digits by rule
        _ocr_noise(text, tally)
    _gibberish(without_placeholders(text), len(text), policy, tally)
    if len(text) > _ONE_LINE and "\n" not in text.strip():
        tally.add("one_line", 0.1, 0, len(text))
    return tally.result()


def _unprintable(text: str, tally: Penalties) -> None:
    if text.isprintable():
        return
    for at, char in enumerate(text):
        if not char.isprintable() and char not in "\n\t" and unicodedata.category(char) in ("Cc", "Co", "Cn", "Cs"):
            tally.add("control_character", 0.05, at, at + 1)


def _ocr_noise(text: str, tally: Penalties) -> None:
    """Charge each odd token 20 times its share of the words: 1 in 100 words costs a fifth of the score."""
    odd = [match.span() for match in _MIXED.finditer(text) if _DOSE.match(match[0]) is None]
    odd += [match.span() for match in _MIXED_NUMBER.finditer(text)]
    odd += [match.span() for match in _SIGNS.finditer(text) if _is_noise(set(match[0]))]
    count = max(1, len(text.split()))
    for start, end in sorted(odd):
        tally.add("ocr_noise", 20 / max(count, 100), start, end)


def _is_noise(signs: set[str]) -> bool:
    """Whether a run of signs is neither a ruler nor JSON punctuation."""
    return len(signs) > 2 and not signs <= _JSON_SIGNS


def _gibberish(text: str, length: int, policy: QualityPolicy, tally: Penalties) -> None:
    found = [word.lower() for word in _WORD.findall(text)]
    if len(found) < _MIN_WORDS:
        return
    odd = _spaced_out(found) + sum(1 for word in found if _is_odd(word))
    if odd / len(found) > policy.text_health.gibberish_share:
        tally.add("gibberish", 0.8, 0, length)
    elif len(found) >= _PROSE_WORDS and not any(word in _COMMON for word in found):
        tally.add("unfamiliar_language", 0.2, 0, length)


def _is_odd(word: str) -> bool:
    """Whether no English or Latin word looks like this: 5 consonants in a row, or too long."""
    return word.isascii() and (_VOWELLESS.search(word) is not None or len(word) > _LONGEST_WORD)


def _spaced_out(found: list[str]) -> int:
    """Letters set apart in runs of four or more (p a t i e n t); flags and units come singly."""
    runs = (sum(1 for _ in group) for single, group in groupby(found, key=lambda word: len(word) == 1) if single)
    return sum(run for run in runs if run >= _RUN)
