"""A published release of thirty invented documents in five parts."""

from pathlib import Path

import pytest

from llmops.audit.keys import load_or_create_signing_key
from llmops.documents import Format, Kind, Provenance, QualityReport, Receipt, ScoredDocument
from llmops.release import Release, ReleaseFacts, ReleaseWriter, open_release


def _document(number: int) -> ScoredDocument:
    return ScoredDocument(
        document_id=f"r{number:04d}.0",
        record_id=f"r{number:04d}",
        subject="S01",
        kind=Kind.NOTE,
        text=" \n".join(f"w{number}_{token}" for token in range(number % 8)),
        policy_id="safe_harbor@0123456789ab",
        provenance=Provenance(format=Format.TEXT),
        quality=QualityReport(score=1.0, dimensions=()),
    )


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """An opened release; document n has n % 8 words."""
    output: Path = tmp_path_factory.mktemp("training")
    signer = load_or_create_signing_key(output / "keys" / "release.pem")
    facts = ReleaseFacts(
        policy_id="safe_harbor@0123456789ab",
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
        key=signer.public,
    )
    with ReleaseWriter(output, rows_per_part=7) as writer:
        for number in range(30):
            writer.add(_document(number))
            writer.add_receipts([(f"r{number:04d}.0", Receipt(stream="w0", index=number, leaf="00"))])
        path = writer.publish(facts, signer, scorecard=b"{}", report=b"")
    return open_release(path, (signer.public,))
