"""Makes of a recipe what a run needs: policies, keys, vault, pipeline, fingerprint; knows every component."""

import hashlib
import os
from dataclasses import asdict, dataclass, field, is_dataclass
from pathlib import Path
from typing import Any, Final, cast

import orjson

from llmops.deid import Policy, PresidioDeidentifier, load_policy
from llmops.engines import LocalEngine, MakeEngine
from llmops.errors import RecipeError
from llmops.evaluation import Suite, load_suite
from llmops.formats import FormatSpec, with_plugins
from llmops.keys import (
    AUDIT_KEY_FILE,
    RELEASE_KEY_FILE,
    SOURCE_KEY_FILE,
    SigningKey,
    load_or_create_secret,
    load_or_create_signing_key,
)
from llmops.minimize import Keep
from llmops.normalize import Normalizer
from llmops.pipeline import Pipeline
from llmops.plugins import Extension, digest, load
from llmops.quality import QualityPolicy, Scorer
from llmops.quality import load_policy as load_quality_policy
from llmops.recipe.schema import Recipe
from llmops.release import GatePolicy, load_gate_policy
from llmops.vault import EnvironmentKey, FileKey, Vault, WrappedKey
from llmops.vault.guard import make_private
from llmops.versions import versions

VAULT_KEY_FILE: Final = "vault.key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """Every policy named in a recipe, loaded and checked."""

    deid: Policy
    quality: QualityPolicy
    gate: GatePolicy
    suite: Suite | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The secrets of a run, made on first use with mode 0600. Never leave the raw zone."""

    source_ids: bytes = field(repr=False)
    vault: bytes = field(repr=False)
    audit: SigningKey
    release: SigningKey


def load_policies(recipe: Recipe) -> Policies:
    """Load the policies a recipe names.

    Raises:
        RecipeError: a policy is missing, malformed or not legal; names its key and the rule.
    """
    gate = load_gate_policy(recipe.gate.policy)
    if recipe.gate.max_withheld_ratio is not None:
        gate = gate.model_copy(update={"max_withheld_ratio": recipe.gate.max_withheld_ratio})
    return Policies(
        deid=load_policy(recipe.deid.policy, determination=recipe.deid.determination),
        quality=load_quality_policy(recipe.quality.policy, recipe.quality.reference_year),
        gate=gate,
        suite=load_suite(recipe.evaluation.suite, recipe.evaluation.assertions) if recipe.evaluation else None,
    )


def missing_keys(recipe: Recipe) -> tuple[str, ...]:
    """Names of the key files that `load_keys` would create."""
    key = vault_key(recipe)
    held = () if isinstance(key, EnvironmentKey) else (key.path.name,)
    names = (SOURCE_KEY_FILE, *held, AUDIT_KEY_FILE, RELEASE_KEY_FILE)
    return tuple(name for name in names if not (key_folder(recipe) / name).exists())


def load_keys(recipe: Recipe) -> Keys:
    """Read the keys of a run, or create them.

    Raises:
        RecipeError: a key cannot be created, is malformed, or others can read it.
    """
    make_private(recipe.raw_zone)
    folder = key_folder(recipe)
    return Keys(
        source_ids=load_or_create_secret(folder / SOURCE_KEY_FILE),
        vault=vault_key(recipe).key(),
        audit=load_or_create_signing_key(folder / AUDIT_KEY_FILE, name="llmops-audit"),
        release=load_or_create_signing_key(folder / RELEASE_KEY_FILE, name="llmops-release"),
    )


def key_folder(recipe: Recipe) -> Path:
    """Folder of a recipe's keys and of the register of permanent withdrawals."""
    return recipe.keys or recipe.raw_zone / "keys"


def vault_file(recipe: Recipe) -> Path:
    """Path of the vault in a recipe's raw zone."""
    return recipe.raw_zone / "vault.sqlite"


def vault_key(recipe: Recipe) -> FileKey | EnvironmentKey | WrappedKey:
    """Source of the vault's key."""
    return recipe.vault.holder(key_folder(recipe) / VAULT_KEY_FILE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedRecipe:
    """A recipe with everything that it names, read once.

    Args:
        recipe: the recipe.
        policies: loaded and checked.
        formats: what is read, plug-ins included.
        fingerprint: digest of everything that decides what comes out of a given input: recipe, policies, plug-ins,
            models, code. Paths, workers and what is done with the release are not part of it.
    """

    recipe: Recipe
    policies: Policies
    formats: tuple[FormatSpec, ...]
    fingerprint: str

    @property
    def policy_ids(self) -> dict[str, str]:
        """``"<name>@<digest>"`` of every policy that decides about documents."""
        return _policy_ids(self.policies)

    @property
    def rule_applied(self) -> dict[str, str]:
        """Name and section of the rule of 45 CFR 164.514 that the de-identification policy is checked against."""
        rule = self.policies.deid.rule
        return {"rule": rule.value, "section": rule.section}


def resolve(recipe: Recipe) -> ResolvedRecipe:
    """Read everything that a recipe names.

    Raises:
        RecipeError: a policy, a plug-in or a file of recognizers cannot be used.
    """
    policies = load_policies(recipe)
    deciding = {"recipe": recipe_digest(recipe), "policies": _policy_ids(policies), "versions": versions()}
    return ResolvedRecipe(recipe=recipe, policies=policies, formats=formats_of(recipe), fingerprint=_digest(deciding))


def open_vault(resolved: ResolvedRecipe, keys: Keys, *, read_only: bool) -> Vault:
    """Open the vault in the recipe's raw zone, for the kind of pseudonym its policy allows."""
    recipe, keyed = resolved.recipe, resolved.policies.deid.pseudonym == "keyed"
    weekday = recipe.vault.keep_weekday
    return Vault.open(vault_file(recipe), keys.vault, read_only=read_only, keyed=keyed, keep_weekday=weekday)


def build_pipeline(resolved: ResolvedRecipe, keys: Keys, vault: Vault) -> Pipeline:
    """Build the pipeline from the components of a recipe."""
    recipe = resolved.recipe
    return Pipeline(
        source=recipe.input.source,
        formats=resolved.formats,
        source_key=keys.source_ids,
        normalizer=Normalizer(recipe.normalize, key=keys.source_ids, formats=resolved.formats),
        keep=Keep(recipe.keep),
        deidentifier=PresidioDeidentifier(recipe.deid, resolved.policies.deid, vault),
        scorer=Scorer(recipe.quality),
        fingerprint=resolved.fingerprint,
    )


def recipe_digest(recipe: Recipe) -> str:
    """SHA-256 (hex) of the parts of a recipe that determine the release."""
    deciding = {name: asdict(getattr(recipe, name)) for name in ("normalize", "keep", "deid", "quality")}
    for name in ("deid", "quality"):
        del deciding[name]["policy"]  # stands for itself, by its digest: where its file lies decides nothing
    deciding["plugins"] = _plugin_digests(recipe)
    deciding["deid"]["recognizers"] = [_recognizer_digest(name) for name in recipe.deid.recognizers]
    deciding["source"] = asdict(recipe.input.source)
    deciding["dates"] = {"keep_weekday": recipe.vault.keep_weekday}
    deciding["shards"] = {name: getattr(recipe.run, name) for name in ("shard_records", "shard_bytes", "record_limit")}
    return _digest(deciding)


def _plugin_digests(recipe: Recipe) -> dict[str, list[str]]:
    added = {Extension.FORMAT: recipe.input.formats, Extension.CHECK: tuple(recipe.quality.checks)}
    return {group.value: [digest(group, name) for name in names] for group, names in added.items()}


def _recognizer_digest(name: str) -> str:
    if not name.endswith((".yaml", ".yml")):
        return digest(Extension.RECOGNIZER, name)
    try:
        return hashlib.sha256(Path(name).read_bytes()).hexdigest()
    except OSError:
        raise RecipeError(f"deid.recognizers: the file {name!r} cannot be read") from None


def formats_of(recipe: Recipe) -> tuple[FormatSpec, ...]:
    """The input formats of a run of the recipe.

    Raises:
        RecipeError: as `llmops.formats.with_plugins`.
    """
    return with_plugins(recipe.input.formats)


def engine_of(recipe: Recipe) -> MakeEngine:
    """Return the factory for the run's engine.

    Raises:
        RecipeError: the plug-in is not installed or cannot be called.
    """
    if recipe.run.engine == "local":
        return LocalEngine
    made = load(Extension.ENGINE, recipe.run.engine)
    if not callable(made):
        raise RecipeError(f"run.engine: plug-in {recipe.run.engine!r} cannot be called")
    return cast("MakeEngine", made)


def default_workers() -> int:
    """One worker per core available to this process."""
    return len(os.sched_getaffinity(0))


def _policy_ids(policies: Policies) -> dict[str, str]:
    return {"deid": policies.deid.policy_id, "quality": policies.quality.policy_id, "gate": policies.gate.policy_id}


def _digest(value: Any) -> str:
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS, default=_plain)).hexdigest()


def _plain(value: object) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return str(value)
