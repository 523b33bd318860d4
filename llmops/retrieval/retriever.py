"""A LangChain retriever over a verified release."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import run_in_executor
from langchain_core.vectorstores import VectorStore
from pydantic import ConfigDict, PrivateAttr

from llmops.errors import RecipeError
from llmops.release import verified
from llmops.retrieval.chunk import chunks
from llmops.retrieval.config import RetrievalConfig
from llmops.retrieval.dense import StoreVectors
from llmops.retrieval.hits import Filter, Hit
from llmops.retrieval.index import Index, configuration, index_folder, load_or_build, searchable
from llmops.retrieval.search import Searcher
from llmops.retrieval.tracing_off import untraced


class ReleaseRetriever(BaseRetriever):
    """Serve passages of one verified release to LangChain; refuse any other source of text.

    Args:
        release: result of `llmops.open_release`; verified again.
        index_directory: path of the index, opened or built; by default that of the run that made the release or, if
            none fits, a temporary one for this object.
        config: chunking and ranking; by default the index's.
        embeddings: any LangChain ``Embeddings`` in place of the bundled encoder; they receive passages and queries, so
            a remote service gets both.
        vector_store: any LangChain ``VectorStore`` in place of the exact search; filled here, embeds by itself.
        k: passages per query; by default the configuration's.
        where: restricts the documents.

    Raises:
        ReleaseError: not a release, or one that does not verify.
        RecipeError: an unknown argument, or a vector store whose embeddings differ from those given.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, frozen=True)

    release: Any
    index_directory: Path | None = None
    config: RetrievalConfig | None = None
    embeddings: Embeddings | None = None
    vector_store: VectorStore | None = None
    k: int | None = None
    where: Filter | None = None
    _searcher: Searcher = PrivateAttr()

    def __init__(self, **fields: Any) -> None:
        # Before pydantic validates it: its error text would show the rejected object.
        verified(fields.get("release"))
        for name in fields.keys() - type(self).model_fields.keys():
            raise RecipeError(f"retrieval: {name} is no argument of the retriever")
        super().__init__(**fields)
        self._searcher = self._open()

    @property
    def searcher(self) -> Searcher:
        """The search behind this retriever, with ranks and scores."""
        return self._searcher

    def invoke(self, input: str, config: RunnableConfig | None = None, **kwargs: Any) -> list[Document]:  # noqa: A002
        """Find passages; the caller's callbacks run, tracing services named by the environment do not."""
        with untraced():
            return super().invoke(input, config, **kwargs)

    async def ainvoke(self, input: str, config: RunnableConfig | None = None, **kwargs: Any) -> list[Document]:  # noqa: A002
        """Run `invoke` in a worker thread."""
        with untraced():
            return await super().ainvoke(input, config, **kwargs)

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        del run_manager
        return [as_document(hit, self.release.id) for hit in self._searcher.search(query, self.k, self.where)]

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun
    ) -> list[Document]:
        return await run_in_executor(None, self._get_relevant_documents, query, run_manager=run_manager.get_sync())

    def _open(self) -> Searcher:
        config = self.config or configuration(self._place) or RetrievalConfig()
        if self.vector_store is None:
            return Searcher(self.release, self._index(config), config, embeddings=self.embeddings)
        if self.embeddings is not None and self.vector_store.embeddings is not self.embeddings:
            raise RecipeError("retrieval.embeddings: a vector store embeds by itself; leave embeddings out")
        lexical = replace(config, use="bm25")
        index = self._index(lexical)
        return Searcher(self.release, index, lexical, dense=self._filled(self.vector_store, index))

    @property
    def _place(self) -> Path:
        return self.index_directory or index_folder(self.release)

    def _index(self, config: RetrievalConfig) -> Index:
        lying = configuration(self._place)
        if lying is not None and lying.builds_as(config) and (self.index_directory or self.embeddings is None):
            return load_or_build(self.release, self._place, lying, embeddings=self.embeddings)
        if self.index_directory is not None:
            return load_or_build(self.release, self.index_directory, config, embeddings=self.embeddings)
        with TemporaryDirectory(prefix="llmops-index-") as folder:
            return load_or_build(self.release, Path(folder) / "index", config, embeddings=self.embeddings)

    def _filled(self, store: VectorStore, index: Index) -> StoreVectors:
        chunk_ids = index.rows["chunk_id"].to_pylist()
        dense = StoreVectors(store, {chunk_id: row for row, chunk_id in enumerate(chunk_ids)})
        texts = {
            chunk.chunk_id: searchable(document, chunk)
            for document in self.release.documents()
            for chunk in chunks(document, index.config)
        }
        live = [chunk_id for chunk_id in chunk_ids if chunk_id in texts]
        dense.fill([texts[chunk_id] for chunk_id in live], live)
        return dense


def as_document(hit: Hit, release_id: str) -> Document:
    """Convert a hit to a LangChain document."""
    chunk = hit.chunk
    metadata = {
        "chunk_id": chunk.chunk_id,
        "document_id": chunk.document_id,
        "section": chunk.section,
        "start": chunk.start,
        "end": chunk.end,
        "sha256": chunk.sha256,
        "subject": hit.subject,
        "release_id": release_id,
        "score": hit.score,
    }
    return Document(id=chunk.chunk_id, page_content=chunk.text, metadata=metadata)
