"""A tiny real release of invented records."""

from collections.abc import Callable
from pathlib import Path

import pytest

from llmops.documents import Kind, ScoredDocument, Section
from llmops.keys import SigningKey, load_or_create_signing_key
from llmops.release import Release, open_release

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


@pytest.fixture(scope="session")
def signing_key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    """The key that signs the releases of these tests."""
    return load_or_create_signing_key(tmp_path_factory.mktemp("keys") / "release.pem")


@pytest.fixture
def publish(signing_key: SigningKey, tmp_path: Path, publish_release: Callable[..., Path]) -> Callable[..., Release]:
    """Publishes documents and opens the release."""

    def publish_documents(*documents: ScoredDocument, name: str = "out") -> Release:
        folder = publish_release(tmp_path / name, documents, signing_key)
        return open_release(folder, (signing_key.public,))

    return publish_documents


@pytest.fixture
def scored(scored_document: Callable[..., ScoredDocument]) -> Callable[..., ScoredDocument]:
    """Makes a scored document with sections found."""

    def make(document_id: str, text: str, **changes: object) -> ScoredDocument:
        return scored_document(document_id, text, **({"subject": "S-one", "sections": sections_of(text)} | changes))

    return make


@pytest.fixture
def release(publish: Callable[..., Release], scored: Callable[..., ScoredDocument]) -> Release:
    """Four documents of two subjects."""
    return publish(
        scored("r1.0", ECHO, kind=Kind.REPORT, title="Echocardiogram"),
        scored("r2.0", CLINIC, title="Cardiology clinic"),
        scored("r3.0", LABS, kind=Kind.SUMMARY, subject="S-two", title="Laboratory results"),
        scored("r4.0", TOMBSTONED, subject="S-two"),
    )
