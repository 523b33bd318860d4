"""The single entry point of released text into retrieval: cut from the verified release, checked when served."""

from llmops.documents import ReleasedDocument
from llmops.errors import ReleaseError
from llmops.release import Release
from llmops.retrieval.chunk import Chunk, chunks
from llmops.retrieval.config import RetrievalConfig


def released_passage(
    release: Release, chunk_id: str, sha256: str, config: RetrievalConfig
) -> tuple[Chunk, ReleasedDocument]:
    """Cut a chunk from the verified release again and check it against the index's hash.

    Only the chunk id comes from the index, so an altered index can hide a passage but not invent one.

    Raises:
        ReleaseError: the document is not (or no longer) in the release, or its text differs from the indexed text.
    """
    document_id, _, number = chunk_id.rpartition("#")
    document = release.document(document_id)
    cut = chunks(document, config)
    if not number.isdecimal() or int(number) >= len(cut) or cut[int(number)].sha256 != sha256:
        raise ReleaseError("a passage differs from what was indexed; build the index again")
    return cut[int(number)], document
