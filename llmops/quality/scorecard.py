"""Aggregate the quality of a release, one report at a time."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

import orjson

from llmops.documents import QualityReport, ScoredDocument

_BINS: Final = 10
_GRAIN: Final = 1000  # quantiles are exact to 0.001, in memory independent of the release size
_QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
_TOP_RULES: Final = 20


class Scorecard:
    """Counts, means, quantiles and histograms of scores, and the most broken rules; holds no text.

    Reports may come in any order and from any number of workers (`merge`), with the same result.
    """

    def __init__(self) -> None:
        self._scores: Counter[int] = Counter()
        self._dimensions: dict[str, Counter[int]] = {}
        self._rules: Counter[str] = Counter()
        self._documents_by_rule: Counter[str] = Counter()

    def add(self, report: QualityReport) -> None:
        """Count one document."""
        self._scores[_grain(report.score)] += 1
        for name, value in report.dimensions:
            self._dimensions.setdefault(name, Counter())[_grain(value)] += 1
        rules = Counter(item.rule for item in report.evidence)
        self._rules.update(rules)
        self._documents_by_rule.update(rules.keys())

    def merge(self, other: "Scorecard") -> None:
        """Add the counts of another scorecard."""
        self._scores.update(other._scores)  # noqa: SLF001 - its own kind
        for name, values in other._dimensions.items():  # noqa: SLF001
            self._dimensions.setdefault(name, Counter()).update(values)
        self._rules.update(other._rules)  # noqa: SLF001
        self._documents_by_rule.update(other._documents_by_rule)  # noqa: SLF001

    def as_dict(self) -> dict[str, Any]:
        """The figures as plain values, keys in fixed order."""
        return {
            "documents": self._scores.total(),
            "score": _figures(self._scores),
            "dimensions": {name: _figures(self._dimensions[name]) for name in sorted(self._dimensions)},
            "rules": [
                {"rule": rule, "documents": documents, "findings": self._rules[rule]}
                for rule, documents in sorted(self._documents_by_rule.items(), key=lambda item: (-item[1], item[0]))
            ][:_TOP_RULES],
        }

    def to_json(self) -> str:
        """The figures as JSON; equal documents give equal bytes."""
        return orjson.dumps(self.as_dict(), option=orjson.OPT_INDENT_2).decode()


def scorecard(documents: Iterable[ScoredDocument]) -> Scorecard:
    """Aggregate the reports of documents, one at a time."""
    card = Scorecard()
    for document in documents:
        card.add(document.quality)
    return card


def _grain(value: float) -> int:
    return round(value * _GRAIN)


def _figures(values: Counter[int]) -> dict[str, Any]:
    total = values.total()
    histogram = [0] * _BINS
    for value, count in values.items():
        histogram[min(_BINS - 1, value * _BINS // _GRAIN)] += count
    mean = sum(value * count for value, count in values.items()) / total / _GRAIN if total else None
    quantiles = {f"p{int(share * 100):02d}": _quantile(values, share) for share in _QUANTILES} if total else {}
    return {"mean": None if mean is None else round(mean, 4), "quantiles": quantiles, "histogram": histogram}


def _quantile(values: Counter[int], share: float) -> float:
    """The smallest value that at least a ``share`` of the documents do not exceed."""
    needed, seen = share * values.total(), 0
    for value in sorted(values):
        seen += values[value]
        if seen >= needed:
            return value / _GRAIN
    return 1.0
