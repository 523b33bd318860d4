"""YAML -> Recipe -> Pipeline; the only module that knows every component.

A new component is one file in its package, one member of a union here, and one golden case.
"""

import difflib
import hashlib
import os
import re
from dataclasses import asdict, dataclass, field, is_dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal, cast

import orjson
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from llmops.audit.anchors.locations import located, refuse_plain_http
from llmops.deid import DeidConfig, Policy, PresidioDeidentifier, load_policy
from llmops.engines import LocalEngine, MakeEngine
from llmops.errors import RecipeError
from llmops.evaluation import Suite, load_suite
from llmops.formats import FormatSpec, choices, with_plugins
from llmops.keys import (
    AUDIT_KEY_FILE,
    RELEASE_KEY_FILE,
    SOURCE_KEY_FILE,
    SigningKey,
    load_or_create_secret,
    load_or_create_signing_key,
)
from llmops.minimize import Keep, KeepConfig
from llmops.normalize import NormalizeConfig, Normalizer, TableColumns
from llmops.pipeline import Pipeline
from llmops.plugins import Extension, digest, load
from llmops.quality import QualityConfig, QualityPolicy, Scorer
from llmops.quality import load_policy as load_quality_policy
from llmops.release import GatePolicy, load_gate_policy
from llmops.retrieval import RetrievalConfig
from llmops.sources import FilesConfig, ShardSize
from llmops.validation import Declared, KeyPath, Wording, validated
from llmops.vault import EnvironmentKey, FileKey, Vault, VaultPart, WrappedKey
from llmops.vault.guard import make_private, refuse_exposed_keys, refuse_open_zone
from llmops.versions import versions
from llmops.yaml_file import read_yaml

VAULT_KEY_FILE: Final = "vault.key"

# Read by Pydantic from a plain dataclass: otherwise an unknown key in the YAML would be ignored.
for _component in (FilesConfig, NormalizeConfig, TableColumns, KeepConfig, DeidConfig, QualityConfig, RetrievalConfig):
    setattr(_component, "__pydantic_config__", ConfigDict(extra="forbid", strict=True))  # noqa: B010 - not in its type


def _written_out(path: Path) -> Path:
    if re.search(r"\$[A-Za-z_{]", str(path)):
        raise PydanticCustomError("place", "$NAME is not looked up in a path; write it out")
    try:
        return path.expanduser()
    except RuntimeError:
        raise PydanticCustomError("place", "this machine has no such user behind ~; write the path out") from None


Place = Annotated[Path, AfterValidator(_written_out)]
"""A path in a recipe: ``~`` is the caller's home, as in a shell; variables are refused."""
Version = Annotated[Literal[1], BeforeValidator(lambda value: value if type(value) is int else str(value))]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]


class InputPart(Declared):
    """Input to read. Paths are relative to the recipe; ``--input`` replaces them."""

    paths: tuple[Place, ...] = ()
    formats: tuple[str, ...] = Field(default=(), description="formats that installed packages add, by name")
    source: FilesConfig = FilesConfig()


class GatePart(Declared):
    """Minimum requirements for the release of a document."""

    policy: str = Field(default="default", description="a bundled gate policy or the path of a YAML file")
    max_withheld_ratio: float | None = Field(
        default=None, ge=0, le=1, description="withheld / read above which the run exits 1; replaces the policy's"
    )


class EvaluationPart(Declared):
    """The suite to run on the release."""

    assertions: tuple[str, ...] = Field(default=(), description="assertions that installed packages add, by name")
    suite: str = Field(description="a bundled suite or the path of a YAML file")
    model: str = Field(default="extractive", description="'extractive', or 'provider:model' for init_chat_model")
    timeout_s: float = Field(default=120, gt=0, description="seconds that one call of a model outside may take")
    concurrency: int = Field(default=4, ge=1, le=64, description="prompts that a model outside gets at a time")


class RunPart(Declared):
    """Execution settings."""

    engine: str = Field(default="local", description="'local', or an engine that an installed package adds")
    workers: int | None = Field(default=None, ge=1, le=256, description="worker processes; one per core by default")
    shard_records: int = Field(default=1000, ge=1, description="most records in one shard, about 20 s of work")
    shard_bytes: int = Field(default=2 * 2**20, ge=1, description="about how many bytes of input go into one shard")
    record_deadline_s: float = Field(
        default=600.0, gt=0, description="longest time one record may take; one that takes longer is withheld alone"
    )
    record_limit: int | None = Field(default=None, ge=1, description="read only the first N records: for a trial")
    keep_work: bool = Field(default=False, description="keep the shards in the raw zone after publishing")

    @property
    def shard_size(self) -> ShardSize:
        """Maximum content of one shard."""
        return ShardSize(records=self.shard_records, bytes=self.shard_bytes)


class Recipe(Declared):
    """One run: input, minimum necessary, policies, and use of the release."""

    recipe: Version = Field(description="version of this format")
    name: Slug
    description: str = ""
    purpose: str = Field(default="", description="why the data is needed; goes into the dataset card")
    input: InputPart = InputPart()
    output: Place = Field(description="the released zone: release/, audit/, report.html, summary.json")
    raw_zone: Place = Field(description="vault, keys and work files; must not lie inside the output, nor the reverse")
    keys: Place | None = Field(default=None, description="key folder; default: keys/ in the raw zone")
    vault: VaultPart = VaultPart()
    anchor: str | tuple[str, ...] = Field(default=(), description="places for the log's checkpoints; default: raw zone")
    normalize: NormalizeConfig = NormalizeConfig()
    keep: KeepConfig = KeepConfig()
    deid: DeidConfig = DeidConfig()
    quality: QualityConfig = QualityConfig()
    gate: GatePart = GatePart()
    retrieval: RetrievalConfig | None = None
    evaluation: EvaluationPart | None = None
    run: RunPart = RunPart()


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


def open_vault(recipe: Recipe, keys: Keys, *, read_only: bool) -> Vault:
    """Open the vault in the recipe's raw zone, for the kind of pseudonym its policy allows."""
    keyed = load_policies(recipe).deid.pseudonym == "keyed"
    weekday = recipe.vault.keep_weekday
    return Vault.open(vault_file(recipe), keys.vault, read_only=read_only, keyed=keyed, keep_weekday=weekday)


def build_pipeline(recipe: Recipe, keys: Keys, vault: Vault) -> Pipeline:
    """Build the pipeline from the components of a recipe."""
    policies = load_policies(recipe)
    return Pipeline(
        source=recipe.input.source,
        formats=formats_of(recipe),
        source_key=keys.source_ids,
        normalizer=Normalizer(recipe.normalize, key=keys.source_ids, formats=formats_of(recipe)),
        keep=Keep(recipe.keep),
        deidentifier=PresidioDeidentifier(recipe.deid, policies.deid, vault),
        scorer=Scorer(recipe.quality),
        fingerprint=fingerprint(recipe),
    )


def fingerprint(recipe: Recipe) -> str:
    """Digest of everything that determines the output for a given input: recipe, policies, models, code.

    File locations, the number of workers and the use of the release are excluded.
    """
    return _digest({"recipe": recipe_digest(recipe), "policies": policy_ids(recipe), "versions": versions()})


def recipe_digest(recipe: Recipe) -> str:
    """SHA-256 (hex) of the parts of a recipe that determine the release."""
    deciding = {name: asdict(getattr(recipe, name)) for name in ("normalize", "keep", "deid", "quality")}
    for name in ("deid", "quality"):
        del deciding[name]["policy"]  # covered by the policy's digest; its path decides nothing
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


def policy_ids(recipe: Recipe) -> dict[str, str]:
    """``"<name>@<digest>"`` of every policy that decides on documents."""
    policies = load_policies(recipe)
    return {"deid": policies.deid.policy_id, "quality": policies.quality.policy_id, "gate": policies.gate.policy_id}


def rule_applied(recipe: Recipe) -> dict[str, str]:
    """Name and section of the 45 CFR 164.514 rule that the de-identification policy is checked against."""
    rule = load_policies(recipe).deid.rule
    return {"rule": rule.value, "section": rule.section}


def recipe_schema() -> dict[str, Any]:
    """The JSON Schema of a recipe."""
    return Recipe.model_json_schema()


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


def _digest(value: Any) -> str:
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS, default=_plain)).hexdigest()


def _plain(value: object) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return str(value)


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
        path = Path(os.path.realpath(named))  # the target of a link; also defined for link loops
        if any(kept.is_relative_to(path) for kept in (output, raw, key_folder(recipe))):
            raise RecipeError(f"input.paths.{position}: holds the output, the raw zone or the keys; keep them apart")
        if path.is_relative_to(output):
            raise RecipeError(f"input.paths.{position}: lies in the output, no place for PHI; move one of them")


def _check_access(recipe: Recipe) -> None:
    refuse_open_zone(recipe.raw_zone)
    secrets, signing = (SOURCE_KEY_FILE, VAULT_KEY_FILE), (AUDIT_KEY_FILE, RELEASE_KEY_FILE)
    refuse_exposed_keys(key_folder(recipe), secrets=secrets, signing=signing)
