"""A tiny release of invented records with a lexical search over it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from llmops.documents import Kind, ScoredDocument, Section
from llmops.keys import load_or_create_signing_key
from llmops.release import Release, open_release
from llmops.retrieval import RetrievalConfig, Searcher, build_index

ECHO = """The left ventricular ejection fraction is 55%. Mild mitral regurgitation is present.
The left atrium measures 4.1 cm."""
MEDICATIONS = """MEDICATIONS:
- Apixaban 5 mg twice daily
- Metoprolol succinate 50 mg daily"""
LABS = """Hemoglobin: 13.2 g/dL
Creatinine: 1.1 mg/dL"""


@pytest.fixture
def release(
    tmp_path: Path, publish_release: Callable[..., Path], scored_document: Callable[..., ScoredDocument]
) -> Release:
    """Three documents of one subject, each of one section."""
    signer = load_or_create_signing_key(tmp_path / "key.pem")
    texts = ((ECHO, "findings", Kind.REPORT), (MEDICATIONS, "medications", Kind.NOTE), (LABS, "results", Kind.SUMMARY))
    documents = [
        scored_document(f"r{number}.0", text, kind=kind, sections=(Section(start=0, end=len(text), name=section),))
        for number, (text, section, kind) in enumerate(texts, 1)
    ]
    return open_release(publish_release(tmp_path / "out", documents, signer), (signer.public,))


@pytest.fixture
def searcher(release: Release, tmp_path: Path) -> Searcher:
    """A search by words."""
    config = RetrievalConfig(use="bm25")
    return Searcher(release, build_index(release, tmp_path / "index", config), config)
