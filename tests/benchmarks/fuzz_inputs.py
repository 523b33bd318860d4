"""Hostile texts by number: the same number always gives the same text, so that a run can resume."""

import json
import random
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

NOTES = Path(__file__).resolve().parents[2] / "training/notes/notes-train.jsonl"
CANARY = "Zwickelbrandt"
"""A name in every text; no log line may hold it."""

PIECES = (
    "1", "A", "a.", "Dr. ", "A, ", "1/", "- ", "@", "[NAME", "~", "x1 ", "(1", "A^", "a@", "http://", "1-", "1.", "00",
    "www.", "Mr. A", "de la ", "\n", "\t", "  ", "[DATE 2024]", "[[[[", "]]]]", "90 year ", "St. ", "MRN: ", "/", "'s",
    "Jan ", "the 1st ", "PO Box ", "A-", "-A", "IV ", "x" * 40, "9" * 40, "Ab", "aB", "::", "..", "--", "__", "A.A.",
    "é", "Ω", "中", "🩺", "\u200b", "\u202e", "\u0301", "\u2028", "\x00", "\x1f", "\ufeff", "\U0001d7d8", "ﬁ", "ſ", "İ",
)  # fmt: skip
_ALPHABETS = (
    "abcdefghij ABCDEFGHIJ 0123456789 .,:;-/()[]@#'\"\n",
    "0123456789-/. ",
    "ÀÉÎõüßøłđŞğİıǅﬃΩπЖщяاب中文日本한국\u0300\u0301\u200d\u200b\u202e\ufeff🩺👩🏽‍⚕️ ",
    "[]{}()<>|\\^$*+?.~`!@#%&=_ \t\r\n\x0b\x0c\x85\xa0\u2028",
)


def hostile_text(number: int) -> str:
    """Return the text of a number: a mutated note, random Unicode, a repeated fragment, a long line. Invented."""
    rng = random.Random(number)
    made = rng.choices((_mutated_note, _random_unicode, _repeated, _long_line, _code_points), (500, 200, 200, 2, 98))[
        0
    ](rng)
    position = rng.randrange(len(made) + 1)
    return f"{made[:position]} Mr. {CANARY} {made[position:]}"


@lru_cache(maxsize=1)
def _notes() -> tuple[str, ...]:
    return tuple(json.loads(line)["text"] for line in NOTES.read_text(encoding="utf-8").splitlines())


def _mutated_note(rng: random.Random) -> str:
    note = rng.choice(_notes())
    start = rng.randrange(max(1, len(note) - 200))
    text = note[start : start + rng.randrange(20, 1200)]
    for _ in range(rng.randrange(1, 6)):
        text = rng.choice(_MUTATIONS)(rng, text)
    return text


def _random_unicode(rng: random.Random) -> str:
    alphabet = rng.choice(_ALPHABETS)
    return "".join(rng.choices(alphabet, k=rng.randrange(300)))


def _code_points(rng: random.Random) -> str:
    """Any code points, including lone surrogates."""
    return "".join(chr(rng.randrange(0x110000)) for _ in range(rng.randrange(120)))


def _repeated(rng: random.Random) -> str:
    fragment = "".join(rng.choices(PIECES, k=rng.randrange(1, 4)))
    return fragment * rng.randrange(1, max(2, 6_000 // len(fragment)))


def _long_line(rng: random.Random) -> str:
    fragment = "".join(rng.choices(PIECES, k=rng.randrange(1, 6)))
    return fragment * (rng.choice((20_000, 50_000, 200_000, 1_000_000)) // len(fragment))


def _cut(rng: random.Random, text: str) -> str:
    a, b = sorted((rng.randrange(len(text) + 1), rng.randrange(len(text) + 1)))
    return text[:a] + text[b:]


def _insert(rng: random.Random, text: str) -> str:
    position = rng.randrange(len(text) + 1)
    return text[:position] + rng.choice(PIECES) * rng.randrange(1, 5) + text[position:]


def _damage(rng: random.Random, text: str) -> str:
    """Swap characters as OCR and typing do."""
    letters = list(text)
    for _ in range(len(letters) // 20):
        a, b = rng.randrange(len(letters)), rng.randrange(len(letters))
        letters[a] = rng.choice((letters[b], "0", "O", "l", "1", " ", "\n"))
    return "".join(letters)


def _one_line(rng: random.Random, text: str) -> str:
    return text.replace("\n", rng.choice((" ", "", "\t", "|")))


def _case(rng: random.Random, text: str) -> str:
    return rng.choice((text.upper, text.lower, text.swapcase, text.title))()


def _without_spaces(rng: random.Random, text: str) -> str:
    return text.replace(" ", rng.choice(("", "_", "\u00a0", "\u200b")))


_MUTATIONS: tuple[Callable[[random.Random, str], str], ...] = (
    _cut, _insert, _damage, _one_line, _case, _without_spaces,
)  # fmt: skip
