"""Attacks on a log, each at one random place; each returns its location, to check the verdict against."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from llmops.audit import Status
from llmops.audit.checkpoint import parse_checkpoint, sign_checkpoint
from llmops.audit.log.merkle import leaf_hash, root_of
from llmops.audit.log.recovery import NO_PREVIOUS, link
from tests.benchmarks.tampering_log import MAIN, STREAMS, WORKERS, SmallLog, invented, relinked


@dataclass(frozen=True, kw_only=True)
class Strike:
    """Location of an attack, and the minimum content of its verdict.

    Args:
        stream: the stream that must be named; empty for the folder or a release.
        event: first altered event; None if no event was altered.
        says: the allowed statuses.
        words: required part of the finding.
    """

    stream: str
    event: int | None = None
    says: tuple[Status, ...] = (Status.TAMPERED,)
    words: str = ""


Attack = Callable[[SmallLog, Random], Strike]


def flip(log, rng):
    """Flip one bit of an event or its line end."""
    stream, data, at = _byte(log, rng)
    changed = bytearray(data)
    changed[at] ^= 1 << rng.randrange(8)
    log.put(log.file(stream, "jsonl"), bytes(changed))
    return Strike(stream=stream, event=data.count(b"\n", 0, at))


def zero(log, rng):
    """Overwrite a range of bytes with zeros."""
    stream, data, at = _byte(log, rng)
    size = min(rng.randrange(1, 600), len(data) - at)
    log.put(log.file(stream, "jsonl"), data[:at] + bytes(size) + data[at + size :])
    return Strike(stream=stream, event=data.count(b"\n", 0, at))


def edit(log, rng):
    """Change one value to another valid one."""
    stream, lines, at = _event(log, rng)
    lines[at] = lines[at].replace(b'"run":"run1"', b'"run":"run2"')
    log.put_lines(stream, lines)
    return Strike(stream=stream, event=at)


def delete(log, rng):
    """Remove one event."""
    stream, lines, at = _event(log, rng)
    del lines[at]
    log.put_lines(stream, lines)
    return Strike(stream=stream, event=at)


def insert(log, rng):
    """Insert an invented event that fits the one before it."""
    stream, lines, at = _event(log, rng)
    lines.insert(at, invented(rng, at, link(leaf_hash(lines[at - 1])) if at else NO_PREVIOUS))
    log.put_lines(stream, lines)
    return Strike(stream=stream, event=at)


def reorder(log, rng):
    """Swap two events."""
    stream, lines, at = _event(log, rng)
    other = (at + rng.randrange(1, len(lines))) % len(lines)
    lines[at], lines[other] = lines[other], lines[at]
    log.put_lines(stream, lines)
    return Strike(stream=stream, event=min(at, other))


def duplicate(log, rng):
    """Duplicate one event."""
    stream, lines, at = _event(log, rng)
    lines.insert(at, lines[at])
    log.put_lines(stream, lines)
    return Strike(stream=stream, event=at + 1)


def blank(log, rng):
    """Insert an empty line."""
    stream, lines, at = _event(log, rng)
    lines.insert(at, b"")
    log.put_lines(stream, lines)
    return Strike(stream=stream, event=at)


def truncate(log, rng):
    """Truncate at an event; the checkpoints stay."""
    stream, lines, at = _event(log, rng)
    log.put_lines(stream, lines[:at])
    return Strike(stream=stream, event=at)


def truncate_bytes(log, rng):
    """Truncate at a byte; the checkpoints stay."""
    stream, data, at = _byte(log, rng)
    log.put(log.file(stream, "jsonl"), data[:at])
    return Strike(stream=stream, event=data.count(b"\n", 0, at))


def rewrite(log, rng):
    """Change one event and relink every later one: no link is broken."""
    stream, lines, at = _event(log, rng)
    log.put_lines(stream, _forged(lines, at, rng))
    return Strike(stream=stream, event=at)


def rewrite_and_truncate(log, rng):
    """Change one event, relink later ones, and truncate: the rest of the block is not proven."""
    stream, lines, at = _event(log, rng)
    log.put_lines(stream, _forged(lines, at, rng)[: rng.randrange(at + 1, len(lines) + 1)])
    return Strike(stream=stream, event=at)


def drop_and_relink(log, rng):
    """Remove one event; renumber and relink the rest."""
    stream, lines, at = _event(log, rng)
    log.put_lines(stream, relinked([*lines[:at], *lines[at + 1 :]], at))
    return Strike(stream=stream, event=at)


def splice(log, rng):
    """Replace the end of one stream by another's, renumbered and relinked."""
    stream, lines, at = _event(log, rng)
    other = rng.choice([name for name in STREAMS if name != stream])
    tail = log.lines(other)
    log.put_lines(stream, relinked([*lines[:at], *tail[rng.randrange(len(tail)) :]], at))
    return Strike(stream=stream, event=at)


def swap_streams(log, rng):
    """Swap all files of two streams, or only the events."""
    one, other = rng.sample(STREAMS, 2)
    for suffix in rng.choice((("jsonl",), ("jsonl", "checkpoints"), ("jsonl", "checkpoints", "vkey", "tree"))):
        first, second = log.file(one, suffix), log.file(other, suffix)
        log.put(first, log.kept[second])
        log.put(second, log.kept[first])
    return Strike(stream=one, event=0)


def forge_checkpoint(log, rng):
    """Rewrite history from one event on, and reseal it with a thief's key under the trusted key's name."""
    stream, lines, at = _event(log, rng)
    lines = _forged(lines, at, rng)
    log.put_lines(stream, lines)
    notes = [parse_checkpoint(note) for note in log.notes(stream)]
    kept = [note.note for note in notes if note.size <= at]
    sizes = [note.size for note in notes if note.size > at]
    log.put_notes(stream, kept + [_sealed_by_thief(log, stream, lines[:size], rng) for size in sizes])
    return Strike(stream=stream, event=at)


def resign(log, rng):
    """Sign every checkpoint with another key, and add that key beside the log."""
    stream, lines, _ = _event(log, rng)
    sizes = [parse_checkpoint(note).size for note in log.notes(stream)]
    log.put_notes(stream, [_sealed_by_thief(log, stream, lines[:size], rng) for size in sizes])
    log.put(log.file(stream, "vkey"), f"{log.thief.public.vkey}\n".encode())
    return Strike(stream=stream, event=0, words="no valid signature of a trusted key")


def flip_checkpoint(log, rng):
    """Flip one bit of the checkpoint file. At its very end that is a torn checkpoint, as after a crash."""
    stream = rng.choice(STREAMS)
    path = log.file(stream, "checkpoints")
    changed = bytearray(log.kept[path])
    at = rng.randrange(len(changed))
    changed[at] ^= 1 << rng.randrange(8)
    log.put(path, bytes(changed))
    last = at >= len(changed) - len(log.notes(stream)[-1]) - 1
    return Strike(stream=stream, says=(Status.TAMPERED, Status.WARNINGS) if last else (Status.TAMPERED,))


def old_checkpoint(log, rng):
    """Replace the newest checkpoint by an earlier genuine one, and rewrite the events after it."""
    stream = rng.choice(STREAMS)
    notes, lines = log.notes(stream), log.lines(stream)
    keep = rng.randrange(1, len(notes))
    size = parse_checkpoint(notes[keep - 1]).size
    at = rng.randrange(size, len(lines))
    log.put_notes(stream, notes[:keep])
    log.put_lines(stream, _forged(lines, at, rng))
    return Strike(stream=stream, event=at)


def replay_checkpoint(log, rng):
    """Append an old checkpoint after the newest, of this stream or of another."""
    stream = rng.choice(STREAMS)
    note = rng.choice(log.notes(rng.choice(STREAMS)))
    log.put_notes(stream, [*log.notes(stream), note])
    return Strike(stream=stream)


def edit_key_file(log, rng):
    """Flip one bit of the public key beside the log."""
    path = log.file(rng.choice(STREAMS), "vkey")
    changed = bytearray(log.kept[path])
    changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    log.put(path, bytes(changed))
    return Strike(stream=path.stem)


def roll_back(log, rng):
    """Truncate events and checkpoints of the main stream together: only the anchor detects it."""
    size = _cut_back(log, MAIN, rng)
    return Strike(stream=MAIN, event=size, words="rolled back")


def roll_back_worker(log, rng):
    """Truncate events and checkpoints of another stream together: the main stream detects it."""
    stream = rng.choice(WORKERS)
    _cut_back(log, stream, rng)
    return Strike(stream=stream, event=0, words="it does not now")


def wipe_file(log, rng):
    """Remove the events of a stream, or empty the file."""
    stream = rng.choice(STREAMS)
    if rng.random() < 0.5:
        log.remove(log.file(stream, "jsonl"))
    else:
        log.put(log.file(stream, "jsonl"), b"")
    return Strike(stream=stream, event=0)


def wipe_stream(log, rng):
    """Remove every file of a stream."""
    stream = rng.choice(STREAMS)
    for path in log.kept:
        if path.parent == log.audit and path.name.startswith(f"{stream}."):
            log.remove(path)
    return Strike(stream=stream, event=0)


def wipe_log(log, rng):
    """Empty the whole folder: nothing is left to verify, which is a failure."""
    for path in log.kept:
        if path.parent == log.audit:
            log.remove(path)
    return Strike(stream=MAIN, event=0, says=(Status.TAMPERED, Status.CANNOT_VERIFY))


def edit_artifact(log, rng):
    """Flip one bit of a published file, or of its manifest."""
    path = rng.choice((log.part, log.manifest))
    changed = bytearray(log.kept[path])
    changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    log.put(path, bytes(changed))
    return Strike(stream="", words="release r1")


def remove_artifact(log, rng):
    """Remove a published file, or its manifest."""
    log.remove(rng.choice((log.part, log.manifest)))
    return Strike(stream="", words="release r1")


ATTACKS: tuple[Attack, ...] = (
    flip, zero, edit, delete, insert, reorder, duplicate, blank, truncate, truncate_bytes, rewrite,
    rewrite_and_truncate, drop_and_relink, splice, swap_streams, forge_checkpoint, resign, flip_checkpoint,
    old_checkpoint, replay_checkpoint, edit_key_file, roll_back, roll_back_worker, wipe_file, wipe_stream, wipe_log,
    edit_artifact, remove_artifact,
)  # fmt: skip


def _byte(log: SmallLog, rng: Random) -> tuple[str, bytes, int]:
    stream = rng.choice(STREAMS)
    data = log.kept[log.file(stream, "jsonl")]
    return stream, data, rng.randrange(len(data))


def _event(log: SmallLog, rng: Random) -> tuple[str, list[bytes], int]:
    stream = rng.choice(STREAMS)
    lines = log.lines(stream)
    return stream, lines, rng.randrange(len(lines))


def _forged(lines: list[bytes], at: int, rng: Random) -> list[bytes]:
    """Replace one event by an invented one, and relink."""
    return relinked([*lines[:at], invented(rng, at, NO_PREVIOUS), *lines[at + 1 :]], at)


def _sealed_by_thief(log: SmallLog, stream: str, lines: list[bytes], rng: Random) -> bytes:
    """A checkpoint signed by the thief; sometimes under the trusted key's tag as well as its name."""
    root = root_of([leaf_hash(line) for line in lines])
    note = sign_checkpoint(log.thief, stream=stream, size=len(lines), root=root)
    if rng.random() < 0.5:
        return note.note
    ((name, _, signature),) = note.signatures
    return type(note)(
        stream=stream,
        size=len(lines),
        root=root,
        signatures=((name, log.signer.public.note_hash, signature),),
    ).note


def _cut_back(log: SmallLog, stream: str, rng: Random) -> int:
    """Reset a stream to one of its earlier, genuinely signed states; return its size."""
    notes = log.notes(stream)
    keep = rng.randrange(1, len(notes))
    size = parse_checkpoint(notes[keep - 1]).size
    log.put_notes(stream, notes[:keep])
    log.put_lines(stream, log.lines(stream)[:size])
    return size
