"""Compute the network's PHI probability for each word of a text."""

import re
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from llmops.deid.detect.ner.labels import LABELS, OUTSIDE
from llmops.deid.spans import ScoredWord, whole_word
from llmops.phi import PhiLabel

_FLOOR: Final = 0.01
"""Words with a lower probability are omitted."""
_ALPHANUMERIC: Final = re.compile(r"[^\W_]")
LABEL_OF: Final = {
    "NAME": PhiLabel.NAME,
    "LOC": PhiLabel.LOC,
    "ORG": PhiLabel.ORG,
    "DATE": PhiLabel.DATE,
    "ID": PhiLabel.OTHERID,
    "AGE": PhiLabel.AGE90,
}
_BY_KIND: Final = tuple(LABEL_OF[label] for label in LABELS)


def scored_words(text: str, pieces: Any, probabilities: npt.NDArray[np.float32]) -> tuple[ScoredWord, ...]:
    """Return each word above the floor, with its likeliest label and PHI probability.

    Args:
        text: text of the pieces. PHI.
        pieces: pieces of the text.
        probabilities: (pieces, tags).
    """
    if not len(pieces):
        return ()
    phi = 1.0 - probabilities[:, OUTSIDE]
    kinds = probabilities[:, 1:].reshape(len(pieces), len(LABELS), 2).sum(axis=2).argmax(axis=1)
    words: list[ScoredWord] = []
    told = np.flatnonzero(phi >= _FLOOR)
    columns = (pieces.starts[told], pieces.ends[told], kinds[told], phi[told])
    for start, end, kind, score in zip(*(column.tolist() for column in columns), strict=True):
        label = _BY_KIND[kind]
        if words and start < words[-1].end:
            last = words[-1]
            if score > last.score:
                words[-1] = ScoredWord(start=last.start, end=last.end, label=label, score=score)
        elif _ALPHANUMERIC.search(text, start, end):
            first, stop = whole_word(text, start, end)
            words.append(ScoredWord(start=first, end=stop, label=label, score=score))
    return tuple(words)
