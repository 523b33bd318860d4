"""An assertion: an answer has no more than so many characters."""

from typing import Literal

from pydantic import Field

from llmops.evaluation.assertions import Answer, AssertionResult
from llmops.validation import Declared


class IsShort(Declared):
    """The answer is short."""

    use: Literal["is_short"]
    most: int = Field(ge=1)

    def check(self, answer: Answer) -> AssertionResult:
        holds = len(answer.text) <= self.most
        return AssertionResult(assertion=self.use, passed=holds, code="ok" if holds else "too_long")
