"""How often words of the training notes were PHI, and how often what stood beside them was."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

_WORD, _AFTER, _BEFORE = range(3)
WIDTH: Final = 6
_NEVER: Final = (0,) * WIDTH


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Counts by lower-case word: of the word itself, of the word after it and of the word before it.

    Most words share their counts with others, so that each is kept once: every eighth word has its own.

    Args:
        rows: where the counts of each word are.
        counts: for each of the three, how often it was no PHI, and how often it was; first those of a word never seen.
    """

    rows: Mapping[str, int] = field(default_factory=dict, repr=False)
    counts: Sequence[Sequence[int]] = field(default=(_NEVER,), repr=False)
    _odds: npt.NDArray[np.float64] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        table = np.array(self.counts, dtype=np.float64)
        plain, phi = table[:, 0::2], table[:, 1::2]
        odds = np.empty_like(table)
        odds[:, 0::2], odds[:, 1::2] = np.log((phi + 0.3) / (plain + 0.7)), np.log1p(phi + plain)
        object.__setattr__(self, "_odds", odds)

    @classmethod
    def count(
        cls, texts: Iterable[Sequence[tuple[str, bool]]], alike: Mapping[str, str] = MappingProxyType({})
    ) -> "Lexicon":
        """Count the words of texts.

        Args:
            texts: of each the lower-case words in order, and whether each is PHI.
            alike: the class of each word that is counted with all others of its class, seen or not.
        """
        counts: dict[str, list[int]] = {}

        def seen(word: str, what: int, *, phi: bool) -> None:
            counts.setdefault(alike.get(word, word), [0] * WIDTH)[2 * what + phi] += 1

        for words in texts:
            for number, (word, phi) in enumerate(words):
                seen(word, _WORD, phi=phi)
                if number:
                    seen(words[number - 1][0], _AFTER, phi=phi)
                if number + 1 < len(words):
                    seen(words[number + 1][0], _BEFORE, phi=phi)
        classes = set(alike.values())
        found = {word: of_word for word, of_word in counts.items() if word not in classes}
        found |= {word: counts[kind] for word, kind in alike.items() if kind in counts}
        numbers: dict[tuple[int, ...], int] = {_NEVER: 0}
        rows = {word: numbers.setdefault(tuple(of_word), len(numbers)) for word, of_word in sorted(found.items())}
        return cls(rows, tuple(numbers))

    @classmethod
    def from_json(cls, content: str) -> "Lexicon":
        """Read what `to_json` wrote."""
        numbers = {_spelt(_NEVER): 0}
        rows = json.loads(content)
        for word, counts in rows.items():  # in place: a second table of all words would cost megabytes
            rows[word] = numbers.setdefault(counts, len(numbers))
        return cls(rows, tuple(tuple(map(int, counts.split())) for counts in numbers))

    def to_json(self) -> str:
        """Write the counts."""
        spelt = {word: _spelt(self.counts[row]) for word, row in self.rows.items()}
        return json.dumps(spelt, separators=(",", ":"), indent=0)

    def odds(self, words: Sequence[str]) -> npt.NDArray[np.float64]:
        """Give log odds and logarithm of the count, of the word itself, of the one after and of the one before it.

        Args:
            words: lower case; of one never seen all is doubtful.

        Returns:
            (words, 6).
        """
        rows = np.fromiter(map(self.rows.get, words, repeat(0)), np.intp, len(words))
        found: npt.NDArray[np.float64] = self._odds[rows]
        return found


def _spelt(counts: Sequence[int]) -> str:
    return " ".join(map(str, counts))
