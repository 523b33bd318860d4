"""Measure the cost of each stage: items, CPU and wall seconds, bytes, peak memory of its process."""

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Meter:
    """Accumulated cost of one stage.

    Args:
        name: the stage.
        records: number of input items.
        bytes: input bytes of payload or text.
        cpu_s, wall_s: CPU and wall time in seconds.
        peak_bytes: largest resident set of any process that ran it.
    """

    name: str
    records: int = 0
    bytes: int = 0
    cpu_s: float = 0.0
    wall_s: float = 0.0
    peak_bytes: int = 0

    @contextmanager
    def measure(self) -> Iterator[None]:
        """Charge the time inside the ``with`` block to this stage."""
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self.wall_s += time.perf_counter() - wall
            self.cpu_s += time.process_time() - cpu
            self.peak_bytes = max(self.peak_bytes, peak_memory_bytes())

    def add(self, other: "Meter") -> None:
        """Add the cost of the same stage in another process."""
        self.records += other.records
        self.bytes += other.bytes
        self.cpu_s += other.cpu_s
        self.wall_s += other.wall_s
        self.peak_bytes = max(self.peak_bytes, other.peak_bytes)


def peak_memory_bytes() -> int:
    """Peak resident set of this process in bytes (Linux reports KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
