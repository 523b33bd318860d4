"""Checks what people write in YAML against its model, and says in a sentence which key is wrong, never its value."""

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
"""Makes a table of a frozen model one that cannot be changed either."""

_UNKNOWN: Final = frozenset({"extra_forbidden", "unexpected_keyword_argument"})
_MISSING: Final = frozenset({"missing", "missing_argument", "missing_keyword_only_argument"})
_NO_MAPPING: Final = frozenset({"model_type", "dataclass_type", "dict_type"})
_NO_LIST: Final = frozenset({"tuple_type", "list_type", "frozen_set_type"})
_KEY: Final = "[key]"
"""What pydantic puts behind a key of a table that is itself wrong."""


class Declared(BaseModel):
    """What a YAML file says: no unknown key, no type guessed, nothing changed later."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


@dataclass(frozen=True, slots=True)
class Must:
    """Says "must ``what``" in place of pydantic's own words when the annotations before it refuse a value."""

    what: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Give pydantic the same check with this message."""
        message = f"must {self.what}"
        return core_schema.custom_error_schema(handler(source), "must", custom_error_message=message)


def known_keys(model: type[BaseModel], path: KeyPath) -> str:
    """List the keys that may stand where the last of ``path`` does; for models that hold only models."""
    found: Any = model
    for step in path[:-1]:
        if isinstance(step, str):
            annotation = found.model_fields[step].annotation
            found = next(kind for kind in (annotation, *get_args(annotation)) if hasattr(kind, "model_fields"))
    return "known: " + ", ".join(found.model_fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """How the mistakes in one kind of file are told.

    Args:
        key, item: what a key and a place in a list look like behind the path that leads to them.
        unknown: the sentence on an unknown key, of ``path`` and ``hint``.
        missing: the sentence on a missing key, of ``path``.
        wrong: the sentence on any other mistake, of ``path`` and ``problem``.
        hint: gives the hint for the path of an unknown key; for a key of a table it is always the keys known.
        every: whether every mistake is told, or the first and how many more there are.
    """

    key: str = ".{}"
    item: str = ".{}"
    unknown: str = "{path}: unknown key; {hint}"
    missing: str = "{path}: missing; add it"
    wrong: str = "{path}: {problem}"
    hint: Callable[[type[BaseModel], KeyPath], str] = known_keys
    every: bool = False


def validated(model: type[Model], content: object, *, what: str, wording: Wording) -> Model:
    """Make a model of what a YAML file says.

    Args:
        model: what the file may say.
        content: as `read_yaml` gives it.
        what: how errors call the file.
        wording: how they tell what is wrong; an unknown key comes first, for it explains the missing one.

    Raises:
        RecipeError: it says something else; names the key path and the fix, never a value.
    """
    try:
        # By way of JSON: strict about types, yet a list may stand for a tuple and a string for a path.
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
    """Rank and sentence of one mistake."""
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
