"""Run the judge: boosted trees over the evidence, shipped and pinned with the network they were fitted to."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from llmops.deid.detect.judge.evidence import WIDTH, gather
from llmops.deid.detect.judge.lexicon import Lexicon
from llmops.deid.detect.ner.shipped import SHIPPED, open_judge
from llmops.deid.spans import ScoredWord, Span, View
from llmops.errors import RecipeError

_AT_ONCE: Final = 32
"""Rows per call; above 50 rows onnxruntime iterates tree by tree, which costs some processors 3 times as much per row.
"""


class Judge:
    """Estimate the PHI probability of each word that the network doubts or a rule found.

    The trees are read and checked on construction. Not thread-safe.

    Args:
        model: folder of the network and its judge; the shipped one by default.

    Raises:
        RecipeError: the files are missing, not the pinned ones, or for another version of llmops.
    """

    def __init__(self, model: Path = SHIPPED) -> None:
        import onnxruntime as ort  # noqa: PLC0415 - costs tenths of a second to import

        files = open_judge(model)
        self.threshold = files.threshold
        self._lexicon = Lexicon.from_json(files.lexicon)
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        self._trees: Any = ort.InferenceSession(files.trees, sess_options=options, providers=["CPUExecutionProvider"])
        if self._trees.get_inputs()[0].shape[1] != WIDTH:
            raise RecipeError("deid.ner: the judge was made for another version of llmops")

    def words(self, view: View, finds: Sequence[Span]) -> list[ScoredWord]:
        """Judge the words of a text.

        Args:
            view: the text, with the network's word scores. PHI.
            finds: of the rules.

        Returns:
            Each doubtful word, in order, with its PHI probability.
        """
        evidence = gather(view, finds, self._lexicon)
        if not evidence.words:
            return []
        rows = evidence.rows
        parts = [self._trees.run(None, {"rows": rows[n : n + _AT_ONCE]})[0] for n in range(0, len(rows), _AT_ONCE)]
        odds = np.concatenate(parts)[:, 0]
        return [
            ScoredWord(start=start, end=end, label=label, score=score)
            for (start, end), label, score in zip(
                evidence.words, evidence.labels, (1 / (1 + np.exp(-odds))).tolist(), strict=True
            )
        ]
