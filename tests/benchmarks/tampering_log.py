"""A small audit log with every target of an attack: three tied streams, an anchor, a published release."""

import hashlib
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from llmops.audit import Anchor, AuditLog, Verdict
from llmops.audit.checkpoint import split_notes
from llmops.audit.codec import Entry, decode, encode
from llmops.audit.events import DocumentReleased, RecordRead, ReleasePublished, RunFinished
from llmops.audit.log.merkle import leaf_hash
from llmops.audit.log.newest import newest_anchors
from llmops.audit.log.recovery import NO_PREVIOUS, link
from llmops.audit.log.run_links import tie_streams
from llmops.audit.verify.directory import verify
from llmops.keys import SigningKey

MAIN = "main"
WORKERS = ("w0", "w1")
STREAMS = (MAIN, *WORKERS)


@dataclass
class SmallLog:
    """A log that can be damaged and restored; `build` makes one of random shape.

    Args:
        anchors: of the main stream alone, which covers the workers' streams.
        thief: an untrusted key of the same name.
    """

    root: Path
    signer: SigningKey
    thief: SigningKey
    anchors: tuple[Anchor, ...] = ()
    kept: dict[Path, bytes] = field(default_factory=dict)
    touched: set[Path] = field(default_factory=set)

    @property
    def audit(self) -> Path:
        return self.root / "audit"

    @property
    def part(self) -> Path:
        return self.root / "release" / "r1" / "data" / "part-00000.parquet"

    @property
    def manifest(self) -> Path:
        return self.root / "release" / "r1" / "manifest.json"

    def file(self, stream: str, suffix: str) -> Path:
        return self.audit / f"{stream}.{suffix}"

    def lines(self, stream: str) -> list[bytes]:
        """The original events, without line ends."""
        return self.kept[self.file(stream, "jsonl")].splitlines()

    def notes(self, stream: str) -> list[bytes]:
        """The original checkpoints."""
        return list(split_notes(self.kept[self.file(stream, "checkpoints")])[0])

    def put(self, path: Path, data: bytes) -> None:
        """Damage a file."""
        self.touched.add(path)
        path.write_bytes(data)

    def put_lines(self, stream: str, lines: list[bytes]) -> None:
        self.put(self.file(stream, "jsonl"), b"".join(line + b"\n" for line in lines))

    def put_notes(self, stream: str, notes: list[bytes]) -> None:
        self.put(self.file(stream, "checkpoints"), b"".join(note + b"\n" for note in notes))

    def remove(self, path: Path) -> None:
        self.touched.add(path)
        path.unlink(missing_ok=True)

    def restore(self) -> None:
        """Restore the damaged files."""
        for path in self.touched:
            path.write_bytes(self.kept[path])
        self.touched.clear()

    def verify(self, *, anchored: bool = True) -> Verdict:
        """Verify as `llmops audit verify --key --anchor --artifacts` does."""
        anchors = self.anchors if anchored else ()
        return verify(self.audit, [self.signer.public], anchors, releases=self.root / "release")


def build(root: Path, rng: Random, signer: SigningKey, thief: SigningKey) -> SmallLog:
    """Write a log of random shape, as a run does: workers, then the main stream that ties them in and publishes."""
    shutil.rmtree(root, ignore_errors=True)
    log = SmallLog(root=root, signer=signer, thief=thief)
    log.part.parent.mkdir(parents=True)
    log.part.write_bytes(rng.randbytes(rng.randrange(50, 400)))
    digest = hashlib.sha256(log.part.read_bytes()).hexdigest()
    log.manifest.write_text(json.dumps({"data": [{"path": "data/part-00000.parquet", "sha256": digest}]}))
    for stream in WORKERS:
        with _open(log, stream) as written:
            _some(written, rng, rng.randrange(2, 5))
    with _open(log, MAIN) as written:
        _some(written, rng, 2)
        tie_streams(written)
        _some(written, rng, rng.randrange(1, 3))
        manifest = hashlib.sha256(log.manifest.read_bytes()).hexdigest()
        written.append([ReleasePublished(release_id="r1", manifest=manifest, documents=1)])
        written.append([RunFinished(read=9, released=1, withheld=8)])
    log.anchors = tuple(anchor for anchor in newest_anchors(log.audit) if anchor.stream == MAIN)
    log.kept = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    return log


def relinked(lines: list[bytes], start: int) -> list[bytes]:
    """The same events renumbered and relinked from ``start`` on, as by an attacker who knows the format."""
    new = lines[:start]
    prev = link(leaf_hash(new[-1])) if new else NO_PREVIOUS
    for n, line in enumerate(lines[start:], start):
        old = decode(line)
        new.append(encode(Entry(n=n, prev=prev, at=old.at, run=old.run, event=old.event)))
        prev = link(leaf_hash(new[-1]))
    return new


def invented(rng: Random, n: int, prev: str) -> bytes:
    """A false event that fits its position."""
    event = RecordRead(record_id=f"r{rng.randbytes(8).hex()}", format="fhir")
    return encode(Entry(n=n, prev=prev, at=1, run="run1", event=event))


def _open(log: SmallLog, stream: str) -> AuditLog:
    return AuditLog.open(log.audit, stream=stream, signer=log.signer, clock=lambda: 1_700_000_000_000, run_id="run1")


def _some(written: AuditLog, rng: Random, batches: int) -> None:
    for _ in range(batches):
        for _ in range(rng.randrange(1, 8)):
            record = f"r{rng.randbytes(8).hex()}"
            written.append(
                [
                    RecordRead(record_id=record, format="text", size=rng.randrange(9999)),
                    DocumentReleased(document_id=f"{record}.0", record_id=record, policy_id="p@1", shard="s00000"),
                ]
            )
        written.checkpoint()
