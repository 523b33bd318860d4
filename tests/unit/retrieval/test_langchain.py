"""The LangChain faces of retrieval."""

import socket
from pathlib import Path

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.vectorstores import InMemoryVectorStore
from langsmith.utils import tracing_is_enabled

from llmops.errors import RecipeError, ReleaseError
from llmops.release import Release
from llmops.retrieval import ReleaseLoader, ReleaseRetriever, RetrievalConfig, build_index, index_folder
from llmops.retrieval.files import file_digests
from llmops.retrieval.retriever import Searcher

WORDS_ONLY = RetrievalConfig(use="bm25", chunk_words=40)


def test_the_retriever_gives_passages_with_their_origin(release: Release) -> None:
    """Metadata says where each passage lies, in which release, of which subject."""
    documents = ReleaseRetriever(release=release, config=WORDS_ONLY, k=2).invoke("apixaban")
    first = documents[0]
    assert first.metadata["release_id"] == release.id
    assert first.metadata["document_id"] == "r2.0"
    assert first.metadata["subject"] == "S-one"
    text = release.document("r2.0").text
    assert text[first.metadata["start"] : first.metadata["end"]] == first.page_content


@pytest.mark.parametrize("source", [None, "a path", {"text": "Jane Roe"}, [Document(page_content="Jane Roe")]])
def test_anything_but_a_release_is_refused(source: object) -> None:
    """Neither retriever nor loader takes other text, and neither message shows it."""
    for opened in (lambda: ReleaseRetriever(release=source), lambda: ReleaseLoader(source)):
        with pytest.raises(ReleaseError) as caught:
            opened()
        assert "Roe" not in str(caught.value)


def test_the_loader_gives_every_document(release: Release) -> None:
    """Whole, in the order of the release."""
    loaded = ReleaseLoader(release).load()
    assert [item.page_content for item in loaded] == [item.text for item in release.documents()]
    assert {item.metadata["release_id"] for item in loaded} == {release.id}


def test_the_index_of_the_run_is_used_as_it_is(release: Release) -> None:
    """By its own configuration where none is named; what another one needs is built aside."""
    own = RetrievalConfig(use="bm25", chunk_words=40, k=1)
    build_index(release, index_folder(release), own)
    before = file_digests(index_folder(release))
    plain = ReleaseRetriever(release=release)
    assert plain.searcher.index.config == own
    assert len(plain.invoke("creatinine")) == 1
    more = ReleaseRetriever(release=release, config=WORDS_ONLY)
    assert more.searcher.index.digest == plain.searcher.index.digest
    assert len(more.invoke("creatinine")) == 2
    other = ReleaseRetriever(release=release, config=RetrievalConfig(use="bm25", chunk_words=60))
    assert other.searcher.index.config.chunk_words == 60
    store = InMemoryVectorStore(DeterministicFakeEmbedding(size=16))
    assert ReleaseRetriever(release=release, vector_store=store).invoke("creatinine")
    assert file_digests(index_folder(release)) == before


def test_any_embeddings_take_the_encoders_place(release: Release, tmp_path: Path) -> None:
    """The index is built and searched with what the caller gave."""
    retriever = ReleaseRetriever(
        release=release, index_directory=tmp_path / "index", embeddings=DeterministicFakeEmbedding(size=16)
    )
    assert retriever.searcher.index.vectors is not None
    assert retriever.searcher.index.vectors.shape[1] == 16
    assert retriever.invoke("apixaban")


def test_any_vector_store_takes_the_searchs_place(release: Release) -> None:
    """The store ranks; what is served comes from the release."""
    store = InMemoryVectorStore(DeterministicFakeEmbedding(size=16))
    retriever = ReleaseRetriever(release=release, config=RetrievalConfig(chunk_words=40), vector_store=store)
    texts = {item.text for item in release.documents()}
    found = retriever.invoke("mitral regurgitation")
    assert found
    assert all(any(item.page_content in text for text in texts) for item in found)


def test_a_vector_store_cannot_inject_a_passage(release: Release) -> None:
    """Text that the store holds beside the release's is refused, and altered text is not believed."""
    store = InMemoryVectorStore(DeterministicFakeEmbedding(size=16))
    retriever = ReleaseRetriever(release=release, config=RetrievalConfig(chunk_words=40), vector_store=store)
    for entry in store.store.values():
        entry["text"] = "altered"
    assert all("altered" not in item.page_content for item in retriever.invoke("mitral regurgitation"))
    store.add_documents([Document(id="elsewhere#0", page_content="injected", metadata={})])
    with pytest.raises(ReleaseError, match="not in the release"):
        ReleaseRetriever(release=release, config=RetrievalConfig(k=50), vector_store=store).invoke("injected")


def test_an_unknown_argument_is_refused(release: Release) -> None:
    """A misspelt filter would be ignored, and passages of every document served."""
    with pytest.raises(RecipeError, match="wher is no argument"):
        ReleaseRetriever(release=release, wher=None)


def test_embeddings_beside_a_store_that_has_its_own_are_refused(release: Release) -> None:
    """Two encoders for one search would compare what cannot be compared."""
    store = InMemoryVectorStore(DeterministicFakeEmbedding(size=16))
    with pytest.raises(RecipeError, match="embeds by itself"):
        ReleaseRetriever(release=release, vector_store=store, embeddings=DeterministicFakeEmbedding(size=16))


def test_nothing_is_traced_or_sent(release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tracing asked for by the environment stays off, and no socket is opened."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    seen = []
    search = Searcher.search

    def watched(self: Searcher, *args: object) -> object:
        seen.append(tracing_is_enabled())
        return search(self, *args)  # type: ignore[arg-type]

    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    monkeypatch.setenv("LANGSMITH_API_KEY", "none")
    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(Searcher, "search", watched)
    assert ReleaseRetriever(release=release, config=RetrievalConfig(chunk_words=40)).invoke("apixaban")
    assert seen == [False]
