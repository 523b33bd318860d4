"""Match patterns with their labels and checks, compiled by RE2 so that no input can make them slow."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import re2

from llmops.deid.spans import Span, View
from llmops.phi import PLACEHOLDER, PhiLabel

Check = Callable[[str, int, int], bool]
"""Says from its context whether ``folded[start:end]`` is what the pattern matched it as."""


Cut = Callable[[str, int, int], int]
"""Returns the true end of a surface, for patterns that match too many words; its start to refuse."""


def _whole(_folded: str, _start: int, end: int) -> int:
    return end


def _always(_folded: str, _start: int, _end: int) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class PatternRule:
    """One format of an identifier: the first participating group of ``pattern`` is the surface.

    Args:
        pattern: RE2 syntax over the folded text; ``(?i)`` if case does not matter. No lookaround: use ``check``.
        label: label of the surface.
        score: confidence in [0, 1]; also decides which of two overlapping findings keeps the range.
        check: refuses look-alikes by surface and context.
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
        """Compile once; patterns that RE2 cannot run in linear time fail to compile."""
        object.__setattr__(self, "compiled", re2.compile(self.pattern.encode("ascii"), _options(_RULE_MEMORY)))
        object.__setattr__(self, "groups", self.compiled.groups)

    def find(self, folded: str, data: bytes, recognizer: str) -> Iterator[Span]:
        """Yield every surface of this rule in a text, given as string and bytes. PHI."""
        position = 0
        while (match := self.compiled.search(data, position)) is not None:
            start, end = _trimmed(folded, *_surface(match, self.groups))
            end = self.cut(folded, start, end)
            if end > start and self.check(folded, start, end):
                yield Span(start=start, end=end, label=self.label, score=self.score, recognizer=recognizer)
                position = end
            else:
                position = max(start, match.start()) + 1
            if position >= len(folded):
                break


class Rules:
    """Run rules over a text one by one; RE2 sets prefilter the rules that can match at all.

    A set scans a text once for all its rules, and most rules do not match a short text. Large rules are in no set: in
    combination their states multiply.

    Args:
        rules: in the order in which they run.
    """

    def __init__(self, *rules: PatternRule) -> None:
        self._rules = rules
        small = [number for number, rule in enumerate(rules) if rule.compiled.programsize <= _LARGE]
        groups = [small[first : first + _TOGETHER] for first in range(0, len(small), _TOGETHER)]
        self._sets = tuple(_RuleSet({number: rules[number] for number in group}) for group in groups)
        self._alone = tuple(sorted(set(range(len(rules))).difference(small)))

    def __iter__(self) -> Iterator[PatternRule]:
        """Iterate over the rules in order."""
        return iter(self._rules)

    def find(self, view: View, recognizer: str) -> Iterator[Span]:
        """Yield every surface of every rule; after a refused look-alike the search resumes after its first character.

        Rules do not see inside placeholders: ``[DATE]`` before a number does not make it a date.
        """
        folded = _without_placeholders(view.folded)
        data = view.data if folded is view.folded else folded.encode("ascii")
        for number in self._matching(data):
            yield from self._rules[number].find(folded, data, recognizer)

    def _matching(self, data: bytes) -> Sequence[int]:
        if len(data) > _LONG:
            return range(len(self._rules))
        return sorted((*self._alone, *(number for rules in self._sets for number in rules.matching(data))))


class _RuleSet:
    """Return which of its rules match a text, or all of them if undecidable.

    RE2 matches sets with an automaton alone, without fallback. When its memory is full it flushes and continues; if it
    gives up nevertheless, its answer is empty, as for a text without matches. So the first pattern of a set matches
    every text: an answer without it is a failure, and all rules are tried. A set too large for its memory does not
    compile.

    Args:
        rules: by their number in the answer.
    """

    def __init__(self, rules: Mapping[int, PatternRule]) -> None:
        self._numbers = tuple(rules)
        self._set = re2.Set.SearchSet(_options(_SET_MEMORY))
        for pattern in (_ANY_TEXT, *(rule.pattern for rule in rules.values())):
            self._set.Add(pattern.encode("ascii"))
        self._set.Compile()

    def matching(self, data: bytes) -> Sequence[int]:
        """Return the numbers of the matching rules, unordered. PHI."""
        answer = self._set.Match(data) or ()
        if 0 not in answer:
            return self._numbers
        return [self._numbers[place - 1] for place in answer if place]


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
    """Exclude the blanks around a surface."""
    while start < end and folded[start].isspace():
        start += 1
    while end > start and folded[end - 1].isspace():
        end -= 1
    return start, end


def words(*alternatives: str) -> str:
    """Return a non-capturing group of alternatives, longest first; the same order in every process."""
    ordered = sorted(alternatives, key=lambda one: (-len(one), one))
    return "(?:" + "|".join(ordered) + ")"


def _options(memory: int) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = memory
    return options


_RULE_MEMORY: Final = 4 << 20
"""Bytes for the automata of a rule; when full, RE2 restarts or continues without one."""
_SET_MEMORY: Final = 3 << 19
_TOGETHER: Final = 8
"""Rules per set: with more, states multiply; with fewer, calls cost more than scanning."""
_LARGE: Final = 300
"""RE2 program size from which a rule is in no set."""
_LONG: Final = 4_000
"""Text length in characters from which sets are skipped: most rules match, and the search dominates the cost."""
_ANY_TEXT: Final = r"\A"
