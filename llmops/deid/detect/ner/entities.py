"""Turn piece probabilities into whole-word entities."""

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
"""Allowed between two parts of one entity not separated by white space."""
_LOOSE: Final = re.compile(r"[^\w\n]{0,4}\n?[^\w\n]{0,4}|[^\n]{0,10}")
"""Allowed between two parts of one entity if the network tags the second as a continuation."""


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
    r"""Report each word (``\w+``) with a sufficiently likely PHI piece, joined with neighbours of the same label.

    Args:
        text: text of the pieces. PHI.
        pieces: pieces of the text.
        probabilities: (pieces, tags).
        thresholds: minimum PHI probability, by likeliest label.

    Returns:
        Disjoint, ordered; the score is the highest PHI probability of its words.
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
        if not found or end > found[-1].end:  # skip further pieces of a word already widened
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
    """Widen a piece to its word; punctuation pieces stay unchanged."""
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
    """Trim white space and punctuation at both ends; drop entities without a word."""
    for entity in found:
        words = [*_WORD.finditer(text, entity.start, entity.end)]
        if words:
            yield Entity(start=words[0].start(), end=words[-1].end(), label=entity.label, score=entity.score)
