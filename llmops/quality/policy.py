"""A quality policy: weights, limits and tables as data, read from YAML and checked before any record is read."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, TypeVar

from llmops.configs import config_file
from llmops.documents import Kind
from llmops.errors import RecipeError
from llmops.yaml_file import read_yaml

DIMENSIONS: Final = ("completeness", "conformance", "plausibility", "residual_risk", "text_health", "uniqueness")
CAPPED_RULES: Final = (
    *("empty", "placeholder_only", "cut_off", "ends_mid_sentence", "very_short"),
    *("implausible_value", "pressure_reversed", "impossible_age", "future_date", "gibberish", "residual_risk"),
)
EXPECTED_PARTS: Final = ("title", "time", "subject", "sections")

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A measured quantity and the values a living person can have.

    Args:
        terms: lower-case words that announce it in text.
        codes: ``system|code`` of it in fields.
        units: lowest and highest value by unit; units are compared without regard to case.
    """

    name: str
    terms: tuple[str, ...]
    codes: frozenset[str]
    units: Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityPolicy:
    """Everything the checks go by; made by `load_policy`, described in ``configs/quality/default.yaml``.

    Args:
        policy_id: ``"<name>@<digest>"`` of the file.
        caps: most that a document may score in which a rule is broken.
        reference_year: injected by the recipe; 0 judges no date.
    """

    policy_id: str
    weights: Mapping[str, float]
    caps: Mapping[str, float]
    min_score: float
    min_dimensions: Mapping[str, float]
    min_words: Mapping[Kind, int]
    expected: Mapping[Kind, tuple[str, ...]]
    max_age_years: int
    measures: tuple[Measure, ...] = field(repr=False)
    gibberish_share: float
    placeholder_share: float
    reference_year: int = 0


def load_policy(name: str, reference_year: int = 0) -> QualityPolicy:
    """Read and check a policy.

    Args:
        name: of a bundled policy, or path of a YAML file.
        reference_year: see `QualityPolicy`.

    Raises:
        RecipeError: no such policy, no valid YAML, or a key that is missing, unknown or wrong; the message names it.
    """
    path = config_file("quality", name)
    data, raw = read_yaml(path, f"quality policy {path.name}")
    digest = hashlib.sha256(raw).hexdigest()[:16]
    top = _Reader(data, "quality policy")
    completeness = top.section("completeness")
    plausibility = top.section("plausibility")
    policy = QualityPolicy(
        policy_id=f"{top.get('name', _text)}@{digest}",
        weights=top.table("weights", DIMENSIONS, _positive),
        caps=top.table("caps", CAPPED_RULES, _share),
        min_score=top.get("min_score", _share),
        min_dimensions=top.table("min_dimensions", DIMENSIONS, _share),
        min_words=_by_kind(completeness.table("min_words", tuple(Kind), _whole)),
        expected=_by_kind(completeness.table("expected", tuple(Kind), _parts)),
        max_age_years=plausibility.get("max_age_years", _whole),
        measures=plausibility.get("measures", _measures),
        gibberish_share=top.section("text_health").get("gibberish_share", _share),
        placeholder_share=top.section("residual_risk").get("placeholder_share", _share),
        reference_year=reference_year,
    )
    top.get("version", _whole)
    for reader in (top, completeness, plausibility):
        reader.finish()
    if not sum(policy.weights.values()):
        raise RecipeError("quality policy: weights: at least one must be above 0")
    return policy


class _Reader:
    """One mapping of the policy, read key by key, so that a wrong one can be named."""

    def __init__(self, data: Any, at: str) -> None:
        if not isinstance(data, dict):
            raise RecipeError(f"{at}: must be a mapping of keys to values")
        self._data, self._at, self._seen = data, at, set[str]()

    def get(self, key: str, parse: Callable[[Any], Value]) -> Value:
        self._seen.add(key)
        if key not in self._data:
            raise RecipeError(f"{self._at}: {key} is missing")
        try:
            return parse(self._data[key])
        except (TypeError, ValueError) as error:
            raise RecipeError(f"{self._at}: {key} {error}") from None

    def section(self, key: str) -> "_Reader":
        return _Reader(self.get(key, lambda value: value), f"{self._at}: {key}")

    def table(self, key: str, keys: tuple[str, ...], parse: Callable[[Any], Value]) -> Mapping[str, Value]:
        reader = self.section(key)
        found = {name: reader.get(name, parse) for name in keys if name in reader._data}  # noqa: SLF001 - own kind
        reader.finish(keys)
        return MappingProxyType(found)

    def finish(self, known: tuple[str, ...] = ()) -> None:
        for key in self._data:
            if key not in self._seen:
                hint = f"; known: {', '.join(known or sorted(self._seen))}"
                raise RecipeError(f"{self._at}: {key} is no key of a quality policy{hint}")


def _by_kind(table: Mapping[str, Value]) -> Mapping[Kind, Value]:
    return MappingProxyType({Kind(key): value for key, value in table.items()})


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError("must be a text")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError("must be a list of texts")
    return tuple(_text(item) for item in value)


def _parts(value: Any) -> tuple[str, ...]:
    parts = _texts(value)
    if not set(parts) <= set(EXPECTED_PARTS):
        raise ValueError(f"must list only {', '.join(EXPECTED_PARTS)}")
    return parts


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise TypeError("must be a number")
    return float(value)


def _positive(value: Any) -> float:
    if _number(value) < 0:
        raise ValueError("must not be negative")
    return _number(value)


def _share(value: Any) -> float:
    if not 0 <= _number(value) <= 1:
        raise ValueError("must lie between 0 and 1")
    return _number(value)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise TypeError("must be a whole number that is not negative")
    return value


def _measures(value: Any) -> tuple[Measure, ...]:
    if not isinstance(value, list):
        raise TypeError("must be a list")
    return tuple(_measure(item, f"quality policy: plausibility: measures[{at}]") for at, item in enumerate(value))


def _measure(value: Any, at: str) -> Measure:
    reader = _Reader(value, at)
    measure = Measure(
        name=reader.get("name", _text),
        terms=tuple(term.lower() for term in reader.get("terms", _texts)),
        codes=frozenset(reader.get("codes", _texts)),
        units=reader.get("units", _units),
    )
    reader.finish()
    return measure


def _units(value: Any) -> Mapping[str, tuple[float, float]]:
    if not isinstance(value, dict) or not value:
        raise TypeError("must map at least one unit to [lowest, highest]")
    found = {}
    for unit, limits in value.items():
        if not isinstance(limits, list) or len(limits) != 2 or _number(limits[0]) > _number(limits[1]):
            raise ValueError("must map each unit to [lowest, highest]")
        found[_text(unit).casefold()] = (_number(limits[0]), _number(limits[1]))
    return MappingProxyType(found)
