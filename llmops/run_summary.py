"""What a run says of itself: the types of ``summary.json``, its JSON Schema and its reader.

Whatever shows or compares runs reads this and nothing else. It holds ids, codes and counts, and the questions of the
suite; no text of a record, and no answer. Any change of a field raises `SCHEMA`.
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args

import orjson
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from llmops.errors import RecipeError
from llmops.plain_files import read_file

Schema: TypeAlias = Literal[1]
SCHEMA: Final = get_args(Schema)[0]
Count: TypeAlias = Annotated[int, Field(ge=0)]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Status: TypeAlias = Literal[
    "scored",
    "finished",
    "evaluation_failed",
    "model_unreachable",
    "limit_exceeded",
    "documents_failed",
    "shards_failed",
    "nothing_released",
    "audit_failed",
]
# The docstring of a field becomes its description in the JSON Schema.
_CONFIG: Final = ConfigDict(
    extra="forbid", use_attribute_docstrings=True, json_schema_serialization_defaults_required=True
)


@dataclass(frozen=True, kw_only=True, slots=True, config=_CONFIG)
class RunFacts:
    """Which run it was, how it ended and what it took."""

    id: str
    """Id of the run; stays the same where the run is started again."""
    recipe: str
    """Name of the recipe."""
    description: str
    """Description in the recipe."""
    status: Status = "scored"
    """How it ended; ``scored`` before the release is indexed, evaluated and its log verified."""
    why: str = ""
    """One sentence on why the run is no success; empty where it is one."""
    started: str = ""
    """When the last start began, as ``YYYY-MM-DD HH:MM:SS UTC``; empty while ``scored``."""
    wall_s: Annotated[float, Field(ge=0)] = 0.0
    """Wall time of the last start, in seconds."""
    workers: Count = 0
    """Worker processes of the last start."""
    starts: Count = 0
    """How often the run was started."""


@dataclass(frozen=True, kw_only=True, slots=True, config=_CONFIG)
class DocumentCounts:
    """What became of the input; ``read`` is always ``released`` plus ``withheld``."""

    records: Count
    """Records of the input."""
    read: Count
    """Documents read out of the records, and records that gave none: what must be answered for."""
    released: Count
    """Documents in the release."""
    withheld: Count
    """Documents and records kept back."""


@dataclass(frozen=True, kw_only=True, slots=True, config=_CONFIG)
class WithheldCounts:
    """Why and where documents and records were kept back; both sum up to ``counts.withheld``."""

    by_reason: Mapping[str, Count]
    """Number withheld for each reason code, the most frequent first."""
    by_stage: Mapping[str, Count]
    """Number withheld in each stage."""


@dataclass(frozen=True, kw_only=True, slots=True, config=_CONFIG)
class FindingCounts:
    """Identifiers found in the released documents, before they were removed."""

    total: Count
    """Number of findings."""
    by_identifier: Mapping[str, Count]
    """Number of findings for each identifier of 45 CFR 164.514(b)(2), the most frequent first."""


@dataclass(frozen=True, kw_only=True, slots=True, config=_CONFIG)
class QualityFigures:
    """The scorecard of the released documents; scores go from 0 to 1, 1 is best."""

    mean: Share
    """Mean score; 0 where nothing was released."""
    dimensions: Mapping[str, Share]
    """Mean score of each dimension."""
    histogram: tuple[Count, ...]
    """Number of documents in each tenth of the score, the lowest first."""
    rules: Mapping[str, Count]
    """Number of findings of each rule, for the rules that touch most documents."""


@dataclass(frozen=True, kw_only=True, slots=True, config=_CONFIG)
class ResidualRisk:
    """Estimates, from 0 to 1, that an identifier is left in a released document."""

    max: Share
    """The largest estimate."""
    mean: Share
    """The mean estimate."""


@dataclass(frozen=True, kw_only=True, slots=True, config=_CONFIG)
class GateVerdict:
    """One check of the gate on the run as a whole."""

    name: str
    """Name of the check."""
    limit: int | float  # a count stays a whole number
    """The bound that the recipe sets."""
    observed: int | float
    """What the run came to, in the unit of ``limit``: documents, or a share from 0 to 1."""
    passed: bool
    """Whether it keeps to the limit."""


@dataclass(frozen=True, kw_only=True, slots=True, config=_CONFIG)
class PolicyIds:
    """The policies that decided about documents, each as ``<name>@<digest>``."""

    deid: str
    """De-identification."""
    quality: str
    """Quality scores."""
    gate: str
    """What may be released."""


@dataclass(frozen=True, kw_only=True, slots=True, config=_CONFIG)
class StageCost:
    """The cost of one stage, summed over shards and processes."""

    name: str
    """Name of the stage."""
    records: Count
    """Items that the stage was given: records or documents, events, cases."""
    bytes: Count
    """Bytes that the stage was given, in whole blocks of 4,096; 0 where they are not counted."""
    cpu_s: Annotated[float, Field(ge=0)]
    """CPU time, in seconds."""
    wall_s: Annotated[float, Field(ge=0)]
    """Wall time, in seconds; of processes at work at a time, the sum."""
    peak_bytes: Count
    """Largest resident memory of any process that ran the stage, in bytes."""


@dataclass(frozen=True, kw_only=True, slots=True, config=_CONFIG)
class FailedShard:
    """A shard that could not be done; all of it is withheld."""

    shard: str
    """Id of the shard."""
    failure: str
    """Code of what went wrong."""
    detail: str
    """Where it went wrong, as types and codes; may be empty."""


@dataclass(frozen=True, kw_only=True, slots=True, config=_CONFIG)
class ShardCounts:
    """How far the shards of a run came."""

    planned: Count
    """Shards of the input."""
    done: Count
    """Shards that were done, ``skipped`` included."""
    skipped: Count = 0
    """Shards that an earlier start of the run had done."""
    failed: tuple[FailedShard, ...] = ()
    """Shards that could not be done."""


@dataclass(frozen=True, kw_only=True, slots=True, config=_CONFIG)
class PublishedRelease:
    """The release that the run published."""

    id: str
    """Id of the release."""
    documents: Count
    """Documents in it that stand."""
    key: str
    """Fingerprint of the key that signed it."""


@dataclass(frozen=True, kw_only=True, slots=True, config=_CONFIG)
class CaseOutcome:
    """One case of the evaluation, without its answer: an answer quotes the release and must not outlive it."""

    id: str
    """Id of the case."""
    question: str
    """What was asked, as the suite says."""
    outcome: str
    """``ok`` where it was answered, ``phi_in_answer`` where the answer was held back, else the code of why not."""
    passed: bool
    """Whether it was answered and every assertion holds."""
    failed: tuple[str, ...]
    """The assertions that do not hold, or the code of why it was not answered."""
    citations: tuple[str, ...]
    """Ids of the passages that the answer cites; the first few."""


@dataclass(frozen=True, kw_only=True, slots=True, config=_CONFIG)
class EvaluationFacts:
    """What the prompt evaluation of the release came to."""

    suite: str
    """Name of the suite."""
    model: str
    """Name of the model."""
    passed: Count
    """Cases that passed."""
    cases: Count
    """Cases that were asked."""
    cost: float | None
    """Cost of all cases in the currency of the suite; null without prices."""
    results: tuple[CaseOutcome, ...]
    """The cases, in the order of the suite."""


@dataclass(frozen=True, kw_only=True, slots=True, config=_CONFIG)
class AuditFacts:
    """What verification said of the audit log when the run was over."""

    status: str
    """``intact``, ``warnings``, ``tampered`` or ``cannot_verify``."""
    exit_code: Count
    """Exit code that ``llmops audit verify`` would give: 0, 1 for warnings, more for what is wrong."""
    events: Count
    """Events in the log."""
    refused: tuple[str, ...]
    """Streams in the folder of the log that no run and no reader wrote; they are not sealed."""


@dataclass(frozen=True, kw_only=True, slots=True, config=_CONFIG)
class RunSummary:
    """The content of ``summary.json``.

    The report inside a release is made before the run is over: there ``run.status`` is ``scored``, and what comes later
    (costs, release, evaluation, audit, environment) is empty or null.
    """

    schema: Schema = SCHEMA
    """Version of this format; any change of a field raises it."""
    run: RunFacts
    """Id, recipe, end and costs of the run."""
    counts: DocumentCounts
    """What became of the input."""
    withheld: WithheldCounts
    """Why and where documents and records were kept back."""
    findings: FindingCounts
    """Identifiers found in the released documents."""
    kinds: Mapping[str, Count]
    """Released documents of each kind, the most frequent first."""
    quality: QualityFigures
    """The scorecard of the released documents."""
    residual_risk: ResidualRisk
    """Estimates that an identifier is left in released documents."""
    verdicts: tuple[GateVerdict, ...]
    """The checks of the gate on the run as a whole."""
    policies: PolicyIds
    """The policies that decided about documents."""
    rule: str
    """Rule of 45 CFR 164.514 that the de-identification policy is checked against."""
    section: str
    """Section of that rule."""
    dropped: Mapping[str, Count]
    """How often something was left out as not necessary, or read elsewhere, by rule; the most frequent first."""
    stages: tuple[StageCost, ...]
    """The cost of each stage, in the order of the run."""
    shards: ShardCounts
    """How far the shards came."""
    release: PublishedRelease | None
    """The release; null where nothing was released."""
    evaluation: EvaluationFacts | None
    """What the evaluation came to; null where none was run."""
    evaluation_error: str
    """Why the evaluation's model could not be reached; empty otherwise."""
    audit: AuditFacts | None
    """What verification said of the audit log."""
    environment: Mapping[str, str]
    """Versions and machine behind the figures, in words."""

    def to_json(self) -> bytes:
        """As indented JSON, fields in their order, one line end at the end."""
        return orjson.dumps(self, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def summary_schema() -> dict[str, Any]:
    """The JSON Schema of ``summary.json``."""
    return TypeAdapter(RunSummary).json_schema(mode="serialization")


def read_summary(path: Path) -> RunSummary:
    """Read the ``summary.json`` of a run.

    Raises:
        RecipeError: it cannot be read, is of another version of the format, or is no summary.
    """
    try:
        data = read_file(path)
        stated = orjson.loads(data)
    except (OSError, orjson.JSONDecodeError):
        raise RecipeError("run summary: cannot be read; give the summary.json of a run") from None
    _refuse_other_versions(stated)
    try:
        return TypeAdapter(RunSummary).validate_json(data, strict=True)
    except ValidationError:
        raise RecipeError("run summary: not as its schema says; see 'llmops schema summary'") from None


def _refuse_other_versions(stated: object) -> None:
    version = stated.get("schema") if isinstance(stated, dict) else None
    known = type(version) is int  # which True is not
    if known and version == SCHEMA:
        return
    said = f"is of schema {version}" if known else "states no schema"
    raise RecipeError(f"run summary: {said}, and this version of llmops reads schema {SCHEMA} only; run it again")
