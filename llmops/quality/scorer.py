"""Quality stage: run every check on every document; give one score with reasons."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from types import MappingProxyType
from typing import Final, TypeAlias

from llmops.documents import (
    DeidentifiedDocument,
    Evidence,
    QualityReport,
    Reason,
    ScoredDocument,
    StageName,
    Withheld,
)
from llmops.errors import RecipeError
from llmops.plugins import Extension, load
from llmops.quality.checks import (
    completeness,
    conformance,
    plausibility,
    residual_risk,
    text_health,
    uniqueness,
)
from llmops.quality.config import QualityConfig
from llmops.quality.policy import QualityPolicy, load_policy
from llmops.quality.similarity import document_signature

Check: TypeAlias = Callable[[DeidentifiedDocument, QualityPolicy], tuple[float, tuple[Evidence, ...]]]

CHECKS: Final[Mapping[str, Check]] = MappingProxyType(
    {
        "completeness": completeness.check,
        "conformance": conformance.check,
        "plausibility": plausibility.check,
        "residual_risk": residual_risk.check,
        "text_health": text_health.check,
        "uniqueness": uniqueness.check,
    }
)
_INHERITED: Final = tuple(field.name for field in fields(DeidentifiedDocument))


class Scorer:
    """Score de-identified documents; a stage without state.

    Args:
        config: the policy and other recipe settings.

    Raises:
        RecipeError: the policy cannot be used.
    """

    def __init__(self, config: QualityConfig) -> None:
        self.policy = load_policy(config.policy, config.reference_year)
        self._min_score = config.min_score or self.policy.min_score
        self._checks = {**CHECKS, **{name: _added(name) for name in config.checks}}
        self._weights = _weights(self.policy) | dict(config.checks)

    def process(self, batch: Sequence[DeidentifiedDocument]) -> Sequence[ScoredDocument | Withheld]:
        """Return each document with its report, or `Withheld` if it is below a minimum or a check failed."""
        return [self._answer(document) for document in batch]

    def _answer(self, document: DeidentifiedDocument) -> ScoredDocument | Withheld:
        try:
            return self._scored(document)
        except Exception:  # noqa: BLE001 - any error in a check withholds the document
            return _withheld(document, Reason.QUALITY_FAILED)

    def _scored(self, document: DeidentifiedDocument) -> ScoredDocument | Withheld:
        report = assess(document, self.policy, self._checks, self._weights)
        if not self._good_enough(report):
            return _withheld(document, Reason.BELOW_SCORE)
        return ScoredDocument(
            **{name: getattr(document, name) for name in _INHERITED},
            quality=report,
            signature=document_signature(document),
        )

    def _good_enough(self, report: QualityReport) -> bool:
        dimensions = dict(report.dimensions)
        minimums = self.policy.min_dimensions.items()
        return report.score >= self._min_score and all(dimensions[name] >= least for name, least in minimums)


def assess(
    document: DeidentifiedDocument,
    policy: QualityPolicy,
    checks: Mapping[str, Check] = CHECKS,
    weights: Mapping[str, float] | None = None,
) -> QualityReport:
    """Run every check; the score is the weighted mean, capped where the document breaks a capped rule.

    Args:
        document: the document.
        policy: limits and weights of the checks.
        checks: checks by dimension name.
        weights: weights by dimension; None uses the policy's.
    """
    weighted = _weights(policy) if weights is None else weights
    results = {name: check(document, policy) for name, check in checks.items()}
    evidence = tuple(item for _, found in results.values() for item in found)
    total = sum(weighted.values())
    score = sum(weighted.get(name, 0.0) * value for name, (value, _) in results.items()) / total
    broken = {item.rule for item in evidence}
    score = min([score, *(cap for rule, cap in policy.caps.items() if rule in broken)])
    dimensions = tuple(sorted((name, value) for name, (value, _) in results.items()))
    return QualityReport(score=round(score, 4), dimensions=dimensions, evidence=evidence)


def _weights(policy: QualityPolicy) -> dict[str, float]:
    return {str(name): weight for name, weight in policy.weights.items()}


def _added(name: str) -> Check:
    check = load(Extension.CHECK, name)
    if name in CHECKS or not callable(check):
        raise RecipeError(f"quality.checks: plug-in {name!r} is no function, or has the name of a bundled check")
    return check


def _withheld(document: DeidentifiedDocument, reason: Reason) -> Withheld:
    return Withheld(
        record_id=document.record_id, document_id=document.document_id, stage=StageName.QUALITY, reason=reason
    )
