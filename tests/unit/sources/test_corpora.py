"""Other people's records: each file is recognised as what it is."""

import collections
import os
from pathlib import Path

import pytest

CORPORA = os.environ.get("LLMOPS_CORPORA", "")
needs_corpora = pytest.mark.skipif(not Path(CORPORA or "/nowhere").is_dir(), reason="LLMOPS_CORPORA is unset or absent")


@needs_corpora
@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("hl7v2", {"hl7v2": 143}),
        ("ccda", {"ccda": 252}),
        ("fhir", {"fhir": 56, "row": 16, "unknown_format": 21}),
        ("fhir_bulk", {"fhir": 3306, "row": 4}),
        ("genomics", {"vcf": 86, "phenopacket": 120, "unknown_format": 84}),
        ("dicom", {"unknown_format": 105}),
        ("narrative", {"row": 2898}),
        ("deid", {"row": 3068, "text": 1}),
    ],
)
def test_every_file_is_recognised(read, outcome, folder, expected):
    """The counts of the development corpora; what is withheld is configuration, SAM, sample sheets and images."""
    assert collections.Counter(outcome(read(Path(CORPORA) / folder))) == expected
