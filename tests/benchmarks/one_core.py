"""Holds a benchmark to one core, whatever its libraries would like."""

import os


def one_core() -> None:
    """Pin this process to the first core it may use and ask thread pools for one thread; call before they load."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TOKENIZERS_PARALLELISM"):
        os.environ[name] = "1" if name != "TOKENIZERS_PARALLELISM" else "false"
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
