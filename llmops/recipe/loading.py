"""Reads a recipe: YAML to a checked `Recipe` with absolute paths, before any record is read."""

import difflib
import os
from dataclasses import replace
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from llmops.audit.anchors.locations import located, refuse_plain_http
from llmops.errors import RecipeError
from llmops.formats import choices
from llmops.keys import (
    AUDIT_KEY_FILE,
    RELEASE_KEY_FILE,
    SOURCE_KEY_FILE,
)
from llmops.recipe.assembly import VAULT_KEY_FILE, engine_of, formats_of, key_folder, load_policies
from llmops.recipe.schema import Recipe
from llmops.validation import KeyPath, Wording, validated
from llmops.vault.guard import refuse_exposed_keys, refuse_open_zone
from llmops.yaml_file import read_yaml


def load_recipe(
    path: Path, *, inputs: tuple[Path, ...] = (), output: Path | None = None, raw_zone: Path | None = None
) -> Recipe:
    """Read and check a recipe before any record is read.

    Args:
        path: the YAML file; relative paths in it are relative to its folder.
        inputs: replace ``input.paths``; relative to the working directory.
        output, raw_zone: replace the recipe's; relative to the working directory.

    Raises:
        RecipeError: one sentence naming the key path and the fix.
    """
    content, _ = read_yaml(path, f"recipe {path}")
    recipe = _located(validated(Recipe, content, what="recipe", wording=_WORDING), path.resolve().parent)
    if inputs:
        recipe = recipe.model_copy(update={"input": recipe.input.model_copy(update={"paths": _absolute(inputs)})})
    zones = {"output": output, "raw_zone": raw_zone}
    recipe = recipe.model_copy(
        update={name: path.expanduser().resolve() for name, path in zones.items() if path is not None}
    )
    _check_format(recipe)
    engine_of(recipe)
    _check_zones(recipe)
    _check_access(recipe)
    load_policies(recipe)
    return recipe


def _nearest(model: type[BaseModel], path: KeyPath) -> str:
    schema = model.model_json_schema()
    known = {key for part in (schema, *schema.get("$defs", {}).values()) for key in part.get("properties", {})}
    near = difflib.get_close_matches(str(path[-1]), known, n=1)
    return f"did you mean {near[0]!r}?" if near else "see 'llmops schema'"


_WORDING: Final = Wording(hint=_nearest, every=True)


def _located(recipe: Recipe, base: Path) -> Recipe:
    """Make every path of the recipe absolute, relative to the recipe's folder."""

    def at(path: Path) -> Path:
        return (base / path).resolve()

    refuse_plain_http((recipe.anchor,) if isinstance(recipe.anchor, str) else recipe.anchor)

    def named(policy: str) -> str:
        return str(at(Path(policy).expanduser())) if policy.endswith((".yaml", ".yml")) else policy

    return recipe.model_copy(
        update={
            "input": recipe.input.model_copy(update={"paths": tuple(at(path) for path in recipe.input.paths)}),
            "output": at(recipe.output),
            "raw_zone": at(recipe.raw_zone),
            "keys": at(recipe.keys) if recipe.keys else None,
            "anchor": located(recipe.anchor, base),
            "vault": recipe.vault.model_copy(update={"approvers": tuple(at(path) for path in recipe.vault.approvers)}),
            "deid": replace(
                recipe.deid,
                policy=named(recipe.deid.policy),
                recognizers=tuple(map(named, recipe.deid.recognizers)),
            ),
            "quality": replace(recipe.quality, policy=named(recipe.quality.policy)),
            "gate": recipe.gate.model_copy(update={"policy": named(recipe.gate.policy)}),
            "evaluation": recipe.evaluation
            and recipe.evaluation.model_copy(update={"suite": named(recipe.evaluation.suite)}),
        }
    )


def _absolute(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    return tuple(Path(os.path.abspath(path)) for path in paths)  # noqa: PTH100 - a link given as input stays a link


def _check_format(recipe: Recipe) -> None:
    name = recipe.input.source.format
    known = choices(formats_of(recipe))
    if name not in known:
        raise RecipeError(f"input.source.format: unknown format {name!r}; one of {', '.join(known)}")


def _check_zones(recipe: Recipe) -> None:
    output, raw = recipe.output, recipe.raw_zone
    if raw == output or raw.is_relative_to(output) or output.is_relative_to(raw):
        raise RecipeError(
            "raw_zone: must not lie inside the output, nor the output inside it (PHI and keys are for those alone who "
            "need them, 164.312(a)(1)); move one of them"
        )
    if recipe.keys is not None and recipe.keys.is_relative_to(output):
        raise RecipeError("keys: must not lie inside the output; move the key folder into the raw zone")
    for position, named in enumerate(recipe.input.paths):
        path = Path(os.path.realpath(named))  # where a link leads; answers also where links go round in a circle
        if any(kept.is_relative_to(path) for kept in (output, raw, key_folder(recipe))):
            raise RecipeError(f"input.paths.{position}: holds the output, the raw zone or the keys; keep them apart")
        if path.is_relative_to(output):
            raise RecipeError(f"input.paths.{position}: lies in the output, no place for PHI; move one of them")


def _check_access(recipe: Recipe) -> None:
    refuse_open_zone(recipe.raw_zone)
    secrets, signing = (SOURCE_KEY_FILE, VAULT_KEY_FILE), (AUDIT_KEY_FILE, RELEASE_KEY_FILE)
    refuse_exposed_keys(key_folder(recipe), secrets=secrets, signing=signing)
