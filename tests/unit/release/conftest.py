"""A small release of invented documents, published with a real key."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from llmops.documents import (
    Evidence,
    Field,
    FieldPhi,
    Kind,
    Provenance,
    QualityReport,
    Reason,
    ScoredDocument,
    Section,
    StageName,
    Withheld,
)
from llmops.keys import SigningKey, load_or_create_signing_key
from llmops.phi import PhiFinding, PhiLabel
from llmops.release import Anchor, Counts, Gate, GatePolicy, ReleaseFacts

Publish = Callable[..., Path]


def _document(number: int) -> ScoredDocument:
    text = f"HISTORY: [NAME] was seen.\nHGB {number}.5 g/dL"
    return ScoredDocument(
        document_id=f"r{number:04d}.0",
        record_id=f"r{number:04d}",
        subject="S01",
        kind=Kind.NOTE,
        doc_type="11506-3",
        title="Progress note",
        text=text,
        sections=(Section(start=0, end=len(text), name="history", code="10164-2"),),
        fields=(
            Field(name="Observation.valueQuantity", value=number + 0.5, unit="g/dL", code="http://loinc.org|718-7"),
            Field(name="Observation.note", value="stable", phi=FieldPhi.FREE_TEXT),
        ),
        time="2020",
        findings=(PhiFinding(start=9, end=15, label=PhiLabel.NAME, operator="redact"),),
        policy_id="safe_harbor@0123456789ab",
        residual_risk=0.01,
        provenance=Provenance(format="fhir", path="entry[0].resource", changes=(("mojibake", 1),)),
        quality=QualityReport(
            score=0.9, dimensions=(("completeness", 0.9),), evidence=(Evidence(rule="no_time", penalty=0.1),)
        ),
        signature=(1, 2**64 - 1),
        content_key=f"key{number}",
    )


@pytest.fixture(autouse=True)
def _no_power_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for the disk is most of the time that publishing takes, and no test here cuts the power."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def make_document() -> Callable[[int], ScoredDocument]:
    """A scored document by number."""
    return _document


@pytest.fixture
def signer(tmp_path: Path) -> SigningKey:
    """The release key of a run."""
    return load_or_create_signing_key(tmp_path / "keys" / "release.pem")


@pytest.fixture
def stranger(tmp_path: Path) -> SigningKey:
    """A key that nobody trusts."""
    return load_or_create_signing_key(tmp_path / "stranger" / "release.pem")


@pytest.fixture
def facts(signer: SigningKey, release_facts: Callable[..., ReleaseFacts]) -> ReleaseFacts:
    """What a run states about its release."""
    return release_facts(
        signer.public,
        gate_policy_digest=GatePolicy().digest,
        models=(("en_core_web_sm", "cc"),),
        verdicts=Gate(GatePolicy()).verdicts(Counts(read=6, released=5, withheld=1)),
        counts=(("read", 6), ("released", 5), ("withheld", 1)),
        residual_risk=(("max", 0.01),),
        audit=(Anchor(stream="w0", size=6, root="00" * 32),),
    )


@pytest.fixture
def publish(tmp_path: Path, facts: ReleaseFacts, signer: SigningKey, publish_release: Publish) -> Publish:
    """Publishes documents and gives the release folder."""

    def _publish(
        documents: Sequence[ScoredDocument] | None = None,
        output: str = "out",
        rows_per_part: int = 2,
        by: SigningKey = signer,
        **changes: object,
    ) -> Path:
        return publish_release(
            tmp_path / output,
            [_document(number) for number in range(5)] if documents is None else documents,
            by,
            withheld=[Withheld(record_id="r9999", stage=StageName.READ, reason=Reason.TRUNCATED)],
            rows_per_part=rows_per_part,
            facts=facts,
            **changes,
        )

    return _publish


@pytest.fixture
def release_path(publish: Publish) -> Path:
    """A published release of five documents in three parts."""
    return publish()
