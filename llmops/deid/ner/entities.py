"""Turns probabilities of pieces into entities of whole words."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from llmops.deid.ner.labels import LABELS, OUTSIDE
from llmops.deid.ner.pieces import Pieces

_WORD: Final = re.compile(r"\w+")
_JOINED: Final = re.compile(r"[^\S\r\n]?[-'’.,/&@:^_+#()\"]{0,2}[^\S\r\n]{0,2}|[-/.]?\n?[ \t]{0,2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """``text[start:end]`` is PHI of one kind (`llmops.deid.ner.labels.LABELS`); never holds the surface."""

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
    kinds = probabilities[:, 1:].reshape(len(pieces), len(LABELS), 2).sum(axis=2)
    best = kinds.argmax(axis=1)
    floors = np.asarray([thresholds[label] for label in LABELS])[best]
    hits = np.flatnonzero(phi >= floors)
    found: list[Entity] = []
    for index in hits.tolist():
        start, end = _whole(text, int(pieces.starts[index]), int(pieces.ends[index]))
        entity = Entity(start=start, end=end, label=LABELS[int(best[index])], score=float(phi[index]))
        found.append(_joined(text, found, entity))
    return [entity for entity in found if _WORD.search(text, entity.start, entity.end)]


def _joined(text: str, found: list[Entity], entity: Entity) -> Entity:
    """Take the last entity off the list and into this one where they are of one word, or of one label and touch."""
    if not found:
        return entity
    last = found[-1]
    same_word = entity.start < last.end
    if not same_word and (last.label != entity.label or not _JOINED.fullmatch(text, last.end, entity.start)):
        return entity
    found.pop()
    stronger = last if last.score >= entity.score else entity
    return Entity(
        start=min(last.start, entity.start),
        end=max(last.end, entity.end),
        label=stronger.label,
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
    """Take white space and stray punctuation off both ends."""
    for entity in found:
        words = [*_WORD.finditer(text, entity.start, entity.end)]
        yield Entity(start=words[0].start(), end=words[-1].end(), label=entity.label, score=entity.score)
