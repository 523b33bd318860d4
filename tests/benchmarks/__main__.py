"""``python -m tests.benchmarks``: run every benchmark with its defaults."""

import subprocess
import sys

for name in ("deid", "pipeline", "whole_run", "audit"):
    print(f"== {name}", flush=True)
    # One process each, so that none warms the caches of the next.
    subprocess.run([sys.executable, "-m", f"tests.benchmarks.{name}", *sys.argv[1:]], check=True)
