"""Runs the shipped network over texts: one thread, windows of many texts batched by length."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from llmops.deid.ner.entities import Entity, entities, trimmed
from llmops.deid.ner.labels import TAGS
from llmops.deid.ner.pieces import SPECIAL_SHAPE, Pieces, encode
from llmops.deid.ner.shipped import SHIPPED, ModelFiles, open_model
from llmops.deid.ner.windows import Window, windows

_CLS: Final = "[CLS]"
_SEP: Final = "[SEP]"
_SLOW_FUSION: Final = "SkipLayerNormFusion"
"""The fused operator takes five times as long on a CPU as the three it stands for."""


@dataclass(frozen=True, slots=True)
class _Job:
    """One window of one text of a batch."""

    text: int
    window: Window

    @property
    def size(self) -> int:
        """How many pieces go through the network."""
        return self.window.last - self.window.first


class ClinicalNer:
    """Finds names, places, organisations, dates, identifiers and ages over 89 in clinical text.

    The model is read and checked on construction. One instance must not be shared between threads.

    Args:
        model: folder of the model; the one that comes with the package by default.
        batch_pieces: word pieces to one pass of the network; more only strain the processor's cache.

    Raises:
        RecipeError: the model files are missing or not the pinned ones.
    """

    def __init__(self, model: Path = SHIPPED, *, batch_pieces: int = 400) -> None:
        import onnxruntime as ort  # noqa: PLC0415 - costs tenths of a second to import
        from tokenizers import Tokenizer  # noqa: PLC0415

        self._files: ModelFiles = open_model(model)
        self._batch_pieces = batch_pieces
        tokenizer: Any = Tokenizer.from_str(self._files.vocabulary)
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer: Any = tokenizer
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        self._session: Any = ort.InferenceSession(
            self._files.network,
            sess_options=options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=[_SLOW_FUSION],
        )
        self._cls: int = self._tokenizer.token_to_id(_CLS)
        self._sep: int = self._tokenizer.token_to_id(_SEP)

    def entities(self, texts: Sequence[str], thresholds: dict[str, float] | None = None) -> list[list[Entity]]:
        """Find the entities of each text, disjoint and in order, with code point offsets.

        Args:
            texts: any texts. PHI.
            thresholds: other than the model's own.
        """
        floors = thresholds or self._files.thresholds
        return [
            list(trimmed(text, entities(text, pieces, probabilities, floors)))
            for text, (pieces, probabilities) in zip(texts, self.probabilities(texts), strict=True)
        ]

    def probabilities(self, texts: Sequence[str]) -> list[tuple[Pieces, npt.NDArray[np.float32]]]:
        """Give the pieces of each text and the probabilities (pieces, tags) of each."""
        cut = [encode(self._tokenizer, text) for text in texts]
        answers = [np.zeros((len(pieces), len(TAGS)), dtype=np.float32) for pieces in cut]
        jobs = [
            _Job(number, window)
            for number, pieces in enumerate(cut)
            for window in windows(pieces, core=self._files.core, context=self._files.context)
        ]
        for batch in self._batches(jobs):
            for job, row in zip(batch, self._run(cut, batch), strict=True):
                window = job.window
                core = slice(window.core_first - window.first + 1, window.core_last - window.first + 1)
                answers[job.text][window.core_first : window.core_last] = row[core]
        return list(zip(cut, answers, strict=True))

    def _batches(self, jobs: list[_Job]) -> Iterator[list[_Job]]:
        """Group windows of like length, so that little is padded."""
        batch: list[_Job] = []
        for job in sorted(jobs, key=lambda job: job.size):
            if batch and (len(batch) + 1) * job.size > self._batch_pieces:
                yield batch
                batch = []
            batch.append(job)
        if batch:
            yield batch

    def _run(self, cut: Sequence[Pieces], batch: Sequence[_Job]) -> Iterator[npt.NDArray[np.float32]]:
        length = max(job.size for job in batch) + 2
        ids = np.zeros((len(batch), length), dtype=np.int64)
        shapes = np.full((len(batch), length), SPECIAL_SHAPE, dtype=np.int64)
        mask = np.zeros((len(batch), length), dtype=np.int32)
        for number, job in enumerate(batch):
            pieces, window = cut[job.text], job.window
            size = job.size
            ids[number, 0], ids[number, size + 1] = self._cls, self._sep
            ids[number, 1 : size + 1] = pieces.ids[window.first : window.last]
            shapes[number, 1 : size + 1] = pieces.shapes[window.first : window.last]
            mask[number, : size + 2] = 1
        yield from self._session.run(None, {"ids": ids, "shapes": shapes, "mask": mask})[0]
