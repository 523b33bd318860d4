"""How often words of the training notes were PHI, and how often what stood beside them was."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Final

import numpy as np
import numpy.typing as npt

_WORD, _AFTER, _BEFORE = range(3)
Counts = Mapping[str, Sequence[int]]
WIDTH: Final = 6


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Counts by lower-case word: of the word itself, of the word after it and of the word before it.

    Args:
        counts: for each of the three, how often it was no PHI, and how often it was.
    """

    counts: Counts = field(default_factory=dict)
    _rows: dict[str, int] = field(init=False, repr=False, compare=False)
    _odds: npt.NDArray[np.float64] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        table = np.array([(0,) * WIDTH, *self.counts.values()], dtype=np.float64)
        plain, phi = table[:, 0::2], table[:, 1::2]
        odds = np.empty_like(table)
        odds[:, 0::2], odds[:, 1::2] = np.log((phi + 0.3) / (plain + 0.7)), np.log1p(phi + plain)
        object.__setattr__(self, "_rows", {word: number for number, word in enumerate(self.counts, start=1)})
        object.__setattr__(self, "_odds", odds)

    @classmethod
    def count(cls, texts: Iterable[Sequence[tuple[str, bool]]]) -> "Lexicon":
        """Count the words of texts.

        Args:
            texts: of each the lower-case words in order, and whether each is PHI.
        """
        counts: dict[str, list[int]] = {}

        def seen(word: str, what: int, *, phi: bool) -> None:
            counts.setdefault(word, [0] * WIDTH)[2 * what + phi] += 1

        for words in texts:
            for number, (word, phi) in enumerate(words):
                seen(word, _WORD, phi=phi)
                if number:
                    seen(words[number - 1][0], _AFTER, phi=phi)
                if number + 1 < len(words):
                    seen(words[number + 1][0], _BEFORE, phi=phi)
        return cls({word: tuple(found) for word, found in sorted(counts.items())})

    @classmethod
    def from_json(cls, content: str) -> "Lexicon":
        """Read what `to_json` wrote."""
        return cls({word: tuple(map(int, counts.split())) for word, counts in json.loads(content).items()})

    def to_json(self) -> str:
        """Write the counts."""
        counts = {word: " ".join(map(str, found)) for word, found in self.counts.items()}
        return json.dumps(counts, separators=(",", ":"), indent=0)

    def odds(self, words: Sequence[str]) -> npt.NDArray[np.float64]:
        """Give log odds and logarithm of the count, of the word itself, of the one after and of the one before it.

        Args:
            words: lower case; of one never seen all is doubtful.

        Returns:
            (words, 6).
        """
        rows = np.fromiter(map(self._rows.get, words, repeat(0)), np.intp, len(words))
        found: npt.NDArray[np.float64] = self._odds[rows]
        return found
