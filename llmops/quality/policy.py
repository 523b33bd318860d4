"""Quality policy: weights, limits and tables, read from YAML and checked before any record is read."""

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import AfterValidator, Field

from llmops.configs import config_file
from llmops.documents import Kind
from llmops.errors import RecipeError
from llmops.validation import READ_ONLY, Declared, Must, Wording, validated
from llmops.yaml_file import read_yaml

Dimension: TypeAlias = Literal[
    "completeness", "conformance", "plausibility", "residual_risk", "text_health", "uniqueness"
]
CappedRule: TypeAlias = Literal[
    "empty", "placeholder_only", "cut_off", "ends_mid_sentence", "very_short",
    "implausible_value", "pressure_reversed", "impossible_age", "future_date", "gibberish", "residual_risk",
]  # fmt: skip
ExpectedPart: TypeAlias = Literal["title", "time", "subject", "sections"]
Units: TypeAlias = Mapping[str, tuple[float, float]]


def _by_unit(units: Units) -> Units:
    if not all(low <= high for low, high in units.values()):
        raise ValueError("lowest above highest")
    return MappingProxyType({unit.casefold(): limits for unit, limits in units.items()})


_Text: TypeAlias = Annotated[str, Field(min_length=1), Must("be a text")]
_Texts: TypeAlias = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Must("be a list of texts")]
_Parts: TypeAlias = Annotated[tuple[ExpectedPart, ...], Must("list only title, time, subject, sections")]
_Whole: TypeAlias = Annotated[int, Field(ge=0), Must("be a whole number that is not negative")]
_Weight: TypeAlias = Annotated[float, Field(ge=0), Must("be a number that is not negative")]
_Share: TypeAlias = Annotated[float, Field(ge=0, le=1), Must("lie between 0 and 1")]
_Units: TypeAlias = Annotated[
    Mapping[Annotated[str, Field(min_length=1)], tuple[float, float]],
    Field(min_length=1),
    AfterValidator(_by_unit),
    Must("map each unit to [lowest, highest]"),
]
_WORDING: Final = Wording(
    key=": {}",
    item="[{}]",
    unknown="{path} is no key of a quality policy; {hint}",
    missing="{path} is missing",
    wrong="{path} {problem}",
)


class Measure(Declared):
    """A measured quantity and its possible values in a living person.

    Args:
        terms: lower-case words that precede it in text.
        codes: its ``system|code`` in fields.
        units: lowest and highest value by unit; units are compared case-insensitively.
    """

    name: _Text
    terms: Annotated[_Texts, AfterValidator(lambda terms: tuple(term.lower() for term in terms))]
    codes: Annotated[frozenset[Annotated[str, Field(min_length=1)]], Must("be a list of texts")]
    units: _Units


class Completeness(Declared):
    """Minimum length and expected parts of a document, by kind."""

    min_words: Annotated[Mapping[Kind, _Whole], READ_ONLY]
    expected: Annotated[Mapping[Kind, _Parts], READ_ONLY]


class Plausibility(Declared):
    """Limits of what is possible in a living person."""

    max_age_years: _Whole
    measures: tuple[Measure, ...] = Field(repr=False)


class TextHealth(Declared):
    """Limit on odd words in a text."""

    gibberish_share: _Share


class ResidualRisk(Declared):
    """Limit on placeholders in a text."""

    placeholder_share: _Share


class QualityRules(Declared):
    """Content of a quality policy file; described in ``configs/quality/default.yaml``.

    Args:
        caps: maximum score of a document that breaks a rule.
    """

    name: _Text
    version: _Whole
    weights: Annotated[Mapping[Dimension, _Weight], READ_ONLY]
    caps: Annotated[Mapping[CappedRule, _Share], READ_ONLY]
    min_score: _Share
    min_dimensions: Annotated[Mapping[Dimension, _Share], READ_ONLY]
    completeness: Completeness
    plausibility: Plausibility
    text_health: TextHealth
    residual_risk: ResidualRisk


class QualityPolicy(QualityRules):
    """Everything the checks depend on; made by `load_policy`.

    Args:
        digest: first 16 hex digits of the SHA-256 of the file.
        reference_year: from the recipe; 0 skips dates.
    """

    digest: str
    reference_year: int = 0

    @property
    def policy_id(self) -> str:
        """``"<name>@<digest>"``."""
        return f"{self.name}@{self.digest}"

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The measured quantities with their possible values."""
        return self.plausibility.measures


def load_policy(name: str, reference_year: int = 0) -> QualityPolicy:
    """Read and check a policy.

    Args:
        name: name of a bundled policy, or path of a YAML file.
        reference_year: see `QualityPolicy`.

    Raises:
        RecipeError: no such policy, invalid YAML, or a missing, unknown or wrong key; the message names it.
    """
    path = config_file("quality", name)
    content, raw = read_yaml(path, f"quality policy {path.name}")
    rules = validated(QualityRules, content, what="quality policy", wording=_WORDING)
    if not sum(rules.weights.values()):
        raise RecipeError("quality policy: weights: at least one must be above 0")
    digest = hashlib.sha256(raw).hexdigest()[:16]
    return QualityPolicy.model_construct(**dict(rules), digest=digest, reference_year=reference_year)
