"""``python -m tests.benchmarks``: every benchmark with its defaults, one after the other."""

import subprocess
import sys

for name in ("deid", "pipeline", "whole_run", "audit"):
    print(f"== {name}", flush=True)
    # A process each, so that one does not warm the caches of the next.
    subprocess.run([sys.executable, "-m", f"tests.benchmarks.{name}", *sys.argv[1:]], check=True)
