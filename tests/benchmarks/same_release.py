"""``python -m tests.benchmarks.same_release OTHER INPUT...``: compare releases of two checkouts, row by row.

OTHER is a checkout, e.g. from ``git worktree add``. It runs first and makes vault and keys; this checkout runs on a
copy of them, so that pseudonyms, offsets and ids match and every row can be compared: text, findings, fields, quality,
and each withheld record with its reason. Prints counts of differences by column, no text; exit code 1 on a difference.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[2]
RECIPE = """
recipe: 1
name: same-release
input:
  paths: [{input}]
output: out
raw_zone: raw
normalize:
  require_subject: false
gate:
  policy: unlinked
  max_withheld_ratio: 1.0
run:
  workers: 2
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", type=Path, help="a checkout to compare with")
    parser.add_argument("inputs", type=Path, nargs="+", help="files or folders of records")
    options = parser.parse_args()
    differ = False
    for given in options.inputs:
        here = Path(tempfile.mkdtemp(prefix="llmops-same-"))
        try:
            differ |= _compare(here, options.other.resolve(), given.resolve())
        finally:
            shutil.rmtree(here, ignore_errors=True)
    sys.exit(int(differ))


def _compare(here: Path, other: Path, given: Path) -> bool:
    """Run both over one input and print the number of differing rows, by column."""
    first, second = here / "first", here / "second"
    before = _run(other, first, given)
    second.mkdir()
    shutil.copytree(first / "raw", second / "raw", ignore=shutil.ignore_patterns("work"))
    after = _run(ROOT, second, given)
    counts = Counter[str]()
    for kind in ("data", "withheld"):
        rows, others = before[kind], after[kind]
        counts[f"{kind}: only before"] = len(rows.keys() - others.keys())
        counts[f"{kind}: only now"] = len(others.keys() - rows.keys())
        for key in rows.keys() & others.keys():
            counts.update(f"{kind}: {name}" for name in rows[key] if rows[key][name] != others[key].get(name))
    differ = {name: count for name, count in counts.items() if count}
    released, withheld = len(before["data"]), len(before["withheld"])
    print(f"{given.name}: {released} released, {withheld} withheld; differ: {differ or 'none'}", flush=True)
    return bool(differ)


def _run(checkout: Path, here: Path, given: Path) -> dict[str, dict[str, dict[str, object]]]:
    """Run a checkout's own code in a folder and read its released and withheld rows, by id."""
    here.mkdir(exist_ok=True)
    (here / "recipe.yaml").write_text(RECIPE.format(input=json.dumps(str(given))), encoding="utf-8")
    code = "from llmops.cli.app import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "run", str(here / "recipe.yaml"), "--json"],
        env=os.environ | {"PYTHONPATH": str(checkout)},
        cwd=here,
        capture_output=True,
        check=False,
    )
    if done.returncode > 1:
        sys.exit(f"{checkout}: exit {done.returncode}: {done.stderr.decode()[-500:]}")
    found: dict[str, dict[str, dict[str, object]]] = {"data": {}, "withheld": {}}
    for kind, rows in found.items():
        for path in sorted(here.glob(f"out/release/*/{kind}/*.parquet")):
            for number, row in enumerate(pq.read_table(path).to_pylist()):
                key = row.get("document_id") or f"{row['record_id']}/{row['reason']}"
                rows[key if key not in rows else f"{key}#{number}"] = row
    return found


if __name__ == "__main__":
    main()
