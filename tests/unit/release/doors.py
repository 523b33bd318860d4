"""The doors that a release's text can come out by; each takes a candidate and gives all text that came through."""

from types import SimpleNamespace

from llmops.errors import ReleaseError
from llmops.evaluation import ExtractiveChatModel, Suite, evaluate
from llmops.retrieval import ReleaseLoader, ReleaseRetriever, RetrievalConfig, Searcher, build_index
from llmops.training import stream

CANARY = "CANARYFORGED"
LEXICAL = RetrievalConfig(use="bm25")
SUITE = Suite.model_validate(
    {
        "name": "forge",
        "version": "1",
        "prompts": {"plain": "{context}\n{question}"},
        "defaults": {"k": 3},
        "cases": ({"id": "a", "question": f"{CANARY} HGB", "assertions": ({"use": "cites"},)},),
    }
)


def _evaluated(candidate, folder, prompts):
    index = SimpleNamespace(digest="", config=LEXICAL)
    searcher = SimpleNamespace(release=candidate, index=index, search=lambda *_: ())
    evaluate(SUITE, candidate, searcher, ExtractiveChatModel())
    return prompts


def _indexed(candidate, folder, prompts):
    build_index(candidate, folder, LEXICAL)
    return [path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file()]


def _searched(candidate, folder, prompts):
    index = build_index(candidate, folder, LEXICAL)
    return [hit.chunk.text for hit in Searcher(candidate, index, LEXICAL).search(CANARY)]


def _retrieved(candidate, folder, prompts):
    retriever = ReleaseRetriever(release=candidate, config=LEXICAL, index_directory=folder)
    return [document.page_content for document in retriever.invoke(CANARY)]


def _loaded(candidate, folder, prompts):
    return [document.page_content for document in ReleaseLoader(candidate).lazy_load()]


def _streamed(candidate, folder, prompts):
    return [item.text for item in stream(candidate)]


def _windowed(candidate, folder, prompts):
    return [item.text for item in stream(candidate, window_tokens=4)]


DOORS = (_evaluated, _indexed, _searched, _retrieved, _loaded, _streamed, _windowed)


def refused(door, candidate):
    """Whether a door refuses as it should; any other exception is a failure of its own."""
    try:
        door(candidate)
    except ReleaseError as error:
        return CANARY not in str(error)
    return False
