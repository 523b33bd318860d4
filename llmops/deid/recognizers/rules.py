"""A pattern with what it means, compiled by RE2 so that no input can make it slow."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import re2

from llmops.deid.spans import Span, View
from llmops.phi import PLACEHOLDER, PhiLabel

Check = Callable[[str, int, int], bool]
"""Says whether ``folded[start:end]`` stands for what the pattern took it for, seen in its surroundings."""


Cut = Callable[[str, int, int], int]
"""Gives where the surface really ends, for patterns that take more words than belong to it; its start to refuse."""


def _whole(_folded: str, _start: int, end: int) -> int:
    return end


def _always(_folded: str, _start: int, _end: int) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Rule:
    """One shape of an identifier: the first group of ``pattern`` that took part is the surface.

    Args:
        pattern: RE2 syntax over the folded text; ``(?i)`` where case does not matter. No lookaround: use ``check``.
        label: what the surface is.
        score: confidence in [0, 1]; also which of two overlapping finds keeps the range.
        check: refuses look-alikes from the surface and its surroundings.
        cut: shortens the surface before it is checked.
    """

    pattern: str
    label: PhiLabel
    score: float = 0.85
    check: Check = _always
    cut: Cut = _whole
    compiled: Any = field(init=False, repr=False, compare=False)
    groups: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compile once; a pattern RE2 cannot run in linear time does not compile."""
        object.__setattr__(self, "compiled", re2.compile(self.pattern.encode("ascii"), _OPTIONS))
        object.__setattr__(self, "groups", self.compiled.groups)


def find_by_rules(rules: tuple[Rule, ...], view: View, recognizer: str) -> Iterator[Span]:
    """Yield every surface of every rule. After a refused look-alike the search goes on behind its first character.

    What stands in a placeholder is nothing to a rule: ``[DATE]`` before a number does not make it a date.
    """
    folded = _without_placeholders(view.folded)
    data = view.data if folded is view.folded else folded.encode("ascii")
    for rule in rules:
        position = 0
        while (match := rule.compiled.search(data, position)) is not None:
            start, end = _trimmed(folded, *_surface(match, rule.groups))
            end = rule.cut(folded, start, end)
            if end > start and rule.check(folded, start, end):
                yield Span(start=start, end=end, label=rule.label, score=rule.score, recognizer=recognizer)
                position = end
            else:
                position = max(start, match.start()) + 1
            if position >= len(folded):
                break


def _surface(match: Any, groups: int) -> tuple[int, int]:
    for group in range(1, groups + 1):
        start, end = match.span(group)
        if start >= 0:
            return start, end
    start, end = match.span()
    return start, end


@lru_cache(maxsize=4)
def _without_placeholders(folded: str) -> str:
    return PLACEHOLDER.sub(lambda match: f"[{'?' * (len(match.group()) - 2)}]", folded) if "[" in folded else folded


def _trimmed(folded: str, start: int, end: int) -> tuple[int, int]:
    """Leave the blanks around a surface to the text."""
    while start < end and folded[start].isspace():
        start += 1
    while end > start and folded[end - 1].isspace():
        end -= 1
    return start, end


def words(*alternatives: str) -> str:
    """Give a non-capturing group of alternatives, longest first; in the same order in every process."""
    ordered = sorted(alternatives, key=lambda one: (-len(one), one))
    return "(?:" + "|".join(ordered) + ")"


def _options() -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 64 << 20
    return options


_OPTIONS: Final = _options()
