"""What an assertion is asked about and what it says."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from llmops.evaluation.prompt import Passage, without_citations
from llmops.stage import PhiScanner


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A model's answer and what it was given.

    Args:
        text: the answer as it came.
        context: the passages that stood in the prompt.
        scanner: looks for PHI; ``None`` where nobody injected one.
    """

    text: str = field(repr=False)
    context: Sequence[Passage] = field(repr=False)
    scanner: PhiScanner | None = None

    @property
    def prose(self) -> str:
        """The answer without the citations of its context."""
        return without_citations(self.text, self.context)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionResult:
    """What one assertion found.

    Args:
        assertion: its ``use`` tag.
        passed: whether it holds.
        code: why not, from a closed list of words; ``"ok"`` where it holds.
    """

    assertion: str
    passed: bool
    code: str


class Assertion(Protocol):
    """One thing that must be true of an answer."""

    def check(self, answer: Answer) -> AssertionResult:
        """Judge an answer; the same answer always gets the same outcome."""
        ...


def passed(use: str) -> AssertionResult:
    """The assertion holds."""
    return AssertionResult(assertion=use, passed=True, code="ok")


def failed(use: str, code: str) -> AssertionResult:
    """The assertion does not hold, and why."""
    return AssertionResult(assertion=use, passed=False, code=code)


def outcome(use: str, code: str, *, holds: bool) -> AssertionResult:
    """Passed where ``holds``, else failed for ``code``."""
    return passed(use) if holds else failed(use, code)
