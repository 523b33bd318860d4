"""A release folder loads with the real ``datasets`` package, offline."""

import json
import os
import subprocess
import sys

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
