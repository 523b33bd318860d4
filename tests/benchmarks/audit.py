"""``python -m tests.benchmarks.audit``: speed and endurance of the audit log.

Measures durable events per second with several writer processes, every batch synced before its receipts; verification
against a plain SHA-256 pass over the same bytes, in its own process for a separate peak memory; proofs; the compliance
report; and a tail torn at every byte. ``--events 10000000 --tail-bytes 65536`` is the size that issue 4 names; the
default is 100,000 events, for a quick look. Attacks: ``tests.benchmarks.tampering``.
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import random
import resource
import shutil
import statistics
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from llmops.audit import AuditLog, Status, check
from llmops.audit.events import DocumentDeidentified, DocumentReleased, DocumentScored, RecordRead
from llmops.audit.log.newest import newest_anchors
from llmops.audit.proofs.inclusion import prove
from llmops.audit.report import write_page
from llmops.audit.verify.directory import verify
from llmops.keys import load_or_create_signing_key
from tests.benchmarks.machine import in_memory, machine


def events(rng, count):
    """A run's events about documents, 100 at a time."""
    for _ in range(count // 4):
        record = f"r{rng.randbytes(10).hex()}"
        yield RecordRead(record_id=record, format="fhir", encoding="utf-8", encoding_from="bom", size=912)
        yield DocumentDeidentified(
            document_id=f"{record}.0",
            policy_id="safe_harbor@4ddb005bb976",
            findings=(("date", rng.randrange(9)), ("name", rng.randrange(9))),
            operators=(("generalise", 2), ("redact", 3)),
        )
        yield DocumentScored(document_id=f"{record}.0", score=0.97)
        yield DocumentReleased(document_id=f"{record}.0", record_id=record, policy_id="safe_harbor@4ddb005bb976")


def write(root, stream, count, batch, ready):
    """One writer: append its stream in durable batches; starts when all are ready."""
    signer = load_or_create_signing_key(root / "keys" / "a.pem", name="llmops-audit")
    batches = [list(events(random.Random(f"{stream}-{n}"), batch)) for n in range(10)]
    ready.wait()
    with AuditLog.open(
        root / "audit", stream=stream, signer=signer, clock=lambda: time.time_ns() // 1_000_000, run_id="run-1"
    ) as log:
        for n in range(count // batch):
            log.append(batches[n % len(batches)])


def writers(root, count, processes, batch):
    """Durable events per second of several processes at once."""
    load_or_create_signing_key(root / "keys" / "a.pem", name="llmops-audit")
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(processes + 1)
    jobs = [
        context.Process(target=write, args=(root, f"w{n}", count // processes, batch, ready)) for n in range(processes)
    ]
    for job in jobs:
        job.start()
    ready.wait()
    began = time.perf_counter()
    for job in jobs:
        job.join()
    return time.perf_counter() - began


def one_sync(folder):
    """Median milliseconds to append a page and `fdatasync`: the limit of the disk."""
    times = []
    with (folder / "probe").open("wb", buffering=0) as file:
        for _ in range(20):
            began = time.perf_counter()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - began)
    (folder / "probe").unlink()
    return statistics.median(times) * 1000


def sha256_pass(directory):
    """CPU seconds of a plain SHA-256 over the same bytes, and their number."""
    began, size = time.process_time(), 0
    for path in sorted(directory.glob("*.jsonl")):
        size += path.stat().st_size
        with path.open("rb") as file:
            hashlib.file_digest(file, "sha256")
    return time.process_time() - began, size


def verified(audit, key):
    """The verdict and its cost; run in a fresh process."""
    plain, size = sha256_pass(audit)  # the bytes are now in the page cache, for both
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    began, cpu = time.perf_counter(), time.process_time()
    verdict = verify(audit, [key], newest_anchors(audit))
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    costs = {"bytes": size, "wall_s": wall, "cpu_s": cpu, "sha256_cpu_s": plain, "times_sha256": cpu / plain}
    return verdict, {**costs, "memory_mb": peak, "memory_before_mb": before}


def speed(root, count, processes, batch, *, page):
    """Print the figures, one line of JSON each."""
    sync_ms = one_sync(root)
    wall, syncs = writers(root, count, processes, batch), processes * (count // processes // batch)
    audit = root / "audit"
    key = load_or_create_signing_key(root / "keys" / "a.pem", name="llmops-audit").public
    say(step="write", events=syncs * batch, writers=processes, wall_s=wall, events_per_s=syncs * batch / wall,
        events_a_sync=batch, syncs=syncs, one_sync_ms=sync_ms)  # fmt: skip
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as apart:
        verdict, costs = apart.submit(verified, audit, key).result()
    assert verdict.status is Status.INTACT
    assert verdict.events == syncs * batch
    say(step="verify", events=verdict.events, **costs)
    proofs(audit, key, verdict)
    if page:
        cpu = time.process_time()
        write_page(audit, root / "page.html", verdict, at=0)
        say(step="report", cpu_s=time.process_time() - cpu, megabytes=(root / "page.html").stat().st_size / 1e6)


def proofs(audit, key, verdict):
    """Make and check a proof of a random event, with the tree file."""
    rng = random.Random(7)
    streams = [(stream.stream, stream.events) for stream in verdict.streams]
    made, cpu, checked, sizes = [], [], [], []
    for _ in range(100):
        stream, size = rng.choice(streams)
        began, began_cpu = time.perf_counter(), time.process_time()
        proof = prove(audit, stream, rng.randrange(size))
        made.append(time.perf_counter() - began)
        cpu.append(time.process_time() - began_cpu)
        sizes.append(len(proof.to_json()))
        began = time.perf_counter()
        assert check(proof, [key])
        checked.append(time.perf_counter() - began)
    figures = {"median_ms": statistics.median(made), "slowest_ms": max(made), "cpu_median_ms": statistics.median(cpu)}
    figures |= {"check_median_ms": statistics.median(checked)}
    figures = {name: seconds * 1000 for name, seconds in figures.items()}
    say(step="prove", proofs=len(made), **figures, largest_bytes=max(sizes))


def torn(root, tail_bytes):
    """Tear the unsealed tail at every byte: it must be recovered, reported, and appended to."""
    signer = load_or_create_signing_key(root / "keys" / "a.pem", name="llmops-audit")
    path = root / "torn" / "main.jsonl"
    with AuditLog.open(path.parent, stream="main", signer=signer, clock=lambda: 1) as log:
        log.append(list(events(random.Random(1), 8)))
    sealed = path.stat().st_size
    with AuditLog.open(path.parent, stream="main", signer=None, clock=lambda: 1) as log:
        while path.stat().st_size < sealed + tail_bytes:
            log.append(list(events(random.Random(2), 8)))
    kept = {file: file.read_bytes() for file in path.parent.iterdir()}
    whole = kept[path]
    for size in range(sealed, len(whole)):
        for file in path.parent.iterdir():
            file.unlink()
        for file, data in kept.items():
            file.write_bytes(data[:size] if file == path else data)
        with AuditLog.open(path.parent, stream="main", signer=signer, clock=lambda: 1):
            pass
        rest = size - whole.rfind(b"\n", 0, size) - 1
        verdict = verify(path.parent, [signer.public])
        assert verdict.status is Status.WARNINGS
        assert verdict.kinds.get("recovered", 0) == (rest > 0), size
    say(step="torn", offsets=len(whole) - sealed, lost=0)


def say(**figures):
    """Print one line of JSON."""
    print(json.dumps({k: round(v, 3) if isinstance(v, float) else v for k, v in figures.items()}), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--writers", type=int, default=4)
    parser.add_argument("--tail-bytes", type=int, default=1_000, help="65536 for the size that issue 4 names")
    parser.add_argument("--folder", type=Path, help="where to write; the disk whose syncs are measured")
    parser.add_argument("--batch", type=int, default=400, help="events a sync")
    parser.add_argument("--no-page", action="store_true", help="leave the compliance report out")
    arguments = parser.parse_args()
    if arguments.events < arguments.writers * arguments.batch:
        parser.error("fewer events than one batch of each writer")
    root = Path(tempfile.mkdtemp(prefix="llmops-audit-", dir=arguments.folder))
    memory = in_memory("llmops-audit-torn-")
    try:
        say(step="machine", **machine())
        speed(root, arguments.events, arguments.writers, arguments.batch, page=not arguments.no_page)
        torn(memory, arguments.tail_bytes)
    finally:
        shutil.rmtree(root)
        shutil.rmtree(memory)


if __name__ == "__main__":
    main()
