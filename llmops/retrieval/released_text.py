"""The only door by which released text comes into retrieval: cut from the verified release and checked when served."""

from llmops.documents import ReleasedDocument
from llmops.errors import ReleaseError
from llmops.release import Release
from llmops.retrieval.chunk import Chunk, chunks
from llmops.retrieval.config import RetrievalConfig


def released_passage(
    release: Release, chunk_id: str, sha256: str, config: RetrievalConfig
) -> tuple[Chunk, ReleasedDocument]:
    """Cut a chunk from the verified release again and check it against the hash that the index holds for it.

    Nothing of the chunk but its id comes from the index, so an altered index can hide a passage but not invent one.

    Raises:
        ReleaseError: the document is not in the release (any more) or the text is not the text that was indexed.
    """
    document_id, _, number = chunk_id.rpartition("#")
    document = release.document(document_id)
    cut = chunks(document, config)
    if not number.isdecimal() or int(number) >= len(cut) or cut[int(number)].sha256 != sha256:
        raise ReleaseError("a passage differs from what was indexed; build the index again")
    return cut[int(number)], document
