"""``python -m tests.benchmarks.audit``: speed and endurance of the audit log.

Durable events a second with several writer processes; verification against a plain SHA-256 pass over the same bytes, as
a ratio in CPU time of one run; proofs; the compliance report; and the torn-tail and tamper matrices at full size.
``--events 10000000`` is the size that issue 4 names; the default is a tenth of a million, for a quick look.
"""

import argparse
import hashlib
import json
import multiprocessing
import random
import resource
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from llmops.audit import AuditLog, Status, check, load_or_create_signing_key, newest_anchors, prove, verify
from llmops.audit.events import DocumentDeidentified, DocumentReleased, DocumentScored, RecordRead
from llmops.audit.page import write_page
from llmops.documents import Format

BATCH = 400


def events(rng, count):
    """What a run writes about documents, a hundred of them at a time."""
    for _ in range(count // 4):
        record = f"r{rng.randbytes(10).hex()}"
        yield RecordRead(record_id=record, format=Format.FHIR, encoding="utf-8", encoding_from="bom", size=912)
        yield DocumentDeidentified(
            document_id=f"{record}.0",
            policy_id="safe_harbor@4ddb005bb976",
            findings=(("date", rng.randrange(9)), ("name", rng.randrange(9))),
            operators=(("generalise", 2), ("redact", 3)),
        )
        yield DocumentScored(document_id=f"{record}.0", score=0.97)
        yield DocumentReleased(document_id=f"{record}.0", record_id=record, policy_id="safe_harbor@4ddb005bb976")


def write(root, stream, count, ready):
    """One writer: its stream, in batches, each durable; starts when all are ready."""
    signer = load_or_create_signing_key(root / "keys" / "a.pem", name="llmops-audit")
    batches = [list(events(random.Random(f"{stream}-{n}"), BATCH)) for n in range(10)]
    ready.wait()
    with AuditLog.open(
        root / "audit", stream=stream, signer=signer, clock=lambda: time.time_ns() // 1_000_000, run_id="run-1"
    ) as log:
        for n in range(count // BATCH):
            log.append(batches[n % len(batches)])


def writers(root, count, processes):
    """Durable events a second of several processes at once."""
    load_or_create_signing_key(root / "keys" / "a.pem", name="llmops-audit")
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(processes + 1)
    jobs = [context.Process(target=write, args=(root, f"w{n}", count // processes, ready)) for n in range(processes)]
    for job in jobs:
        job.start()
    ready.wait()
    began = time.perf_counter()
    for job in jobs:
        job.join()
    return time.perf_counter() - began


def sha256_pass(directory):
    """CPU seconds of a plain SHA-256 over the same bytes."""
    began = time.process_time()
    for path in directory.glob("*.jsonl"):
        with path.open("rb") as file:
            hashlib.file_digest(file, "sha256")
    return time.process_time() - began


def speed(root, count, processes, *, page):
    """The figures, one a line of JSON."""
    wall = writers(root, count, processes)
    audit = root / "audit"
    key = load_or_create_signing_key(root / "keys" / "a.pem", name="llmops-audit").public
    say(step="write", events=count, writers=processes, wall_s=wall, events_per_s=count / wall)
    plain = sha256_pass(audit)
    began, cpu = time.perf_counter(), time.process_time()
    verdict = verify(audit, [key], newest_anchors(audit))
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    assert verdict.status is Status.INTACT
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    say(step="verify", events=verdict.events, wall_s=wall, cpu_s=cpu, times_sha256=cpu / plain, memory_mb=memory)
    proofs(audit, key, verdict)
    if page:
        cpu = time.process_time()
        write_page(audit, root / "page.html", verdict, at=0)
        say(step="report", cpu_s=time.process_time() - cpu, megabytes=(root / "page.html").stat().st_size / 1e6)


def proofs(audit, key, verdict):
    """Making and checking one proof, with the tree file."""
    rng = random.Random(7)
    streams = [(stream.stream, stream.events) for stream in verdict.streams]
    times, sizes = [], []
    for _ in range(50):
        stream, size = rng.choice(streams)
        began = time.process_time()
        proof = prove(audit, stream, rng.randrange(size))
        times.append(time.process_time() - began)
        sizes.append(len(proof.to_json()))
        assert check(proof, [key])
    say(step="prove", median_ms=statistics.median(times) * 1000, largest_bytes=max(sizes))


def torn(root, tail_bytes):
    """Every byte offset of the unsealed tail: recovered, told of, and written on."""
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


def tamper(root, positions):
    """Eight attacks on sealed events at many places: all found; as many clean logs: none accused."""
    signer = load_or_create_signing_key(root / "keys" / "a.pem", name="llmops-audit")
    audit = root / "tamper"
    with AuditLog.open(audit, stream="main", signer=signer, clock=lambda: 1) as log:
        log.append(list(events(random.Random(1), 200)))
        anchor = log.checkpoint().anchor
    path = audit / "main.jsonl"
    good = path.read_bytes()
    rng, found, tried = random.Random(5), 0, 0
    for attack in (flip, delete, insert, reorder, duplicate, truncate, blank, swap_digits):
        for _ in range(positions):
            lines = good.splitlines()
            attack(lines, rng.randrange(len(lines) - 1), rng)
            path.write_bytes(b"".join(line + b"\n" for line in lines))
            found += verify(audit, [signer.public], [anchor]).status is Status.TAMPERED
            tried += 1
    path.write_bytes(good)
    alarms = sum(verify(audit, [signer.public], [anchor]).status is not Status.INTACT for _ in range(positions))
    say(step="tamper", attacks=tried, found=found, false_alarms=alarms)
    assert (found, alarms) == (tried, 0)


def flip(lines, at, rng):
    line = bytearray(lines[at])
    line[rng.randrange(len(line))] ^= 1 << rng.randrange(7)
    lines[at] = bytes(line)


def delete(lines, at, rng):
    del lines[at]


def insert(lines, at, rng):
    lines.insert(at, lines[rng.randrange(len(lines))].replace(b'"v":1', b'"v": 1'))


def reorder(lines, at, rng):
    lines[at], lines[at + 1] = lines[at + 1], lines[at]


def duplicate(lines, at, rng):
    lines.insert(at, lines[at])


def truncate(lines, at, rng):
    del lines[at:]


def blank(lines, at, rng):
    lines.insert(at, b"")


def swap_digits(lines, at, rng):
    lines[at] = lines[at].replace(b'"at":1', b'"at":2')


def say(**figures):
    """One line of JSON."""
    print(json.dumps({k: round(v, 3) if isinstance(v, float) else v for k, v in figures.items()}), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--writers", type=int, default=4)
    parser.add_argument("--tail-bytes", type=int, default=1_000, help="65536 for the size that issue 4 names")
    parser.add_argument("--positions", type=int, default=25, help="1000 for the size that issue 4 names")
    parser.add_argument("--no-page", action="store_true", help="leave the compliance report out")
    arguments = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="llmops-audit-"))
    try:
        speed(root, arguments.events, arguments.writers, page=not arguments.no_page)
        torn(root, arguments.tail_bytes)
        tamper(root, arguments.positions)
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
