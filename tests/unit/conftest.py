"""What the tests of every reader of releases share: invented documents, published as a run publishes them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from llmops.documents import Kind, Provenance, QualityReport, Receipt, ScoredDocument, Withheld
from llmops.keys import SigningKey, VerifyKey
from llmops.release import ReleaseFacts, ReleaseWriter

POLICY = "safe_harbor@0123456789ab"


def _document(document_id: str, text: str, **changes: object) -> ScoredDocument:
    document = ScoredDocument(
        document_id=document_id,
        record_id=document_id.partition(".")[0],
        subject="S01",
        kind=Kind.NOTE,
        text=text,
        policy_id=POLICY,
        provenance=Provenance(format="text"),
        quality=QualityReport(score=1.0, dimensions=()),
    )
    return replace(document, **changes)


def _facts(key: VerifyKey, **changes: object) -> ReleaseFacts:
    facts = ReleaseFacts(
        policy_id=POLICY,
        rule="safe_harbor",
        section="45 CFR 164.514(b)(2)",
        recipe_digest="aa",
        quality_policy_digest="bb",
        gate_policy_digest="cc",
        models=(),
        code_version="0.1.0",
        verdicts=(),
        counts=(),
        residual_risk=(),
        audit=(),
        created="2026-01-01",
        key=key,
    )
    return replace(facts, **changes)


def _publish(
    output: Path,
    documents: Sequence[ScoredDocument],
    signer: SigningKey,
    *,
    facts: ReleaseFacts | None = None,
    withheld: Sequence[Withheld] = (),
    rows_per_part: int = 50_000,
    first_index: int = 0,
    **changes: object,
) -> Path:
    stated = replace(facts or _facts(signer.public), key=signer.public, **changes)
    with ReleaseWriter(output, rows_per_part=rows_per_part) as writer:
        for document in documents:
            writer.add(document)
        for one in withheld:
            writer.add_withheld(one)
        receipts = [Receipt(stream="w0", index=first_index + n, leaf=f"{n:064x}") for n in range(len(documents))]
        writer.add_receipts(zip((document.document_id for document in documents), receipts, strict=True))
        return writer.publish(stated, signer, scorecard=b'{"score":0.9}', report=b"<!doctype html>")


@pytest.fixture(scope="session")
def scored_document() -> Callable[..., ScoredDocument]:
    """Makes a scored document of an id and a text; any field may be given."""
    return _document


@pytest.fixture(scope="session")
def release_facts() -> Callable[..., ReleaseFacts]:
    """What a run states about a release that a key signs; any of it may be given."""
    return _facts


@pytest.fixture(scope="session")
def publish_release() -> Callable[..., Path]:
    """Publishes documents under a key and gives the release folder; any of the facts a run states may be given."""
    return _publish
