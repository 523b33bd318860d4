"""Run the shipped network over texts: one thread, one window per pass."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from llmops.deid.detect.ner.entities import Entity, entities, trimmed
from llmops.deid.detect.ner.labels import TAGS
from llmops.deid.detect.ner.pieces import SPECIAL_SHAPE, Pieces, encode
from llmops.deid.detect.ner.shipped import SHIPPED, open_model


@dataclass(frozen=True, slots=True)
class Window:
    """Pieces ``[first, last)`` go through the network; it decides those in ``[core_first, core_last)``."""

    first: int
    last: int
    core_first: int
    core_last: int


def windows(pieces: Pieces, *, core: int, context: int) -> list[Window]:
    """Cut pieces into windows with disjoint, covering cores; cores end at a line end where possible.

    Args:
        pieces: pieces of one text.
        core: maximum pieces one window decides.
        context: maximum context pieces before and after the core.
    """
    total = len(pieces)
    line_starts = np.flatnonzero(pieces.lines)
    found: list[Window] = []
    position = 0
    while position < total:
        end = min(total, position + core)
        if end < total:
            candidate = int(line_starts[np.searchsorted(line_starts, end, side="right") - 1])
            end = candidate if candidate > position + core // 2 else _word_start(pieces, end, position)
        found.append(Window(max(0, position - context), min(total, end + context), position, end))
        position = end
    return found


def _word_start(pieces: Pieces, end: int, position: int) -> int:
    """Step back to the first piece of a word, unless the word fills the core."""
    start = int(np.searchsorted(pieces.words, pieces.words[end], side="left"))
    return start if start > position else end


_CLS: Final = "[CLS]"
_SEP: Final = "[SEP]"
_SLOW_FUSION: Final = "SkipLayerNormFusion"
"""Disabled: the fused operator takes 5 times as long on a CPU as the three it replaces."""


class ClinicalNer:
    """Find names, places, organisations, dates, identifiers and ages over 89 in clinical text.

    The model is read and checked on construction. Not thread-safe. Each window is run alone: dynamic quantisation takes
    its scales from the whole batch, so batching would make a text's result depend on other texts; larger batches would
    also overflow the processor's cache.

    Args:
        model: folder of the model; the shipped one by default.

    Raises:
        RecipeError: the model files are missing or not the pinned ones.
    """

    def __init__(self, model: Path = SHIPPED) -> None:
        import onnxruntime as ort  # noqa: PLC0415 - costs tenths of a second to import
        from tokenizers import Tokenizer  # noqa: PLC0415

        files = open_model(model)
        self._thresholds, self._core, self._context = files.thresholds, files.core, files.context
        tokenizer: Any = Tokenizer.from_str(files.vocabulary)
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer: Any = tokenizer
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        self._session: Any = ort.InferenceSession(
            files.network,
            sess_options=options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=[_SLOW_FUSION],
        )
        self._session._model_bytes = None  # noqa: SLF001 - 15 MB, kept to fall back on providers of which there is one
        self._cls: int = self._tokenizer.token_to_id(_CLS)
        self._sep: int = self._tokenizer.token_to_id(_SEP)

    def entities(self, text: str, thresholds: dict[str, float] | None = None) -> list[Entity]:
        """Find the entities of a text, disjoint and ordered, with code point offsets.

        Args:
            text: any text. PHI.
            thresholds: overrides of the model's own.
        """
        ((pieces, probabilities),) = self.probabilities([text])
        return list(trimmed(text, entities(text, pieces, probabilities, thresholds or self._thresholds)))

    def probabilities(self, texts: Sequence[str]) -> list[tuple[Pieces, npt.NDArray[np.float32]]]:
        """Return per text its pieces and their probabilities (pieces, tags)."""
        cut = [encode(self._tokenizer, text) for text in texts]
        return [(pieces, self._answered(pieces)) for pieces in cut]

    def _answered(self, pieces: Pieces) -> npt.NDArray[np.float32]:
        answer = np.zeros((len(pieces), len(TAGS)), dtype=np.float32)
        for window in windows(pieces, core=self._core, context=self._context):
            core = slice(window.core_first - window.first + 1, window.core_last - window.first + 1)
            answer[window.core_first : window.core_last] = self._run(pieces, window)[core]
        return answer

    def _run(self, pieces: Pieces, window: Window) -> npt.NDArray[np.float32]:
        """Return the probabilities of a window's pieces, run between the two special ones."""
        size = window.last - window.first
        ids = np.empty((1, size + 2), dtype=np.int64)
        shapes = np.full((1, size + 2), SPECIAL_SHAPE, dtype=np.int64)
        ids[0, 0], ids[0, -1] = self._cls, self._sep
        ids[0, 1:-1] = pieces.ids[window.first : window.last]
        shapes[0, 1:-1] = pieces.shapes[window.first : window.last]
        mask = np.ones((1, size + 2), dtype=np.int32)
        found: npt.NDArray[np.float32] = self._session.run(None, {"ids": ids, "shapes": shapes, "mask": mask})[0][0]
        return found
