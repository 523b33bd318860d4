"""Compare two results of a suite to detect regressions before they ship."""

from dataclasses import asdict, dataclass
from typing import Any

from llmops.evaluation.result import EvaluationResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Differences between an earlier and a current result; each item is ``"<prompt>/<case id>"``, sorted.

    Args:
        regressions: passed before, fails now.
        fixes: failed before, passes now.
        new: only in the current result.
        new_failures: new cases that fail.
        missing: only in the earlier one; an omitted case is not a pass.
        suite_changed: the suite's content differs.
        release_changed: another release was searched.
        model_changed: another model answered.
    """

    regressions: tuple[str, ...]
    fixes: tuple[str, ...]
    new: tuple[str, ...]
    new_failures: tuple[str, ...]
    missing: tuple[str, ...]
    suite_changed: bool
    release_changed: bool
    model_changed: bool

    @property
    def regressed(self) -> bool:
        """Whether a case that passed or is new fails, or a case is missing."""
        return bool(self.regressions or self.new_failures or self.missing)

    def to_dict(self) -> dict[str, Any]:
        """Convert to plain data."""
        return {"regressed": self.regressed, **asdict(self)}


def compare(previous: EvaluationResult, current: EvaluationResult) -> Comparison:
    """Compare case by case."""
    before, now = _verdicts(previous), _verdicts(current)
    both, new = sorted(before.keys() & now.keys()), sorted(now.keys() - before.keys())
    return Comparison(
        regressions=tuple(key for key in both if before[key] and not now[key]),
        fixes=tuple(key for key in both if now[key] and not before[key]),
        new=tuple(new),
        new_failures=tuple(key for key in new if not now[key]),
        missing=tuple(sorted(before.keys() - now.keys())),
        suite_changed=previous.suite_digest != current.suite_digest,
        release_changed=previous.release_id != current.release_id,
        model_changed=previous.model != current.model,
    )


def _verdicts(result: EvaluationResult) -> dict[str, bool]:
    return {f"{case.prompt}/{case.case_id}": case.passed for case in result.cases}
