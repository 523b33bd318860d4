"""A release folder loads with the real ``datasets`` and ``mlcroissant`` packages, offline."""

import json
import logging
import os
import subprocess
import sys

import pytest

from llmops.release import open_release

_LOAD = """
import json, sys
from datasets import load_dataset
loaded = load_dataset(sys.argv[1])
print(json.dumps({name: split.to_list() for name, split in loaded.items()}))
"""


def test_load_dataset_gives_the_same_rows(release_path, tmp_path):
    """All documents and nothing of withheld/ or receipts/; the release still verifies afterwards."""
    offline = {
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "HF_HOME": str(tmp_path / "hf"),
        "HOME": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", _LOAD, str(release_path)],
        env=os.environ | offline,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    release = open_release(release_path)
    rows = [row for batch in release.batches() for row in batch.to_pylist()]
    assert json.loads(done.stdout) == {"train": rows}
    release.verify()


def test_croissant_metadata_lead_to_every_row(release_path, caplog):
    """mlcroissant has nothing to complain of and reads each column, nested ones too."""
    mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed: pip install mlcroissant")
    with caplog.at_level(logging.WARNING):
        read = list(mlcroissant.Dataset(jsonld=release_path / "croissant.json").records("documents"))
    assert caplog.text == ""
    rows = [row for batch in open_release(release_path).batches() for row in batch.to_pylist()]
    assert len(read) == len(rows) == 5
    for record, row in zip(read, rows, strict=True):
        assert record["documents/text"].decode() == row["text"]
        assert _column(record, "sections", "name") == [part["name"] for part in row["sections"]]
        assert _column(record, "findings", "label") == [part["label"] for part in row["findings"]]
        assert _column(record, "quality/dimensions", "name") == [part["name"] for part in row["quality"]["dimensions"]]


def _column(record, name, field):
    return [part[f"documents/{name}/{field}"].decode() for part in record[f"documents/{name}"]]
