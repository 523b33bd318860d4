"""Count how often words of the training notes, and their neighbours, were PHI."""

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

    Most words share their counts, so equal counts are stored once: only every eighth word has its own.

    Args:
        rows: row of ``counts`` for each word.
        counts: for each of the three, non-PHI and PHI occurrences; row 0 is for unseen words.
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
            texts: per text the lower-case words in order, each with whether it is PHI.
            alike: the class of words that are counted together, seen or not.
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
        """Parse the output of `to_json`."""
        numbers = {_spelt(_NEVER): 0}
        rows = json.loads(content)
        for word, counts in rows.items():  # in place: a second table of all words would cost megabytes
            rows[word] = numbers.setdefault(counts, len(numbers))
        return cls(rows, tuple(tuple(map(int, counts.split())) for counts in numbers))

    def to_json(self) -> str:
        """Serialise the counts."""
        spelt = {word: _spelt(self.counts[row]) for word, row in self.rows.items()}
        return json.dumps(spelt, separators=(",", ":"), indent=0)

    def odds(self, words: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return log odds and log count of the word itself, the word after and the word before it.

        Args:
            words: lower case; unseen words use row 0.

        Returns:
            (words, 6).
        """
        rows = np.fromiter(map(self.rows.get, words, repeat(0)), np.intp, len(words))
        found: npt.NDArray[np.float64] = self._odds[rows]
        return found


def _spelt(counts: Sequence[int]) -> str:
    return " ".join(map(str, counts))
