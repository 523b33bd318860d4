"""Assertions that an answer is structured data."""

import json
from functools import cached_property
from typing import Any, Final, Literal

import re2
from pydantic import Field, field_validator

from llmops.evaluation.assertions.result import Answer, AssertionResult, failed, outcome
from llmops.validation import Declared

_FENCE: Final = re2.compile(r"(?s)\A\s*```(?:json)?\s*\n(.*)\n\s*```\s*\z")


class JsonSchema(Declared):
    """The answer is JSON, optionally in a code fence, and valid under a JSON Schema."""

    use: Literal["json_schema"]
    json_schema: dict[str, Any] = Field(alias="schema")

    @field_validator("json_schema")
    @classmethod
    def _is_schema(cls, schema: dict[str, Any]) -> dict[str, Any]:
        import jsonschema  # noqa: PLC0415 - only for suites that use it

        try:
            jsonschema.validators.validator_for(schema).check_schema(schema)
        except jsonschema.SchemaError:
            raise ValueError("not a JSON Schema") from None
        return schema

    @cached_property
    def _validator(self) -> Any:
        import jsonschema  # noqa: PLC0415 - only for suites that use it
        from referencing import Registry  # noqa: PLC0415 - only for suites that use it

        # An empty registry: the default one fetches a remote "$ref" from the network.
        return jsonschema.validators.validator_for(self.json_schema)(self.json_schema, registry=Registry())

    def check(self, answer: Answer) -> AssertionResult:
        """Parse and validate; an unresolvable reference fails."""
        from referencing.exceptions import Unresolvable  # noqa: PLC0415 - only for suites that use it

        fenced = _FENCE.match(answer.prose)
        try:
            value = json.loads(fenced.group(1) if fenced else answer.prose)
        except (ValueError, RecursionError):
            return failed(self.use, "not_json")
        try:
            return outcome(self.use, "schema_violated", holds=self._validator.is_valid(value))
        except (Unresolvable, RecursionError):
            return failed(self.use, "schema_unresolvable")
