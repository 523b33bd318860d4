"""Search over verified releases: passages, BM25 and dense ranking, LangChain retriever and loader."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from llmops.retrieval.chunk import Chunk, chunks
from llmops.retrieval.config import RetrievalConfig
from llmops.retrieval.hits import Filter, Hit

if TYPE_CHECKING:
    from llmops.retrieval.embed import MiniLmEmbeddings
    from llmops.retrieval.index import Index, build_index, index_folder, load_or_build, open_index
    from llmops.retrieval.loader import ReleaseLoader
    from llmops.retrieval.retriever import ReleaseRetriever
    from llmops.retrieval.search import Searcher

__all__ = [
    "Chunk",
    "Filter",
    "Hit",
    "Index",
    "MiniLmEmbeddings",
    "ReleaseLoader",
    "ReleaseRetriever",
    "RetrievalConfig",
    "Searcher",
    "build_index",
    "chunks",
    "index_folder",
    "load_or_build",
    "open_index",
]

# These import LangChain, half a second that a run without retrieval should not pay.
_HOME: Final = {
    "Index": "index",
    "MiniLmEmbeddings": "embed",
    "ReleaseLoader": "loader",
    "ReleaseRetriever": "retriever",
    "Searcher": "search",
    "build_index": "index",
    "index_folder": "index",
    "load_or_build": "index",
    "open_index": "index",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"llmops.retrieval.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
