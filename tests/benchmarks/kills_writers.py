"""``kill -9`` of audit log writers: acknowledged events must persist, every stream must resume."""

import os
import select
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import NoReturn

from llmops.audit import AuditLog, Status
from llmops.audit.events import DocumentScored, RecordRead
from llmops.audit.explain import events_in
from llmops.audit.log.newest import newest_anchors
from llmops.audit.log.run_links import tie_streams
from llmops.audit.verify.directory import verify
from llmops.keys import SigningKey, load_or_create_signing_key

WRITERS = 4
ROUND = 50  # kills on one log before it is closed, checked and started anew
READ = 1 << 16
SEGMENT = 50_000  # bytes per stream file: small, so that kills also hit the file change


@dataclass
class Seen:
    """Counts of the kills."""

    kills: int = 0
    processes: int = 0
    acknowledged: int = 0
    lost: int = 0
    events: int = 0
    recovered: int = 0
    segments: int = 0
    failures: list[str] = field(default_factory=list)


@dataclass
class Writer:
    """The parent's view of a writer process."""

    pid: int
    pipe: int
    heard: bytes = b""

    def listen(self) -> bool:
        """Read its acknowledgements; False once it has ended and all are read."""
        data = os.read(self.pipe, READ)
        self.heard += data
        return bool(data)


def kill_writers(root: Path, kills: int, seed: int = 4, told: Callable[[Seen], None] = lambda _: None) -> Seen:
    """Kill at random moments, in rounds, up to the given number; ``told`` is called for each round."""
    seen = Seen()
    signer = load_or_create_signing_key(root / "keys" / "log.pem", name="llmops-audit")
    while seen.kills < kills and not seen.failures:
        rng = Random(f"{seed}-{seen.kills}")
        audit = root / "audit"
        acknowledged = _round(audit, signer, rng, min(ROUND, kills - seen.kills), seen)
        _settle(audit, signer, acknowledged, seen)
        shutil.rmtree(audit)
        told(seen)
    return seen


def _round(audit: Path, signer: SigningKey, rng: Random, kills: int, seen: Seen) -> dict[str, dict[int, str]]:
    """Kill, read the remaining acknowledgements, restart; return each stream's acknowledged positions."""
    acknowledged: dict[str, dict[int, str]] = {f"w{n}": {} for n in range(WRITERS)}
    running: dict[str, Writer] = {}
    for kill in range(kills + 1):
        for stream in acknowledged.keys() - running.keys():
            running[stream] = _start(audit, stream, signer, rng.random())
        _wait(running, rng)
        last = kill == kills
        victims = sorted(running) if last or rng.random() < 0.2 else [rng.choice(sorted(running))]
        for stream in victims:
            os.kill(running[stream].pid, signal.SIGKILL)
        for stream in victims:
            _bury(stream, running.pop(stream), acknowledged[stream], seen)
        if not last:
            seen.kills += 1
            seen.processes += len(victims)
        if not running and verify(audit, [signer.public]).status is not Status.WARNINGS:
            seen.failures.append("a log whose writers were all killed does not verify")
    return acknowledged


def _start(audit: Path, stream: str, signer: SigningKey, seed: float) -> Writer:
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(ours)
        _write(audit, stream, signer, Random(seed), theirs)
    os.close(theirs)
    return Writer(pid=pid, pipe=ours)


def _write(audit: Path, stream: str, signer: SigningKey, rng: Random, pipe: int) -> NoReturn:
    """Writer process: open, which recovers, then append and acknowledge until killed."""
    try:
        while True:
            with AuditLog.open(
                audit, stream=stream, signer=signer, clock=_now, run_id="run-1", segment_bytes=SEGMENT
            ) as log:
                for _ in range(rng.randrange(1, 400)):
                    receipts = log.append(_batch(rng))
                    os.write(pipe, b"".join(b"%d %s\n" % (one.index, one.leaf.encode()) for one in receipts))
                    if rng.random() < 0.05:
                        log.checkpoint()
    finally:
        os._exit(1)  # not by our kill: the parent counts that as a failure


def _batch(rng: Random) -> list[RecordRead | DocumentScored]:
    records = [f"r{rng.randbytes(8).hex()}" for _ in range(rng.randrange(1, 12))]
    return [
        event
        for record in records
        for event in (
            RecordRead(record_id=record, format="text", size=rng.randrange(9999)),
            DocumentScored(document_id=f"{record}.0", score=0.5),
        )
    ]


def _wait(running: dict[str, Writer], rng: Random) -> None:
    """Read until a random moment: mostly while writing, sometimes while a stream is being opened."""
    if rng.random() < 0.8:
        want, moment = rng.choice(sorted(running)), time.monotonic() + 30
        before = len(running[want].heard)
        while len(running[want].heard) == before and time.monotonic() < moment:
            _listen(running, 0.05)
    until = time.monotonic() + rng.expovariate(1 / 0.01)
    while (left := until - time.monotonic()) > 0:
        _listen(running, left)


def _listen(running: dict[str, Writer], seconds: float) -> None:
    by_pipe = {writer.pipe: writer for writer in running.values()}
    ready, _, _ = select.select(list(by_pipe), [], [], seconds)
    for pipe in ready:
        if not by_pipe[pipe].listen():
            time.sleep(seconds)  # it ended by itself; `_bury` reports it


def _bury(stream: str, writer: Writer, acknowledged: dict[int, str], seen: Seen) -> None:
    """Read a killed writer's last receipts; a receipt cut off in the pipe was not acknowledged."""
    _, status = os.waitpid(writer.pid, 0)
    if not os.WIFSIGNALED(status):
        seen.failures.append(f"{stream}: ended by itself with {os.waitstatus_to_exitcode(status)}")
    while writer.listen():
        pass
    os.close(writer.pipe)
    for line in writer.heard.splitlines(keepends=True):
        if line.endswith(b"\n"):
            index, leaf = line.split()
            acknowledged[int(index)] = leaf.decode()


def _settle(audit: Path, signer: SigningKey, acknowledged: dict[str, dict[int, str]], seen: Seen) -> None:
    """Reopen each stream as the next start does, tie them, and compare all with the acknowledged events."""
    for stream, receipts in acknowledged.items():
        with AuditLog.open(audit, stream=stream, signer=signer, clock=_now):
            pass
        leaves = {one.receipt.index: one.receipt.leaf for one in events_in(audit, stream=stream)}
        seen.acknowledged += len(receipts)
        seen.lost += sum(leaves.get(index) != leaf for index, leaf in receipts.items())
    with AuditLog.open(audit, stream="main", signer=signer, clock=_now) as log:
        tie_streams(log)
    verdict = verify(audit, [signer.public], [anchor for anchor in newest_anchors(audit) if anchor.stream == "main"])
    seen.events += verdict.events
    seen.segments += sum(stream.segments for stream in verdict.streams)
    seen.recovered += verdict.kinds.get("recovered", 0)
    if verdict.status is not Status.INTACT:
        seen.failures.append(f"the log is {verdict.status} in the end")
    if seen.lost:
        seen.failures.append("acknowledged events were lost")


def _now() -> int:
    return time.time_ns() // 1_000_000
