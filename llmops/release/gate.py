"""The release gate: decides on each document, and checks the run against limits."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field

from llmops.configs import config_file
from llmops.documents import Reason, ScoredDocument, StageName, Withheld
from llmops.release.canonical import canonical, digest
from llmops.validation import Declared, Must, Wording, validated
from llmops.yaml_file import read_yaml

# Keeps an integer an integer, since the digest covers the values as written in the file.
_Ratio: TypeAlias = Annotated[int | float, Field(ge=0, le=1), Must("be a number from 0 to 1")]
_Choice: TypeAlias = Annotated[Literal["withhold", "keep"], Must("be 'withhold' or 'keep'")]
_Flag: TypeAlias = Annotated[bool, Must("be true or false")]
_WORDING: Final = Wording(unknown="unknown key {path!r}; {hint}", wrong="{path} {problem}")


class GateLimits(Declared):
    """Content of a gate policy file.

    Args:
        min_score: quality score in [0, 1] below which a document is withheld.
        max_residual_risk: estimated risk in [0, 1] of a remaining identifier above which a document is withheld.
        duplicates: what happens to the second and later copies of an equal text.
        near_duplicates: what happens to a text almost equal to an earlier one.
        require_subject: whether a document of an unknown patient is withheld.
        max_withheld_ratio: withheld / read in [0, 1] above which the run fails.
    """

    min_score: _Ratio = 0.5
    max_residual_risk: _Ratio = 0.2
    duplicates: _Choice = "withhold"
    near_duplicates: _Choice = "keep"
    require_subject: _Flag = True
    max_withheld_ratio: _Ratio = 0.5


class GatePolicy(GateLimits):
    """Requirements on a document and a run for publication.

    Args:
        name: name of the policy, the stem of its file.
    """

    name: str = "default"

    @property
    def digest(self) -> str:
        """Return the SHA-256 (hex) of all decision values of the policy; the name is not part of it."""
        return digest(canonical(self.model_dump(exclude={"name"})))

    @property
    def policy_id(self) -> str:
        """Return ``"<name>@<first 12 digits of the digest>"``."""
        return f"{self.name}@{self.digest[:12]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Counts of a run's records and documents: each of ``read`` was released or withheld, never both."""

    read: int
    released: int
    withheld: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitCheck:
    """One check on a run: limit, observed value and whether it passes."""

    name: str
    limit: float
    observed: float
    passed: bool


class Gate:
    """Decides on the release of each document."""

    def __init__(self, policy: GatePolicy) -> None:
        self.policy = policy

    def decide(self, document: ScoredDocument, known: Reason | None = None) -> Withheld | None:
        """Return the reason to withhold a document, or None to release it.

        Args:
            document: the scored document; its text is not read.
            known: a reason from outside: ``Reason.TOMBSTONED`` if it was permanently withdrawn,
                ``Reason.DUPLICATE`` or ``Reason.NEAR_DUPLICATE`` if an earlier document has the same text.
        """
        reason = self._reason(document, known)
        if reason is None:
            return None
        return Withheld(
            record_id=document.record_id, document_id=document.document_id, stage=StageName.RELEASE, reason=reason
        )

    def verdicts(self, counts: Counts) -> tuple[LimitCheck, ...]:
        """Check the run; a failed check must cause exit 1, and an empty run is not published."""
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
