"""Lexical ranking with BM25."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from llmops.retrieval.terms import words

Scores = npt.NDArray[np.float32]


class Bm25:
    """Score texts against a query by BM25 (Lucene's variant), identically on every machine.

    Args:
        engine: a bm25s index; ``None`` if no text has any word.
        size: number of texts.
    """

    def __init__(self, engine: Any | None, size: int) -> None:
        self._engine = engine
        self._size = size

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Bm25":
        """Index texts; the vocabulary is sorted, so that equal texts give equal files."""
        import bm25s  # noqa: PLC0415 - loads on first use

        tokens = [words(text) for text in texts]
        vocabulary = {word: number for number, word in enumerate(sorted({word for row in tokens for word in row}))}
        if not vocabulary:
            return cls(None, len(texts))
        engine = bm25s.BM25(auto_compile=False)
        engine.index(
            ([[vocabulary[word] for word in row] for row in tokens], vocabulary),
            create_empty_token=False,
            show_progress=False,
        )
        return cls(engine, len(texts))

    @classmethod
    def load(cls, folder: Path) -> "Bm25":
        """Read the output of `save`; memory-mapped, never unpickled."""
        import bm25s  # noqa: PLC0415 - loads on first use

        size = int(json.loads((folder / "size.json").read_text("utf-8")))
        if not (folder / "vocab.index.json").is_file():
            return cls(None, size)
        return cls(bm25s.BM25.load(folder, mmap=True, show_progress=False, verbosity=0, auto_compile=False), size)

    def save(self, folder: Path) -> None:
        """Write the index into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "size.json").write_text(json.dumps(self._size), "utf-8")
        if self._engine is not None:
            self._engine.save(folder, show_progress=False)

    def scores(self, query: str) -> Scores:
        """The score of every text; 0 without a common word."""
        known = self._engine.get_tokens_ids(words(query)) if self._engine is not None else []
        if not known:
            return np.zeros(self._size, dtype=np.float32)
        return np.asarray(self._engine.get_scores_from_ids(known), dtype=np.float32)  # type: ignore[union-attr]
