"""A tiny real release of invented records."""

from collections.abc import Callable
from pathlib import Path

import pytest

from llmops.audit.keys import SigningKey, load_or_create_signing_key
from llmops.documents import Format, Kind, Provenance, QualityReport, Receipt, ScoredDocument, Section
from llmops.release import Anchor, Release, ReleaseFacts, ReleaseWriter, open_release

ECHO = """Echocardiogram

FINDINGS:
The left ventricular ejection fraction is 55%. Mild mitral regurgitation is present.
The left atrium measures 4.1 cm.

IMPRESSION:
1. Preserved ejection fraction.
2. Mild mitral regurgitation."""

CLINIC = """HISTORY OF PRESENT ILLNESS:
A [AGE] year old with atrial fibrillation returns for review. Palpitations have settled; the patient denies chest pain.

MEDICATIONS:
- Apixaban 5 mg twice daily
- Metoprolol succinate 50 mg daily
- Atorvastatin 40 mg at night

ALLERGIES:
Penicillin (hives)

PLAN:
Continue apixaban. Recheck creatinine in 3 months."""

LABS = """Hemoglobin: 13.2 g/dL
Creatinine: 1.1 mg/dL
HbA1c: 7.4 %
Potassium: 4.3 mmol/L"""

TOMBSTONED = "NOTE:\nThe patient asked that the zebrafish study note be withdrawn."


def sections_of(text: str) -> tuple[Section, ...]:
    """Sections by lines in capitals that end in a colon."""
    starts = []
    position = 0
    for line in text.splitlines(keepends=True):
        if line.strip().endswith(":") and line.strip(": \n").isupper():
            starts.append((position, line.strip(": \n").lower().replace(" ", "_")))
        position += len(line)
    ends = [*(start for start, _ in starts[1:]), len(text)][: len(starts)]
    return tuple(Section(start=start, end=end, name=name) for (start, name), end in zip(starts, ends, strict=True))


def scored(
    document_id: str, text: str, *, kind: Kind = Kind.NOTE, subject: str = "S-one", title: str = ""
) -> ScoredDocument:
    """A scored document with sections found."""
    return ScoredDocument(
        document_id=document_id,
        record_id=document_id.partition(".")[0],
        subject=subject,
        kind=kind,
        title=title,
        text=text,
        sections=sections_of(text),
        policy_id="safe_harbor@0",
        provenance=Provenance(format=Format.TEXT),
        quality=QualityReport(score=0.9, dimensions=(("completeness", 0.9),)),
    )


@pytest.fixture(scope="session")
def signing_key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    """The key that signs the releases of these tests."""
    return load_or_create_signing_key(tmp_path_factory.mktemp("keys") / "release.pem")


@pytest.fixture
def publish(signing_key: SigningKey, tmp_path: Path) -> Callable[..., Release]:
    """Publishes documents and opens the release."""

    def publish_documents(*documents: ScoredDocument, name: str = "out") -> Release:
        facts = ReleaseFacts(
            policy_id="safe_harbor@0",
            recipe_digest="0" * 64,
            quality_policy_digest="0" * 64,
            gate_policy_digest="0" * 64,
            models=(),
            code_version="0",
            verdicts=(),
            counts=(("released", len(documents)),),
            residual_risk=(),
            audit=(Anchor(stream="s", size=1, root="0" * 64),),
            created="2026-01-01",
            key=signing_key.public,
        )
        with ReleaseWriter(tmp_path / name) as writer:
            for document in documents:
                writer.add(document)
            writer.add_receipts(
                (item.document_id, Receipt(stream="s", index=number, leaf="0" * 64))
                for number, item in enumerate(documents)
            )
            folder = writer.publish(facts, signing_key, scorecard=b"{}", report=b"<html></html>")
        return open_release(folder, (signing_key.public,))

    return publish_documents


@pytest.fixture
def release(publish: Callable[..., Release]) -> Release:
    """Four documents of two subjects."""
    return publish(
        scored("r1.0", ECHO, kind=Kind.REPORT, title="Echocardiogram"),
        scored("r2.0", CLINIC, title="Cardiology clinic"),
        scored("r3.0", LABS, kind=Kind.SUMMARY, subject="S-two", title="Laboratory results"),
        scored("r4.0", TOMBSTONED, subject="S-two"),
    )
