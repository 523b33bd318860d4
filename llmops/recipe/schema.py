"""What a recipe may say: its parts as pydantic models, and their JSON Schema."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from llmops.deid import DeidConfig
from llmops.minimize import KeepConfig
from llmops.normalize import NormalizeConfig, TableColumns
from llmops.quality import QualityConfig
from llmops.retrieval import RetrievalConfig
from llmops.sources import FilesConfig, ShardSize
from llmops.validation import Declared
from llmops.vault import VaultPart

# Pydantic reads this of a plain dataclass: without it an unknown key in the YAML would be ignored.
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
"""A path in a recipe: ``~`` is the caller's home, as in a shell; a variable is refused, not taken for a name."""
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


def recipe_schema() -> dict[str, Any]:
    """The JSON Schema of a recipe."""
    return Recipe.model_json_schema()
