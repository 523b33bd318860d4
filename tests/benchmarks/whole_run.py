"""``python -m tests.benchmarks.whole_run``: CPU time of a whole run against detection alone, on the same notes.

Two processes run in sequence on one core: one finds PHI in the texts, the other takes them from JSON Lines to a signed
release with one worker. User and system time count, including start-up and loading, so that other load matters
little.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.one_core import one_core

ROOT = Path(__file__).resolve().parents[2]
NOTES = (
    "training/notes/notes-train",
    *(f"tests/benchmarks/notes/notes-{name}" for name in ("fresh", "held-out", "test")),
)
DETECT = """
import json, sys
from llmops.deid import Deidentifier
texts = [json.loads(line)["text"] for line in open(sys.argv[1], encoding="utf-8")]
for _ in Deidentifier().detect_many(texts):
    pass
"""
RECIPE = """
recipe: 1
name: whole-run
input:
  paths: [notes.jsonl]
output: out
raw_zone: raw
gate:
  max_withheld_ratio: 1.0
run:
  workers: 1
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, default=0, help="notes, spread over the files; 0 takes all")
    options = parser.parse_args()
    one_core()
    here = Path(tempfile.mkdtemp(prefix="llmops-bench-"))
    try:
        _measure(here, options.limit)
    finally:
        shutil.rmtree(here, ignore_errors=True)


def _measure(here: Path, limit: int) -> None:
    count = _write(here / "notes.jsonl", limit)
    (here / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    detection = _cpu_s([sys.executable, "-c", DETECT, str(here / "notes.jsonl")])
    whole = _cpu_s([sys.executable, "-c", "from llmops.cli.app import main; main()", "run", str(here / "recipe.yaml")])
    summary = json.loads((here / "out" / "summary.json").read_bytes())
    counts = summary["counts"]
    shards = summary["shards"]["planned"]
    print(f"{count} notes, {counts['released']} released, {counts['withheld']} withheld, in {shards} shards")
    for stage in summary["stages"]:
        print(f"  {stage['name']:<12}{stage['cpu_s']:>8.2f} CPU s")
    print(f"detection {detection:.1f} CPU s, whole run {whole:.1f} CPU s: {whole / detection:.2f} times")


def _write(path: Path, limit: int) -> int:
    """Write notes of the repository in export form: a patient number, a note number, the text."""
    lines = [line for name in NOTES for line in (ROOT / f"{name}.jsonl").read_text("utf-8").splitlines()]
    chosen = lines[:: max(1, len(lines) // limit)][:limit] if limit else lines
    rows = [
        {"mrn": f"7{number:07d}", "note_id": f"n{number}", "text": json.loads(line)["text"]}
        for number, line in enumerate(chosen)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return len(rows)


def _cpu_s(command: list[str]) -> float:
    """CPU seconds of a process and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=ROOT, env=dict(os.environ), stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
