"""A tiny release of invented records with a lexical search over it."""

from pathlib import Path

import pytest

from llmops.audit.keys import load_or_create_signing_key
from llmops.documents import Format, Kind, Provenance, QualityReport, Receipt, ScoredDocument, Section
from llmops.release import Anchor, Release, ReleaseFacts, ReleaseWriter, open_release
from llmops.retrieval import RetrievalConfig, Searcher, build_index

ECHO = """The left ventricular ejection fraction is 55%. Mild mitral regurgitation is present.
The left atrium measures 4.1 cm."""
MEDICATIONS = """MEDICATIONS:
- Apixaban 5 mg twice daily
- Metoprolol succinate 50 mg daily"""
LABS = """Hemoglobin: 13.2 g/dL
Creatinine: 1.1 mg/dL"""


def scored(number: int, text: str, section: str, kind: Kind) -> ScoredDocument:
    """A document of one section."""
    return ScoredDocument(
        document_id=f"r{number}.0",
        record_id=f"r{number}",
        subject="S-one",
        kind=kind,
        text=text,
        sections=(Section(start=0, end=len(text), name=section),),
        policy_id="p@0",
        provenance=Provenance(format=Format.TEXT),
        quality=QualityReport(score=1.0, dimensions=()),
    )


@pytest.fixture
def release(tmp_path: Path) -> Release:
    """Three documents of one subject."""
    key = load_or_create_signing_key(tmp_path / "key.pem")
    zeros = "0" * 64
    facts = ReleaseFacts(
        policy_id="p@0",
        recipe_digest=zeros,
        quality_policy_digest=zeros,
        gate_policy_digest=zeros,
        models=(),
        code_version="0",
        verdicts=(),
        counts=(),
        residual_risk=(),
        audit=(Anchor(stream="s", size=3, root=zeros),),
        created="2026-01-01",
        key=key.public,
    )
    documents = (
        scored(1, ECHO, "findings", Kind.REPORT),
        scored(2, MEDICATIONS, "medications", Kind.NOTE),
        scored(3, LABS, "results", Kind.SUMMARY),
    )
    with ReleaseWriter(tmp_path / "out") as writer:
        for document in documents:
            writer.add(document)
        writer.add_receipts(
            (item.document_id, Receipt(stream="s", index=number, leaf=zeros)) for number, item in enumerate(documents)
        )
        folder = writer.publish(facts, key, scorecard=b"{}", report=b"<html></html>")
    return open_release(folder, (key.public,))


@pytest.fixture
def searcher(release: Release, tmp_path: Path) -> Searcher:
    """A search by words."""
    config = RetrievalConfig(use="bm25")
    return Searcher(release, build_index(release, tmp_path / "index", config), config)
