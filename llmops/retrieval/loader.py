"""A LangChain document loader over a verified release."""

from collections.abc import Iterator
from typing import Any

from langchain_core.document_loaders import BaseLoader
from langchain_core.documents import Document

from llmops.release import verified


class ReleaseLoader(BaseLoader):
    """Yield each released document whole, for the caller's splitter or pipeline.

    Args:
        release: result of `llmops.open_release`.

    Raises:
        ReleaseError: not a release, or one that does not verify.
    """

    def __init__(self, release: Any) -> None:
        self._release = verified(release)

    def lazy_load(self) -> Iterator[Document]:
        """Yield the documents in the release's order."""
        verified(self._release)
        for document in self._release.documents():
            metadata = {
                "document_id": document.document_id,
                "release_id": self._release.id,
                "subject": document.subject,
                "kind": document.kind.value,
                "doc_type": document.doc_type,
                "title": document.title,
                "score": document.quality.score,
            }
            yield Document(id=document.document_id, page_content=document.text, metadata=metadata)
