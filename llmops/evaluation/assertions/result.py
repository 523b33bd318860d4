"""Input and result of an assertion."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from llmops.evaluation.prompt import Passage, without_citations
from llmops.stage import PhiScanner


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A model's answer with its prompt's passages.

    Args:
        text: the answer, unmodified.
        context: the passages in the prompt.
        scanner: detects PHI; ``None`` where none was injected.
    """

    text: str = field(repr=False)
    context: Sequence[Passage] = field(repr=False)
    scanner: PhiScanner | None = None

    @property
    def prose(self) -> str:
        """The answer without citations of its context."""
        return without_citations(self.text, self.context)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionResult:
    """Result of one assertion.

    Args:
        assertion: its ``use`` tag.
        passed: whether it holds.
        code: reason for a failure, from a closed list; ``"ok"`` for a pass.
    """

    assertion: str
    passed: bool
    code: str


class Assertion(Protocol):
    """A condition that an answer must meet."""

    def check(self, answer: Answer) -> AssertionResult:
        """Check an answer; deterministic."""
        ...


def passed(use: str) -> AssertionResult:
    """Build a passed result."""
    return AssertionResult(assertion=use, passed=True, code="ok")


def failed(use: str, code: str) -> AssertionResult:
    """Build a failed result with its code."""
    return AssertionResult(assertion=use, passed=False, code=code)


def outcome(use: str, code: str, *, holds: bool) -> AssertionResult:
    """Build a passed result if ``holds``, else a failed one with ``code``."""
    return passed(use) if holds else failed(use, code)
