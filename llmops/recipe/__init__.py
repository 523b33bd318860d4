"""YAML -> Recipe -> Pipeline; the only package that knows every component."""

from llmops.recipe.assembly import (
    VAULT_KEY_FILE,
    Keys,
    Policies,
    ResolvedRecipe,
    build_pipeline,
    default_workers,
    engine_of,
    formats_of,
    key_folder,
    load_keys,
    load_policies,
    missing_keys,
    open_vault,
    recipe_digest,
    resolve,
    vault_file,
    vault_key,
)
from llmops.recipe.loading import (
    load_recipe,
)
from llmops.recipe.schema import (
    Recipe,
    recipe_schema,
)

__all__ = [
    "VAULT_KEY_FILE",
    "Keys",
    "Policies",
    "Recipe",
    "ResolvedRecipe",
    "build_pipeline",
    "default_workers",
    "engine_of",
    "formats_of",
    "key_folder",
    "load_keys",
    "load_policies",
    "load_recipe",
    "missing_keys",
    "open_vault",
    "recipe_digest",
    "recipe_schema",
    "resolve",
    "vault_file",
    "vault_key",
]
