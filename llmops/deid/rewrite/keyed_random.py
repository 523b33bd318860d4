"""Draw keyed random values: the same purpose and key give the same value, unpredictable without the seed."""

import hashlib
import string
from collections.abc import Sequence
from typing import Final

from llmops.deid.folding import fold

_LETTERS: Final = string.ascii_uppercase


class KeyedRandom:
    """Random draws for one subject.

    Args:
        seed: the subject's secret; its first 64 bytes are the key.
    """

    def __init__(self, seed: bytes) -> None:
        self._seed = seed[:64]

    def number(self, purpose: str, key: str, below: int) -> int:
        """Draw a number from 0 to ``below`` - 1. ``key`` is PHI."""
        return int.from_bytes(self._digest(purpose, key)[:8], "big") % below

    def pick(self, purpose: str, key: str, pool: Sequence[str]) -> str:
        """Draw one element of a pool."""
        return pool[self.number(purpose, key, len(pool))]

    def digits(self, surface: str) -> str:
        """Replace only the digits: ``ext. 4471`` stays an extension. ``surface`` is PHI."""
        made = self.shaped("".join(c for c in surface if c.isdigit()), 0)
        waiting = iter(made)
        return "".join(next(waiting) if c.isdigit() else c for c in surface)

    def shaped(self, surface: str, attempt: int) -> str:
        """Replace each digit by a digit and each letter by a letter; separators and leading zeros stay.

        The same number gets the same surrogate whatever its separators, case and leading zeros; no character keeps its
        value, and no digit becomes a leading zero.

        Args:
            surface: a code as written. PHI.
            attempt: increment for another surrogate if one is in use.
        """
        folded = fold(surface)
        significant = [i for i, c in enumerate(folded) if c.isalnum()]
        while significant and folded[significant[0]] == "0":
            significant.pop(0)
        key = "".join(folded[i] for i in significant).lower()
        stream = self._stream(f"shape{attempt}", key, len(significant))
        made = list(surface)
        for place, (position, value) in enumerate(zip(significant, stream, strict=True)):
            misread = surface[position].isalpha() and folded[position].isdigit()
            made[position] = _other((surface if misread else folded)[position], value, leading=place == 0)
        return "".join(made)

    def _stream(self, purpose: str, key: str, length: int) -> bytes:
        blocks = (self._digest(f"{purpose}.{number}", key) for number in range(1 + length // 64))
        return b"".join(blocks)[:length]

    def _digest(self, purpose: str, key: str) -> bytes:
        return hashlib.blake2b(f"{purpose}\0{key}".encode("utf-8", "surrogatepass"), key=self._seed).digest()


def _other(character: str, value: int, *, leading: bool) -> str:
    """Return another character of the same kind; a leading digit is never 0."""
    if character.isdigit():
        choices = [d for d in string.digits[1 if leading else 0 :] if d != character]
        return choices[value % len(choices)]
    others = [c for c in _LETTERS if c != character.upper()]
    letter = others[value % len(others)]
    return letter if character.isupper() else letter.lower()
