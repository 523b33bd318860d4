"""Compute edit distances, and find near spellings without comparing every name."""

from collections.abc import Iterator
from itertools import combinations
from typing import Final

SHORTEST_MISSPELT: Final = 5
_TWO_EDITS_FROM: Final = 9


def edits_allowed(name: str) -> int:
    """Return the edits allowed in a misspelt name: 0 below 5 letters, 1 below 9, else 2."""
    if len(name) < SHORTEST_MISSPELT:
        return 0
    return 1 if len(name) < _TWO_EDITS_FROM else 2


def deletions(word: str, depth: int) -> Iterator[str]:
    """Return a word with up to ``depth`` letters deleted; two near words share at least one such form."""
    yield word
    for left_out in range(1, depth + 1):
        for kept in combinations(range(len(word)), len(word) - left_out):
            yield "".join(word[i] for i in kept)


def edit_distance(first: str, second: str) -> int:
    """Return the optimal-alignment Damerau distance: insertions, deletions, substitutions, transpositions."""
    before: list[int] = []
    previous = list(range(len(second) + 1))
    for row, letter in enumerate(first, start=1):
        current = [row]
        for column, other in enumerate(second, start=1):
            cost = min(previous[column] + 1, current[-1] + 1, previous[column - 1] + (letter != other))
            if row > 1 and column > 1 and letter == second[column - 2] and first[row - 2] == other:
                cost = min(cost, before[column - 2] + 1)
            current.append(cost)
        before, previous = previous, current
    return previous[-1]
