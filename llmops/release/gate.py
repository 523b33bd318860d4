"""The release gate: decides for each document, and gives verdicts on the run."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

from llmops.configs import config_file
from llmops.documents import Reason, ScoredDocument, StageName, Withheld
from llmops.errors import RecipeError
from llmops.release.canonical import canonical, digest
from llmops.yaml_file import read_yaml


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePolicy:
    """What a document and a run must reach to be published.

    Args:
        name: name of the policy, the stem of its file.
        min_score: quality score in [0, 1] under which a document is withheld.
        max_residual_risk: estimate in [0, 1] that an identifier is left, above which it is withheld.
        duplicates: what becomes of the second and later copies of an equal text.
        near_duplicates: what becomes of a text almost equal to an earlier one.
        require_subject: whether a document whose patient is not known is withheld.
        max_withheld_ratio: withheld / read in [0, 1] above which the run's verdict is a failure.
    """

    name: str = "default"
    min_score: float = 0.5
    max_residual_risk: float = 0.2
    duplicates: Literal["withhold", "keep"] = "withhold"
    near_duplicates: Literal["withhold", "keep"] = "keep"
    require_subject: bool = True
    max_withheld_ratio: float = 0.5

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of everything the policy decides by; the name is no part of it."""
        return digest(canonical({key: value for key, value in asdict(self).items() if key != "name"}))

    @property
    def policy_id(self) -> str:
        """``"<name>@<first 12 digits of the digest>"``."""
        return f"{self.name}@{self.digest[:12]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of a run's records and documents: each of ``read`` was released or withheld, never both."""

    read: int
    released: int
    withheld: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One check on a run: its limit, what was observed and whether that passes."""

    name: str
    limit: float
    observed: float
    passed: bool


class Gate:
    """Decides, document by document, what may be released."""

    def __init__(self, policy: GatePolicy) -> None:
        self.policy = policy

    def decide(self, document: ScoredDocument, known: Reason | None = None) -> Withheld | None:
        """Give the reason to withhold a document, or None to release it.

        Args:
            document: as scored; nothing of its text is looked at.
            known: what its quality does not say: ``Reason.TOMBSTONED`` where it was taken back for good,
                ``Reason.DUPLICATE`` or ``Reason.NEAR_DUPLICATE`` where an earlier document says the same.
        """
        reason = self._reason(document, known)
        if reason is None:
            return None
        return Withheld(
            record_id=document.record_id, document_id=document.document_id, stage=StageName.RELEASE, reason=reason
        )

    def verdicts(self, counts: Counts) -> tuple[Verdict, ...]:
        """Judge the run; one that did not pass must not look like success (exit 1), an empty one is not published."""
        unaccounted = abs(counts.read - counts.released - counts.withheld)
        ratio = round(counts.withheld / counts.read, 6) if counts.read else 0.0
        limit = self.policy.max_withheld_ratio
        return (
            Verdict(name="unaccounted", limit=0, observed=unaccounted, passed=unaccounted == 0),
            Verdict(name="withheld_ratio", limit=limit, observed=ratio, passed=ratio <= limit),
            Verdict(name="released", limit=1, observed=counts.released, passed=counts.released >= 1),
        )

    def _reason(self, document: ScoredDocument, known: Reason | None) -> Reason | None:
        policy = self.policy
        if known is Reason.TOMBSTONED:
            return known
        # "not (a <= b)" so that a NaN, which compares false to everything, withholds.
        if not document.residual_risk <= policy.max_residual_risk:
            return Reason.RESIDUAL_RISK
        if policy.require_subject and not document.subject:
            return Reason.NO_SUBJECT
        if not document.quality.score >= policy.min_score:
            return Reason.BELOW_SCORE
        if known is Reason.NEAR_DUPLICATE:
            return known if policy.near_duplicates == "withhold" else None
        return known if policy.duplicates == "withhold" else None


def load_gate_policy(name: str = "default") -> GatePolicy:
    """Read a gate policy: a bundled name, or the path of a YAML file.

    Raises:
        RecipeError: not found, not YAML, an unknown key or a value out of range; names the key and the fix.
    """
    path = config_file("release", name)
    values = _mapping(path)
    checked = {}
    for key, value in values.items():
        if key not in _CHECKS:
            raise RecipeError(f"release policy {path.stem}: unknown key {key!r}; known keys: {', '.join(_CHECKS)}")
        accepts, wanted = _CHECKS[key]
        if not accepts(value):
            raise RecipeError(f"release policy {path.stem}: {key} must be {wanted}")
        checked[key] = value
    return GatePolicy(name=path.stem, **checked)


def _mapping(path: Path) -> dict[str, Any]:
    loaded, _ = read_yaml(path, f"release policy {path.stem}")
    if not isinstance(loaded, dict) or not all(isinstance(key, str) for key in loaded):
        raise RecipeError(f"release policy {path.stem}: must be a mapping of keys to values, e.g. 'min_score: 0.5'")
    return loaded


def _is_ratio(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _is_choice(value: object) -> bool:
    return value in ("withhold", "keep")


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


_CHOICE: Final = (_is_choice, "'withhold' or 'keep'")
_RATIO: Final = (_is_ratio, "a number from 0 to 1")
_CHECKS: Final[MappingProxyType[str, tuple[Callable[[object], bool], str]]] = MappingProxyType(
    {
        "min_score": _RATIO,
        "max_residual_risk": _RATIO,
        "duplicates": _CHOICE,
        "near_duplicates": _CHOICE,
        "require_subject": (_is_flag, "true or false"),
        "max_withheld_ratio": _RATIO,
    }
)
