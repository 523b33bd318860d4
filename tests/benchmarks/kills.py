"""``python -m tests.benchmarks.kills``: random ``kill -9`` of audit log writers and of whole runs.

First, 4 processes write the audit log and acknowledge to their parent over a pipe; one or all are killed at random
moments and restarted. Then ``llmops run`` with 4 workers on the quickstart sample: some workers, the parent or all are
killed at random moments, and the same command is repeated until it finishes; an undisturbed run with the same vault
must then release the same. ``--kills 1000`` and ``--run-kills 1000`` are the size that issue 4 names; a kill of a run
costs seconds. With ``--work`` an interrupted benchmark resumes.
"""

import argparse
import json
import shutil
import sys
import time
from dataclasses import asdict
from pathlib import Path

from tests.benchmarks.kills_runs import Scene, kill_runs, quickstart
from tests.benchmarks.kills_writers import kill_writers
from tests.benchmarks.machine import in_memory, machine


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="of writers of the log")
    parser.add_argument("--run-kills", type=int, default=20, help="of whole runs")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--work", type=Path, help="keep the work here, and go on with what is there")
    parser.add_argument("--json", action="store_true", help="print no progress, only the result")
    arguments = parser.parse_args()
    root = arguments.work or in_memory("llmops-kills-")
    root.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()

    def told(so_far: object) -> None:
        if not arguments.json:
            print(f"{time.perf_counter() - began:8.1f} s  {so_far}", flush=True)

    writers = kill_writers(root / "writers", arguments.kills, arguments.seed, told)
    runs = None
    if arguments.run_kills:
        (root / "runs").mkdir(exist_ok=True)
        scene = Scene(root=root / "runs", recipe=quickstart(root / "runs"))
        runs = kill_runs(scene, arguments.run_kills, arguments.seed, told)
    failures = [*writers.failures, *(runs.failures + runs.people if runs else ())]
    result = {
        "writers": asdict(writers),
        "runs": runs and asdict(runs),
        "wall_s": round(time.perf_counter() - began, 1),
    }
    print(json.dumps({**result, "failed": failures, **machine()}))
    if not arguments.work:
        shutil.rmtree(root)
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
