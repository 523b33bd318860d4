"""The only door by which released text comes into retrieval: a verified release, its chunks checked when served."""

from typing import Any

from llmops.documents import ReleasedDocument
from llmops.errors import ReleaseError
from llmops.release import Release
from llmops.retrieval.chunk import Chunk, chunks
from llmops.retrieval.config import RetrievalConfig


def verified(release: Any) -> Release:
    """Give back a release after verifying it now.

    Raises:
        ReleaseError: it is anything but an opened `Release`, or it does not verify any more.
    """
    if not isinstance(release, Release):
        raise ReleaseError("retrieval reads opened releases only; open one with llmops.open_release")
    release.verify()
    return release


def serve(release: Release, chunk_id: str, sha256: str, config: RetrievalConfig) -> tuple[Chunk, ReleasedDocument]:
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
