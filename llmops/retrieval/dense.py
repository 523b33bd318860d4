"""Dense ranking: exact search over the index's own vectors, or any LangChain vector store."""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
from langchain_core.documents import Document
from langchain_core.vectorstores import VectorStore

from llmops.errors import ReleaseError
from llmops.retrieval.embed import Vectors
from llmops.retrieval.index import Encoder

Mask = npt.NDArray[np.bool_]
_STORE_BATCH: Final = 256


class Dense(Protocol):
    """Rank the rows of an index by meaning."""

    def rank(self, query: str, depth: int, allowed: Mask) -> Sequence[int]:
        """Rank up to ``depth`` rows for ``query`` among those ``allowed``, best first."""
        ...


class ExactVectors:
    """Exact cosine search over every row: nothing is missed and the order is repeatable."""

    def __init__(self, encoder: Encoder, vectors: Vectors) -> None:
        self._encoder = encoder
        self._vectors = vectors

    def rank(self, query: str, depth: int, allowed: Mask) -> Sequence[int]:
        """See `Dense`; ties go to the earlier row."""
        vector = np.asarray(self._encoder.embed_query(query), dtype=np.float32)
        # Rounded, because the last bits differ between CPUs and would swap near ties.
        scores = np.round(self._vectors @ vector, 5)
        return [int(row) for row in np.argsort(-scores, kind="stable") if allowed[row]][:depth]


class StoreVectors:
    """Search the caller's vector store; only the chunk ids of its answers are used.

    Args:
        store: holds one document per chunk, with the chunk id as its id.
        row_of: index row of each chunk id.
    """

    def __init__(self, store: VectorStore, row_of: Mapping[str, int]) -> None:
        self._store = store
        self._row_of = row_of

    def fill(self, texts: Sequence[str], chunk_ids: Sequence[str]) -> None:
        """Add passages to the store under their chunk ids."""
        for start in range(0, len(texts), _STORE_BATCH):
            part = slice(start, start + _STORE_BATCH)
            documents = [
                Document(id=chunk_id, page_content=text, metadata={"chunk_id": chunk_id})
                for chunk_id, text in zip(chunk_ids[part], texts[part], strict=True)
            ]
            self._store.add_documents(documents, ids=list(chunk_ids[part]))

    def rank(self, query: str, depth: int, allowed: Mask) -> Sequence[int]:
        """See `Dense`.

        Raises:
            ReleaseError: the store returned a passage that the release does not have.
        """
        # A store has its own filter, so enough is requested for the filter here to leave `depth`.
        wanted = min(len(self._row_of), depth + int((~allowed).sum()))
        rows = [self._row(found) for found in self._store.similarity_search(query, k=wanted)] if wanted else []
        return [row for row in dict.fromkeys(rows) if allowed[row]][:depth]

    def _row(self, found: Document) -> int:
        row = self._row_of.get(str(found.metadata.get("chunk_id", found.id)))
        if row is None:
            raise ReleaseError("the vector store holds a passage that is not in the release; fill it anew")
        return row
