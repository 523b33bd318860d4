"""Retrieval settings of a recipe."""

from dataclasses import dataclass, replace
from typing import Literal

from llmops.errors import RecipeError


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalConfig:
    """Settings for chunking, ranking and serving released documents.

    Args:
        use: kind of retrieval; ``"hybrid"`` fuses BM25 and dense ranks, ``"bm25"`` needs no encoder.
        embeddings: name of a bundled encoder. Python code may pass any LangChain ``Embeddings`` instead; a recipe may
            not name a class, so that reading YAML never runs code.
        chunk_words: target size of a chunk in words. The bundled encoder reads 256 word pieces, and clinical text has
            about 1.9 of them a word: of a chunk above the default only the beginning is ranked.
        overlap_sentences: sentences repeated from the previous chunk of the same section.
        k: default number of hits per query.
        threads: CPU threads the encoder may use; 0 takes every core of the process.
    """

    use: Literal["hybrid", "bm25"] = "hybrid"
    embeddings: Literal["minilm-int8"] = "minilm-int8"
    chunk_words: int = 130
    overlap_sentences: int = 0
    k: int = 5
    threads: int = 0

    def __post_init__(self) -> None:
        if not 20 <= self.chunk_words <= 2000:
            raise RecipeError("retrieval.chunk_words: must be between 20 and 2000")
        if not 0 <= self.overlap_sentences <= 5:
            raise RecipeError("retrieval.overlap_sentences: must be between 0 and 5")
        if self.k < 1:
            raise RecipeError("retrieval.k: must be at least 1")
        if self.threads < 0:
            raise RecipeError("retrieval.threads: must be at least 0")

    @property
    def dense(self) -> bool:
        """Whether an encoder is needed."""
        return self.use == "hybrid"

    def builds_as(self, other: "RetrievalConfig") -> bool:
        """Whether both build the same index: ``k`` and ``threads`` affect queries only."""
        return replace(other, k=self.k, threads=self.threads) == self
