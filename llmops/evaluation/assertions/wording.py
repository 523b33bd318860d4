"""Assertions about the wording of an answer."""

from functools import cached_property
from typing import Any, Literal

import re2
from pydantic import Field, field_validator

from llmops.evaluation.assertions.result import Answer, AssertionResult, outcome
from llmops.validation import Declared


class Contains(Declared):
    """The answer contains at least one of these texts; case and spacing are ignored."""

    use: Literal["contains"]
    any_of: tuple[str, ...] = Field(min_length=1)

    def check(self, answer: Answer) -> AssertionResult:
        """Search for each text."""
        folded = _folded(answer.prose)
        return outcome(self.use, "text_missing", holds=any(_folded(text) in folded for text in self.any_of))


class NotContains(Declared):
    """The answer contains none of these texts; case and spacing are ignored."""

    use: Literal["not_contains"]
    none_of: tuple[str, ...] = Field(min_length=1)

    def check(self, answer: Answer) -> AssertionResult:
        """Search for each text, also in the citations."""
        folded = _folded(answer.text)
        return outcome(self.use, "text_present", holds=not any(_folded(text) in folded for text in self.none_of))


class Regex(Declared):
    """The answer matches a pattern somewhere; RE2, for linear time."""

    use: Literal["regex"]
    pattern: str

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re2.compile(pattern)
        except re2.error:
            raise ValueError("not a pattern that RE2 takes (no look-around, no back-reference)") from None
        return pattern

    @cached_property
    def _compiled(self) -> Any:
        return re2.compile(self.pattern)

    def check(self, answer: Answer) -> AssertionResult:
        """Search the answer."""
        return outcome(self.use, "no_match", holds=self._compiled.search(answer.prose) is not None)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
