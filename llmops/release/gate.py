"""The release gate: decides for each document, and gives verdicts on the run."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field

from llmops.configs import config_file
from llmops.documents import Reason, ScoredDocument, StageName, Withheld
from llmops.release.canonical import canonical, digest
from llmops.validation import Declared, Must, Wording, validated
from llmops.yaml_file import read_yaml

# A whole number stays one, since the digest is of what the file says.
_Ratio: TypeAlias = Annotated[int | float, Field(ge=0, le=1), Must("be a number from 0 to 1")]
_Choice: TypeAlias = Annotated[Literal["withhold", "keep"], Must("be 'withhold' or 'keep'")]
_Flag: TypeAlias = Annotated[bool, Must("be true or false")]
_WORDING: Final = Wording(unknown="unknown key {path!r}; {hint}", wrong="{path} {problem}")


class GateLimits(Declared):
    """What the file of a gate policy says.

    Args:
        min_score: quality score in [0, 1] under which a document is withheld.
        max_residual_risk: estimate in [0, 1] that an identifier is left, above which it is withheld.
        duplicates: what becomes of the second and later copies of an equal text.
        near_duplicates: what becomes of a text almost equal to an earlier one.
        require_subject: whether a document whose patient is not known is withheld.
        max_withheld_ratio: withheld / read in [0, 1] above which the run's verdict is a failure.
    """

    min_score: _Ratio = 0.5
    max_residual_risk: _Ratio = 0.2
    duplicates: _Choice = "withhold"
    near_duplicates: _Choice = "keep"
    require_subject: _Flag = True
    max_withheld_ratio: _Ratio = 0.5


class GatePolicy(GateLimits):
    """What a document and a run must reach to be published.

    Args:
        name: name of the policy, the stem of its file.
    """

    name: str = "default"

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of everything the policy decides by; the name is no part of it."""
        return digest(canonical(self.model_dump(exclude={"name"})))

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
class LimitCheck:
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

    def verdicts(self, counts: Counts) -> tuple[LimitCheck, ...]:
        """Judge the run; one that did not pass must not look like success (exit 1), an empty one is not published."""
        unaccounted = abs(counts.read - counts.released - counts.withheld)
        ratio = round(counts.withheld / counts.read, 6) if counts.read else 0.0
        limit = self.policy.max_withheld_ratio
        return (
            LimitCheck(name="unaccounted", limit=0, observed=unaccounted, passed=unaccounted == 0),
            LimitCheck(name="withheld_ratio", limit=limit, observed=ratio, passed=ratio <= limit),
            LimitCheck(name="released", limit=1, observed=counts.released, passed=counts.released >= 1),
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
    what = f"release policy {path.stem}"
    content, _ = read_yaml(path, what)
    limits = validated(GateLimits, content, what=what, wording=_WORDING)
    return GatePolicy(name=path.stem, **dict(limits))
