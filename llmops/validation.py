"""Validate YAML content against a model; error messages name the wrong key, never its value."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, TypeAlias, TypeVar, get_args

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, GetCoreSchemaHandler, ValidationError
from pydantic_core import ErrorDetails, core_schema

from llmops.errors import RecipeError

Model = TypeVar("Model", bound=BaseModel)
KeyPath: TypeAlias = tuple[str | int, ...]

READ_ONLY: Final = AfterValidator(MappingProxyType)
"""Makes a mapping of a frozen model immutable, too."""

_UNKNOWN: Final = frozenset({"extra_forbidden", "unexpected_keyword_argument"})
_MISSING: Final = frozenset({"missing", "missing_argument", "missing_keyword_only_argument"})
_NO_MAPPING: Final = frozenset({"model_type", "dataclass_type", "dict_type"})
_NO_LIST: Final = frozenset({"tuple_type", "list_type", "frozen_set_type"})
_KEY: Final = "[key]"
"""Suffix of pydantic after the key of an invalid mapping."""


class Declared(BaseModel):
    """Base of YAML models: no unknown keys, no type coercion, immutable."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


@dataclass(frozen=True, slots=True)
class Must:
    """Replaces pydantic's message by "must ``what``" if the annotations before it refuse a value."""

    what: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Return the same schema with this message."""
        message = f"must {self.what}"
        return core_schema.custom_error_schema(handler(source), "must", custom_error_message=message)


def known_keys(model: type[BaseModel], path: KeyPath) -> str:
    """List the keys that are valid in place of the last of ``path``; for models that hold only models."""
    found: Any = model
    for step in path[:-1]:
        if isinstance(step, str):
            annotation = found.model_fields[step].annotation
            found = next(kind for kind in (annotation, *get_args(annotation)) if hasattr(kind, "model_fields"))
    return "known: " + ", ".join(found.model_fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """Error wording for one kind of file.

    Args:
        key, item: format of a key and of a list position after the path to them.
        unknown: message for an unknown key, from ``path`` and ``hint``.
        missing: message for a missing key, from ``path``.
        wrong: message for any other error, from ``path`` and ``problem``.
        hint: returns the hint for the path of an unknown key; for a key of a mapping it is always the known keys.
        every: whether to report every error, or the first and the number of others.
    """

    key: str = ".{}"
    item: str = ".{}"
    unknown: str = "{path}: unknown key; {hint}"
    missing: str = "{path}: missing; add it"
    wrong: str = "{path}: {problem}"
    hint: Callable[[type[BaseModel], KeyPath], str] = known_keys
    every: bool = False


def validated(model: type[Model], content: object, *, what: str, wording: Wording) -> Model:
    """Validate YAML content and return the model.

    Args:
        model: the model of the file.
        content: content from `read_yaml`.
        what: name of the file in errors.
        wording: error wording; an unknown key comes first, since it explains the missing one.

    Raises:
        RecipeError: the content is not valid; names the key path and the fix, never a value.
    """
    try:
        # Via JSON: strict about types, but a list is accepted for a tuple and a string for a path.
        return model.model_validate_json(orjson.dumps(content, default=str))
    except orjson.JSONEncodeError:
        raise RecipeError(f"{what}: keys must be text, and numbers fit 64 bits") from None
    except ValidationError as error:
        sentences = _sentences(error, model, wording)
    more = f" (and {len(sentences) - 1} more)" if len(sentences) > 1 else ""
    raise RecipeError(f"{what}: " + ("; ".join(sentences) if wording.every else sentences[0] + more))


def _sentences(error: ValidationError, model: type[BaseModel], wording: Wording) -> list[str]:
    problems = [_problem(details, model, wording) for details in error.errors(include_url=False, include_input=False)]
    return [sentence for _, sentence in sorted(problems, key=lambda problem: problem[0])]


def _problem(details: ErrorDetails, model: type[BaseModel], wording: Wording) -> tuple[int, str]:
    """Return rank and message of one error."""
    kind, steps, context = details["type"], details["loc"], details.get("ctx", {})
    if steps[-1:] == (_KEY,) and "expected" in context:
        hint = "known: " + ", ".join(re.findall("'([^']*)'", context["expected"]))
        return 0, wording.unknown.format(path=_written(steps[:-1], wording), hint=hint)
    path = _written(steps, wording)
    if kind in _UNKNOWN:
        return 0, wording.unknown.format(path=path, hint=wording.hint(model, steps))
    if kind in _MISSING:
        return 1, wording.missing.format(path=path)
    return 2, wording.wrong.format(path=path, problem=_plain(kind, details["msg"], context))


def _written(steps: KeyPath, wording: Wording) -> str:
    if not steps:
        return "top level"
    rest = ((wording.item if isinstance(step, int) else wording.key).format(step) for step in steps[1:])
    return f"{steps[0]}{''.join(rest)}"


def _plain(kind: str, message: str, context: Mapping[str, Any]) -> str:
    if kind == "union_tag_invalid":  # pydantic's own text repeats the tag
        return f"{context['discriminator']} must be one of {context['expected_tags']}"
    if kind == "union_tag_not_found":
        return f"{context['discriminator']} is missing"
    if kind in _NO_MAPPING:
        return "must be a mapping of keys to values"
    if kind in _NO_LIST:
        return "must be a list"
    message = message.removeprefix("Value error, ")
    return message[0].lower() + message[1:]
