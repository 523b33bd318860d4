"""Measure a model folder alone, without rules, by the metric of LABELS.md."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from llmops.deid.detect.ner.clinical import ClinicalNer
from llmops.deid.detect.ner.entities import Entity
from llmops.deid.detect.ner.labels import LABELS
from llmops.deid.measure.evaluate import Evaluation, evaluate
from llmops.phi import Detection, PhiFinding, PhiLabel

_LABELS: Final = {"ID": PhiLabel.OTHERID, "AGE": PhiLabel.AGE90}


class ModelAlone:
    """A detector for `llmops.deid.measure.evaluate` that reports the network's findings only.

    Args:
        ner: the network.
        threshold: minimum probability of PHI for every label; None takes the model's own.
    """

    def __init__(self, ner: ClinicalNer, threshold: float | None = None) -> None:
        self._ner = ner
        self._thresholds = None if threshold is None else dict.fromkeys(LABELS, threshold)

    def detect_many(self, texts: Iterable[str], /) -> Iterator[list[PhiFinding]]:
        """Yield the findings of each text."""
        for text in texts:
            yield [_finding(entity) for entity in self._ner.entities(text, self._thresholds)]


def score(model: Path, gold: Path, threshold: float | None = None) -> Evaluation:
    """Measure a model folder on annotated notes."""
    return evaluate(gold, ModelAlone(ClinicalNer(model), threshold))


def _finding(entity: Entity) -> Detection:
    label = _LABELS.get(entity.label) or PhiLabel(entity.label)
    return Detection(
        start=entity.start,
        end=entity.end,
        label=label,
        score=entity.score,
        recognizer="clinical_ner",
        operator="",
    )
