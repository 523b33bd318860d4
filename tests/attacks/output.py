"""Attacks on an output folder: each plants something, given the folder and a file of the raw zone."""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from llmops.audit import AuditLog
from llmops.audit.checkpoint import sign_checkpoint
from llmops.audit.codec import Entry, encode
from llmops.audit.events import DocumentReleased, Event, Queried, VaultAction, VaultChanged
from llmops.audit.log.merkle import leaf_hash, root_of
from llmops.keys import SigningKey, load_or_create_signing_key

Plant = Callable[[Path, Path], None]


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One attack.

    Args:
        name: test id.
        plant: plants it in an output folder; the second argument is a file that must stay secret and unchanged.
        stream: the audit stream rejected with it; empty if none has to be.
        stops: whether a run over the output must be refused, rather than continue without the planted item.
    """

    name: str
    plant: Plant
    stream: str = ""
    stops: bool = False


def linked(name: str) -> Plant:
    """A symbolic link to the secret under an output name."""

    def plant(output: Path, secret: Path) -> None:
        _clear(output / name)
        (output / name).symlink_to(secret)

    return plant


def second_name(name: str) -> Plant:
    """A hard link to the secret under an output name."""

    def plant(output: Path, secret: Path) -> None:
        _clear(output / name)
        os.link(secret, output / name)

    return plant


def fifo(name: str) -> Plant:
    """A pipe without a writer: a plain open blocks forever."""

    def plant(output: Path, _: Path) -> None:
        _clear(output / name)
        os.mkfifo(output / name)

    return plant


def listening(name: str) -> Plant:
    """A socket."""

    def plant(output: Path, _: Path) -> None:
        _clear(output / name)
        here = Path.cwd()
        os.chdir((output / name).parent)  # socket addresses have a length limit
        try:
            with socket.socket(socket.AF_UNIX) as one:
                one.bind(Path(name).name)
        finally:
            os.chdir(here)

    return plant


def written(name: str, data: bytes) -> Plant:
    """A file of bytes."""

    def plant(output: Path, _: Path) -> None:
        _clear(output / name)
        (output / name).write_bytes(data)

    return plant


def folder_elsewhere(name: str) -> Plant:
    """Move the folder of that name away and link to the secret's folder in its place."""

    def plant(output: Path, secret: Path) -> None:
        if (output / name).exists():
            (output / name).rename(output.with_name(f"{output.name}-moved"))
        (output / name).symlink_to(secret.parent)

    return plant


def forged(stream: str, *events: Event) -> Plant:
    """A stream without a key, as any writer of the folder can forge it: canonical, linked, and false."""

    def plant(output: Path, _: Path) -> None:
        forge(output / "audit" / f"{stream}.jsonl", events)

    return plant


def forged_and_signed(stream: str, *events: Event) -> Plant:
    """The same with the attacker's own key beside it, and checkpoints signed with that key."""

    def plant(output: Path, _: Path) -> None:
        other = output.with_name(f"{output.name}-{stream}-key")
        signer = load_or_create_signing_key(other / "key.pem", name="llmops-audit")
        log(other / "audit", "forged", signer, events)
        for path in (other / "audit").iterdir():
            moved = output / "audit" / path.name.replace("forged", stream)
            moved.write_bytes(path.read_bytes())
        checkpoints = moved.with_name(f"{stream}.checkpoints")
        checkpoints.write_bytes(_signed_as(stream, signer, output / "audit" / f"{stream}.jsonl"))

    return plant


def forge(path: Path, events: tuple[Event, ...]) -> None:
    """Write events to a file in the log's format."""
    prev, lines = "0" * 32, []
    for n, event in enumerate(events):
        line = encode(Entry(n=n, prev=prev, at=1_700_000_000_000, run="", event=event))
        prev = leaf_hash(line).hex()[:32]
        lines.append(line + b"\n")
    path.write_bytes(b"".join(lines))


def log(directory: Path, stream: str, signer: SigningKey, events: tuple[Event, ...]) -> None:
    """Write events as a log does."""
    with AuditLog.open(directory, stream=stream, signer=signer, clock=lambda: 1_700_000_000_000) as writer:
        writer.append(events)


def _signed_as(stream: str, signer: SigningKey, events: Path) -> bytes:
    leaves = [leaf_hash(line) for line in events.read_bytes().splitlines()]
    return sign_checkpoint(signer, stream=stream, size=len(leaves), root=root_of(leaves)).note + b"\n"


def _clear(path: Path) -> None:
    path.unlink(missing_ok=True)


def together(*plants: Plant) -> Plant:
    """Combine several attacks."""

    def plant(output: Path, secret: Path) -> None:
        for one in plants:
            one(output, secret)

    return plant


QUERY = Queried(release_id="0" * 16, k=5, query_length=9)
RELEASED = DocumentReleased(document_id="r00000000000000000000.0", record_id="r00000000000000000000")
ERASED = VaultChanged(action=VaultAction.ERASED, subject="S-0000000000000000", subjects=1)

READERS = (
    Attack(name="link-events", plant=linked("audit/reader-link.jsonl"), stream="reader-link"),
    Attack(
        name="link-keys",
        plant=together(forged("reader-keys", QUERY), linked("audit/reader-keys.vkey")),
        stream="reader-keys",
    ),
    Attack(name="link-checkpoints", plant=linked("audit/reader-seal.checkpoints"), stream="reader-seal"),
    Attack(name="link-segment", plant=linked("audit/reader-part.000000000000.jsonl"), stream="reader-part"),
    Attack(name="link-tree", plant=together(forged("reader-tree", QUERY), linked("audit/reader-tree.tree"))),
    Attack(name="second-name", plant=second_name("audit/reader-hard.jsonl"), stream="reader-hard"),
    Attack(name="fifo", plant=fifo("audit/reader-fifo.jsonl"), stream="reader-fifo"),
    Attack(name="fifo-checkpoints", plant=fifo("audit/reader-wait.checkpoints"), stream="reader-wait"),
    Attack(name="socket", plant=listening("audit/reader-sock.jsonl"), stream="reader-sock"),
    Attack(name="junk", plant=written("audit/reader-junk.jsonl", b"not an event\n" * 9), stream="reader-junk"),
    Attack(name="junk-zeros", plant=written("audit/reader-zero.jsonl", bytes(2 << 20)), stream="reader-zero"),
    Attack(name="junk-seal", plant=written("audit/reader-jseal.checkpoints", b"x\n\ny\n\n"), stream="reader-jseal"),
    Attack(name="forged-release", plant=forged("reader-free", QUERY, RELEASED), stream="reader-free"),
    Attack(name="forged-vault", plant=forged("reader-erase", ERASED), stream="reader-erase"),
    Attack(name="forged-signed", plant=forged_and_signed("reader-sign", QUERY), stream="reader-sign"),
)
"""Planted where readers log: invalidates that stream, not the run."""

NAMES = (
    Attack(name="link-summary-tmp", plant=linked(".summary.json.tmp")),
    Attack(name="link-report-tmp", plant=linked(".report.html.tmp")),
    Attack(name="link-evaluation-tmp", plant=linked(".evaluation.json.tmp")),
    Attack(name="link-summary", plant=linked("summary.json")),
    Attack(name="second-name-report", plant=second_name("report.html")),
    Attack(name="link-evaluation", plant=linked("evaluation.json")),
    Attack(name="link-torn", plant=linked("audit/reader-link.torn-1")),
)
"""Planted under names that a run writes: replaced or left alone, never written through."""

FOLDERS = (
    Attack(name="audit-is-a-link", plant=folder_elsewhere("audit"), stops=True),
    Attack(name="release-is-a-link", plant=folder_elsewhere("release"), stops=True),
)
"""Planted in place of an output folder: the run is refused."""
