"""A few real records of every folder of development corpora through the command line: no crash, all accounted for."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Sample:
    """Which files of a folder of corpora a recipe is run over, and how the run ends."""

    recipe: str
    folder: str
    per_folder: int = 2
    max_bytes: int = 60_000
    ends: str = "finished"


SAMPLES = (
    Sample("hl7v2", "hl7v2", per_folder=4),
    Sample("ccda", "ccda"),
    Sample("fhir", "fhir", per_folder=3, ends="limit_exceeded"),
    Sample("fhir", "fhir_bulk", per_folder=4, max_bytes=200_000),
    Sample("genomics", "genomics", per_folder=2),
    Sample("unlinked-notes", "deid/deidgate.jsonl"),
    Sample("tables", "narrative", per_folder=1, max_bytes=300_000, ends="nothing_released"),
    Sample("mixed", "dicom", ends="nothing_released"),
)


def sampled(source: Path, sample: Sample, target: Path) -> int:
    """Copy the first small files of each subfolder, in order of their names, and count them."""
    files = [source] if source.is_file() else sorted(path for path in source.rglob("*") if path.is_file())
    taken: dict[Path, int] = {}
    for path in files:
        if path.stat().st_size <= sample.max_bytes and taken.get(path.parent, 0) < sample.per_folder:
            taken[path.parent] = taken.get(path.parent, 0) + 1
            place = target / path.parent.name
            place.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, place / path.name)
    return sum(taken.values())


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: f"{sample.recipe}-{sample.folder.split('/')[0]}")
def test_real_records_are_all_accounted_for(cli, corpora, tmp_path, sample):
    """No shard failed, every file answered, read = released + withheld, the log intact; exit 0 only for a success."""
    count = sampled(corpora / sample.folder, sample, tmp_path / "in")
    recipe = ROOT / "recipes" / f"{sample.recipe}.yaml"
    places = ("--input", tmp_path / "in", "--output", tmp_path / "out", "--raw-zone", tmp_path / "raw")
    done = cli("run", recipe, *places, "--workers", "1", "--json")
    assert done.returncode == (sample.ends != "finished"), done.stderr
    summary = json.loads(done.stdout)
    counts = summary["counts"]
    assert counts["read"] == counts["released"] + counts["withheld"]
    assert counts["withheld"] == sum(summary["withheld"]["by_reason"].values())
    assert counts["records"] >= count > 0
    assert summary["shards"]["failed"] == []
    assert summary["audit"]["status"] == "intact"
    assert summary["run"]["status"] == sample.ends
    assert (counts["released"] > 0) is (sample.ends != "nothing_released")
