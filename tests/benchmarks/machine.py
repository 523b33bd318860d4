"""Describe the machine of a measurement; choose a work folder if the disk does not matter."""

import os
import platform
import sqlite3
import tempfile
from importlib.metadata import version
from pathlib import Path


def machine() -> dict[str, object]:
    """Cores, processor, load, system, and the versions that affect the audit log's speed."""
    processor = [line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    return {
        "cores": os.cpu_count(),
        "processor": processor[0] if processor else platform.machine(),
        "load_1m": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{name: version(name) for name in ("clinical-llmops", "cryptography", "orjson", "pyarrow")},
        "sqlite": sqlite3.sqlite_version,
    }


def in_memory(prefix: str) -> Path:
    """Make a folder on a file system where sync is free, if there is one: killing a process does not empty it."""
    memory = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix=prefix, dir=memory if os.access(memory, os.W_OK) else None))


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []
