"""Turns probabilities of pieces into entities of whole words."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from llmops.deid.detect.ner.labels import LABELS, OUTSIDE
from llmops.deid.detect.ner.pieces import Pieces

_WORD: Final = re.compile(r"\w+")
_TIGHT: Final = re.compile(r"[-'’.,/&@:^_+#()]{0,2}")
"""What may stand between two parts of one entity that no white space parts."""
_LOOSE: Final = re.compile(r"[^\w\n]{0,4}\n?[^\w\n]{0,4}|[^\n]{0,10}")
"""What may stand between two parts of one entity where the network says that the second one goes on with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """``text[start:end]`` is PHI of one kind (`llmops.deid.detect.ner.labels.LABELS`); never holds the surface."""

    start: int
    end: int
    label: str
    score: float


def entities(
    text: str, pieces: Pieces, probabilities: npt.NDArray[np.float32], thresholds: Mapping[str, float]
) -> list[Entity]:
    r"""Report each word (``\w+``) one of whose pieces is likely enough to be PHI, joined with its like neighbours.

    Args:
        text: that the pieces are of. PHI.
        pieces: of that text.
        probabilities: (pieces, tags).
        thresholds: least probability of being PHI, by likeliest label.

    Returns:
        Disjoint, in order; a score is the highest probability of being PHI of its words.
    """
    if not len(pieces):
        return []
    phi = 1.0 - probabilities[:, OUTSIDE]
    kinds = probabilities[:, 1:].reshape(len(pieces), len(LABELS), 2)
    best = kinds.sum(axis=2).argmax(axis=1)
    floors = np.asarray([thresholds[label] for label in LABELS])[best]
    found: list[Entity] = []
    for index in np.flatnonzero(phi >= floors).tolist():
        start, end = int(pieces.starts[index]), int(pieces.ends[index])
        label = int(best[index])
        if not found or end > found[-1].end:  # a piece of a word that is widened already is not widened again
            start, end = _whole(text, start, end)
        entity = Entity(start=start, end=end, label=LABELS[label], score=float(phi[index]))
        if found and _is_one(text, found[-1], entity, goes_on=bool(kinds[index, label, 1] > kinds[index, label, 0])):
            entity = _joined(found.pop(), entity)
        found.append(entity)
    return found


def _is_one(text: str, last: Entity, entity: Entity, *, goes_on: bool) -> bool:
    if entity.start < last.end:
        return True
    between = _LOOSE if goes_on else _TIGHT
    return last.label == entity.label and between.fullmatch(text, last.end, entity.start) is not None


def _joined(last: Entity, entity: Entity) -> Entity:
    return Entity(
        start=min(last.start, entity.start),
        end=max(last.end, entity.end),
        label=last.label if last.score >= entity.score else entity.label,
        score=max(last.score, entity.score),
    )


def _whole(text: str, start: int, end: int) -> tuple[int, int]:
    """Widen a piece to the word that it is in; a piece of punctuation stays as it is."""
    if _is_word(text[start]):
        while start and _is_word(text[start - 1]):
            start -= 1
    if _is_word(text[end - 1]):
        while end < len(text) and _is_word(text[end]):
            end += 1
    return start, end


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def trimmed(text: str, found: list[Entity]) -> Iterator[Entity]:
    """Take white space and punctuation off both ends; what holds no word is left out."""
    for entity in found:
        words = [*_WORD.finditer(text, entity.start, entity.end)]
        if words:
            yield Entity(start=words[0].start(), end=words[-1].end(), label=entity.label, score=entity.score)
