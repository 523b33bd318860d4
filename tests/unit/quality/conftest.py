"""Documents for the tests of quality."""

from collections.abc import Callable
from typing import Any

import pytest

from llmops.documents import DeidentifiedDocument, Kind, Provenance
from llmops.quality import QualityPolicy, load_policy


def make_document(text: str = "", **parts: Any) -> DeidentifiedDocument:
    """A note that has everything but what ``parts`` takes away."""
    settings: dict[str, Any] = {
        "document_id": "r1.0",
        "record_id": "r1",
        "subject": "subject-1",
        "kind": Kind.NOTE,
        "title": "Progress note",
        "text": text,
        "time": "2024-03-01",
        "policy_id": "safe_harbor@0",
        "provenance": Provenance(format="text"),
    }
    return DeidentifiedDocument(**(settings | parts))


@pytest.fixture
def document() -> Callable[..., DeidentifiedDocument]:
    """Makes a document."""
    return make_document


@pytest.fixture(scope="session")
def policy() -> QualityPolicy:
    """The bundled policy, with 2024 as the present."""
    return load_policy("default", reference_year=2024)
