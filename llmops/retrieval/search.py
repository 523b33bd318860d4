"""Hybrid search over one verified release: fused lexical and dense ranks; hits are cut from the release."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from llmops.errors import RecipeError, ReleaseError
from llmops.release import Release, verified
from llmops.retrieval.concepts import concepts
from llmops.retrieval.config import RetrievalConfig
from llmops.retrieval.dense import Dense, ExactVectors, Mask
from llmops.retrieval.hits import Filter, Hit
from llmops.retrieval.index import Encoder, Index, encoder_of
from llmops.retrieval.released_text import released_passage

RRF_K: Final = 60
"""The rank constant of reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009)."""
_MIN_DEPTH: Final = 50
_OTHER_WORDS: Final = 0.5
"""BM25 weight of synonyms of the query's words."""


class Searcher:
    """Find passages of one release.

    Args:
        release: the opened release; verified again here, as is each passage when served.
        index: an index of this release.
        config: ranking settings; chunking is the index's.
        embeddings: the encoder the index was built with, if not the bundled one.
        dense: a dense ranker in place of the index's own vectors.

    Raises:
        ReleaseError: the release does not verify, or the index is another release's.
    """

    def __init__(
        self,
        release: Release,
        index: Index,
        config: RetrievalConfig,
        *,
        embeddings: Encoder | None = None,
        dense: Dense | None = None,
    ) -> None:
        self.release = verified(release)
        if index.release_id != release.id:
            raise ReleaseError("the index belongs to another release; build it again")
        self.index = index
        self.config = config
        self._dense = dense if dense is not None else _own_dense(index, config, embeddings)
        self._standing = len(release)
        self._live = _live_rows(release, index)

    def search(self, query: str, k: int | None = None, where: Filter | None = None) -> tuple[Hit, ...]:
        """Return the best passages for a query, best first; deterministic for a query and a release.

        Args:
            query: may be PHI, and is neither kept nor logged. A blank one finds nothing; unpaired surrogate characters
                are skipped.
            k: maximum number; by default the configuration's ``k``.
            where: restricts the documents.

        Raises:
            ReleaseError: a passage differs from the release.
        """
        limit = self.config.k if k is None else k
        if limit < 1:
            raise RecipeError("retrieval.k: must be at least 1")
        query = query.encode("utf-8", "ignore").decode("utf-8")
        if not query.strip():
            return ()
        allowed = self._still_live() & _matching(self.index, where or Filter())
        depth = max(_MIN_DEPTH, 4 * limit)
        lexical = _lexical(self.index, query, depth, allowed)
        dense = self._dense.rank(query, depth, allowed) if self._dense is not None else ()
        return tuple(self._hit(row, score, lexical, dense) for row, score in fuse(lexical, dense)[:limit])

    def _still_live(self) -> Mask:
        """Rows without a tombstone at this moment, however long the searcher has been open."""
        standing = len(self.release)
        if standing != self._standing:
            self._live = _live_rows(self.release, self.index)
            self._standing = standing
        return self._live

    def _hit(self, row: int, score: float, lexical: Sequence[int], dense: Sequence[int]) -> Hit:
        columns = self.index.rows
        chunk_id, sha256 = columns["chunk_id"][row].as_py(), columns["sha256"][row].as_py()
        chunk, document = released_passage(self.release, chunk_id, sha256, self.index.config)
        return Hit(
            chunk=chunk,
            score=score,
            bm25_rank=_rank(lexical, row),
            dense_rank=_rank(dense, row),
            subject=document.subject,
            kind=document.kind,
            title=document.title,
        )


def fuse(*rankings: Iterable[int]) -> list[tuple[int, float]]:
    """Fuse by reciprocal rank: each ranking gives a row ``1 / (RRF_K + rank)``; ties go to the earlier row."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, row in enumerate(ranking, start=1):
            scores[row] = scores.get(row, 0.0) + 1.0 / (RRF_K + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def _own_dense(index: Index, config: RetrievalConfig, embeddings: Encoder | None) -> Dense | None:
    if not config.dense:
        return None
    if index.vectors is None:
        raise ReleaseError("the index has no vectors; build it again with retrieval.use: hybrid")
    return ExactVectors(encoder_of(config, embeddings), index.vectors)


def _live_rows(release: Release, index: Index) -> Mask:
    """Rows whose document may be served: a tombstone removes a document from every later search."""
    live = [document_id for batch in release.batches() for document_id in batch.column("document_id").to_pylist()]
    found = pc.is_in(index.rows["document_id"], value_set=pa.array(live, pa.string()))
    return np.asarray(found.to_numpy(), dtype=np.bool_)


def _matching(index: Index, where: Filter) -> Mask:
    mask = np.ones(len(index), dtype=np.bool_)
    for name in (item.name for item in fields(where)):
        wanted = getattr(where, name)
        if wanted:
            mask &= pc.equal(index.rows[name], str(wanted)).to_numpy().astype(np.bool_)
    return mask


def _lexical(index: Index, query: str, depth: int, allowed: Mask) -> list[int]:
    asked = concepts(query)
    outright = " ".join(name for concept in asked for name in concept.names[:1])
    other = " ".join(word for concept in asked for word in (*concept.names[1:], *concept.members))
    both = index.bm25.scores(outright or query) + _OTHER_WORDS * index.bm25.scores(other)
    scores = np.where(allowed, np.round(both, 5), 0.0)
    order = np.argsort(-scores, kind="stable")[:depth]
    return [int(row) for row in order if scores[row] > 0]


def _rank(ranking: Sequence[int], row: int) -> int | None:
    return ranking.index(row) + 1 if row in ranking else None
