"""Assertions that a suite can make about an answer; one module per family."""

from typing import Annotated, Final, TypeAlias

from pydantic import Field

from llmops.evaluation.assertions.grounding import Cites, Supported
from llmops.evaluation.assertions.numeric import Numeric
from llmops.evaluation.assertions.result import Answer, Assertion, AssertionResult
from llmops.evaluation.assertions.safety import NoPhi, Refuses, is_refusal
from llmops.evaluation.assertions.structure import JsonSchema
from llmops.evaluation.assertions.wording import Contains, NotContains, Regex

BUNDLED: Final = (Contains, NotContains, Regex, JsonSchema, Numeric, Cites, Supported, NoPhi, Refuses)
AnyAssertion: TypeAlias = Annotated[
    Contains | NotContains | Regex | JsonSchema | Numeric | Cites | Supported | NoPhi | Refuses,
    Field(discriminator="use"),
]

__all__ = [
    "BUNDLED",
    "Answer",
    "AnyAssertion",
    "Assertion",
    "AssertionResult",
    "Cites",
    "Contains",
    "JsonSchema",
    "NoPhi",
    "NotContains",
    "Numeric",
    "Refuses",
    "Regex",
    "Supported",
    "is_refusal",
]
