"""Assertions about a number in an answer."""

import math
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

import re2
from pydantic import Field

from llmops.evaluation.assertions.result import Answer, AssertionResult, failed, passed
from llmops.evaluation.assertions.units import convert
from llmops.validation import Declared

_NUMBER: Final = re2.compile(
    r"[^\w.]([-−]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[-−]?\d+(?:\.\d+)?)"
    r"(?:(?:[ \t]*(?:\|[ \t]*)?|-)"
    r"(%|[°µμ]?[A-Za-z][A-Za-z0-9^*\[\]]*(?:/[A-Za-z0-9.^*\[\]]+)*|x?10[\^*]\d+/[A-Za-z]+|/min))?"
)


class Measure(NamedTuple):
    """A number as written, and the word after it."""

    value: float
    unit: str


class Numeric(Declared):
    """The answer states this number, within a tolerance, in this unit or one that converts to it.

    Args:
        value: expected number.
        tolerance: maximum deviation, in the unit.
        unit: UCUM unit or a usual spelling; without one, the number alone must match.
    """

    use: Literal["numeric"]
    value: float
    tolerance: float = Field(default=0.0, ge=0)
    unit: str = ""

    def check(self, answer: Answer) -> AssertionResult:
        """Compare every number in the answer."""
        found = list(measures(answer.prose))
        if any(self._agrees(measure) for measure in found):
            return passed(self.use)
        if not found:
            return failed(self.use, "no_number")
        same_value = self.unit and any(self._close(measure.value) for measure in found)
        return failed(self.use, "wrong_unit" if same_value else "wrong_value")

    def _agrees(self, measure: Measure) -> bool:
        if not self.unit:
            return self._close(measure.value)
        converted = convert(measure.value, measure.unit, self.unit)
        return converted is not None and self._close(converted)

    def _close(self, value: float) -> bool:
        return math.isclose(value, self.value, rel_tol=1e-9, abs_tol=self.tolerance + 1e-9)


def measures(text: str) -> Iterator[Measure]:
    """Yield every number with its unit, which may be in the next table cell; accepts thousands commas."""
    # A number follows a character that is no part of a word; this blank precedes the first one.
    text = f" {text}"
    position = 0
    while match := _NUMBER.search(text, position):
        number = match.group(1).replace(",", "").replace("−", "-")
        yield Measure(float(number), match.group(2) or "")
        # From the end of the number: the rest may be its unit and the next number's sign at once ("120/80").
        position = match.end(1)
