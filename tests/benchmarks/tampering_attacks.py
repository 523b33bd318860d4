"""Attacks on a log, each at one random place; each says where it struck, for the verdict to be held against."""

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
    """Where an attack struck, and the least that must be said of it.

    Args:
        stream: the stream to be named; empty for the folder or a release.
        event: first event that is not what it was; None where no event was touched.
        says: one of these must be the status.
        words: a part of the finding that must be there.
    """

    stream: str
    event: int | None = None
    says: tuple[Status, ...] = (Status.TAMPERED,)
    words: str = ""


Attack = Callable[[SmallLog, Random], Strike]


def flip(log, rng):
    """One bit of one event, its line end too."""
    stream, data, at = _byte(log, rng)
    changed = bytearray(data)
    changed[at] ^= 1 << rng.randrange(8)
    log.put(log.file(stream, "jsonl"), bytes(changed))
    return Strike(stream=stream, event=data.count(b"\n", 0, at))


def zero(log, rng):
    """A stretch of bytes wiped with zeros."""
    stream, data, at = _byte(log, rng)
    size = min(rng.randrange(1, 600), len(data) - at)
    log.put(log.file(stream, "jsonl"), data[:at] + bytes(size) + data[at + size :])
    return Strike(stream=stream, event=data.count(b"\n", 0, at))


def edit(log, rng):
    """One value changed to another that is as valid."""
    stream, lines, at = _event(log, rng)
    lines[at] = lines[at].replace(b'"run":"run1"', b'"run":"run2"')
    log.put_lines(stream, lines)
    return Strike(stream=stream, event=at)


def delete(log, rng):
    """One event taken out."""
    stream, lines, at = _event(log, rng)
    del lines[at]
    log.put_lines(stream, lines)
    return Strike(stream=stream, event=at)


def insert(log, rng):
    """An invented event that fits the one before it."""
    stream, lines, at = _event(log, rng)
    lines.insert(at, invented(rng, at, link(leaf_hash(lines[at - 1])) if at else NO_PREVIOUS))
    log.put_lines(stream, lines)
    return Strike(stream=stream, event=at)


def reorder(log, rng):
    """Two events exchanged."""
    stream, lines, at = _event(log, rng)
    other = (at + rng.randrange(1, len(lines))) % len(lines)
    lines[at], lines[other] = lines[other], lines[at]
    log.put_lines(stream, lines)
    return Strike(stream=stream, event=min(at, other))


def duplicate(log, rng):
    """One event twice."""
    stream, lines, at = _event(log, rng)
    lines.insert(at, lines[at])
    log.put_lines(stream, lines)
    return Strike(stream=stream, event=at + 1)


def blank(log, rng):
    """An empty line put in."""
    stream, lines, at = _event(log, rng)
    lines.insert(at, b"")
    log.put_lines(stream, lines)
    return Strike(stream=stream, event=at)


def truncate(log, rng):
    """The end cut off at an event; the checkpoints stay."""
    stream, lines, at = _event(log, rng)
    log.put_lines(stream, lines[:at])
    return Strike(stream=stream, event=at)


def truncate_bytes(log, rng):
    """The end cut off at a byte; the checkpoints stay."""
    stream, data, at = _byte(log, rng)
    log.put(log.file(stream, "jsonl"), data[:at])
    return Strike(stream=stream, event=data.count(b"\n", 0, at))


def rewrite(log, rng):
    """One event changed and every later one linked to it: no link is broken."""
    stream, lines, at = _event(log, rng)
    log.put_lines(stream, _forged(lines, at, rng))
    return Strike(stream=stream, event=at)


def rewrite_and_truncate(log, rng):
    """One event changed, later ones linked to it, and the end cut off: what is left of the block is not proven."""
    stream, lines, at = _event(log, rng)
    log.put_lines(stream, _forged(lines, at, rng)[: rng.randrange(at + 1, len(lines) + 1)])
    return Strike(stream=stream, event=at)


def drop_and_relink(log, rng):
    """One event taken out and the rest numbered and linked anew."""
    stream, lines, at = _event(log, rng)
    log.put_lines(stream, relinked([*lines[:at], *lines[at + 1 :]], at))
    return Strike(stream=stream, event=at)


def splice(log, rng):
    """The end of one stream put in place of another's, numbered and linked as if it belonged there."""
    stream, lines, at = _event(log, rng)
    other = rng.choice([name for name in STREAMS if name != stream])
    tail = log.lines(other)
    log.put_lines(stream, relinked([*lines[:at], *tail[rng.randrange(len(tail)) :]], at))
    return Strike(stream=stream, event=at)


def swap_streams(log, rng):
    """All files of two streams exchanged, or the events alone."""
    one, other = rng.sample(STREAMS, 2)
    for suffix in rng.choice((("jsonl",), ("jsonl", "checkpoints"), ("jsonl", "checkpoints", "vkey", "tree"))):
        first, second = log.file(one, suffix), log.file(other, suffix)
        log.put(first, log.kept[second])
        log.put(second, log.kept[first])
    return Strike(stream=one, event=0)


def forge_checkpoint(log, rng):
    """History rewritten from one event on, and sealed anew by a thief under the trusted key's name."""
    stream, lines, at = _event(log, rng)
    lines = _forged(lines, at, rng)
    log.put_lines(stream, lines)
    notes = [parse_checkpoint(note) for note in log.notes(stream)]
    kept = [note.note for note in notes if note.size <= at]
    sizes = [note.size for note in notes if note.size > at]
    log.put_notes(stream, kept + [_sealed_by_thief(log, stream, lines[:size], rng) for size in sizes])
    return Strike(stream=stream, event=at)


def resign(log, rng):
    """Every checkpoint signed by another key, and that key put beside the log."""
    stream, lines, _ = _event(log, rng)
    sizes = [parse_checkpoint(note).size for note in log.notes(stream)]
    log.put_notes(stream, [_sealed_by_thief(log, stream, lines[:size], rng) for size in sizes])
    log.put(log.file(stream, "vkey"), f"{log.thief.public.vkey}\n".encode())
    return Strike(stream=stream, event=0, words="no valid signature of a trusted key")


def flip_checkpoint(log, rng):
    """One bit of the checkpoint file. At its very end that is a torn checkpoint, as a crash leaves it."""
    stream = rng.choice(STREAMS)
    path = log.file(stream, "checkpoints")
    changed = bytearray(log.kept[path])
    at = rng.randrange(len(changed))
    changed[at] ^= 1 << rng.randrange(8)
    log.put(path, bytes(changed))
    last = at >= len(changed) - len(log.notes(stream)[-1]) - 1
    return Strike(stream=stream, says=(Status.TAMPERED, Status.WARNINGS) if last else (Status.TAMPERED,))


def old_checkpoint(log, rng):
    """A true checkpoint of earlier put in place of the newest, and the events behind it rewritten."""
    stream = rng.choice(STREAMS)
    notes, lines = log.notes(stream), log.lines(stream)
    keep = rng.randrange(1, len(notes))
    size = parse_checkpoint(notes[keep - 1]).size
    at = rng.randrange(size, len(lines))
    log.put_notes(stream, notes[:keep])
    log.put_lines(stream, _forged(lines, at, rng))
    return Strike(stream=stream, event=at)


def replay_checkpoint(log, rng):
    """An old checkpoint written behind the newest, of this stream or of another."""
    stream = rng.choice(STREAMS)
    note = rng.choice(log.notes(rng.choice(STREAMS)))
    log.put_notes(stream, [*log.notes(stream), note])
    return Strike(stream=stream)


def edit_key_file(log, rng):
    """One bit of the public key beside the log."""
    path = log.file(rng.choice(STREAMS), "vkey")
    changed = bytearray(log.kept[path])
    changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    log.put(path, bytes(changed))
    return Strike(stream=path.stem)


def roll_back(log, rng):
    """Events and checkpoints of the main stream cut back together: only the anchor knows."""
    size = _cut_back(log, MAIN, rng)
    return Strike(stream=MAIN, event=size, words="rolled back")


def roll_back_worker(log, rng):
    """Events and checkpoints of another stream cut back together: the main stream knows."""
    stream = rng.choice(WORKERS)
    _cut_back(log, stream, rng)
    return Strike(stream=stream, event=0, words="it does not now")


def wipe_file(log, rng):
    """The events of a stream removed, or emptied."""
    stream = rng.choice(STREAMS)
    if rng.random() < 0.5:
        log.remove(log.file(stream, "jsonl"))
    else:
        log.put(log.file(stream, "jsonl"), b"")
    return Strike(stream=stream, event=0)


def wipe_stream(log, rng):
    """Every file of a stream removed."""
    stream = rng.choice(STREAMS)
    for path in log.kept:
        if path.parent == log.audit and path.name.startswith(f"{stream}."):
            log.remove(path)
    return Strike(stream=stream, event=0)


def wipe_log(log, rng):
    """The whole folder emptied: nothing is left to be verified, and that is no success."""
    for path in log.kept:
        if path.parent == log.audit:
            log.remove(path)
    return Strike(stream=MAIN, event=0, says=(Status.TAMPERED, Status.CANNOT_VERIFY))


def edit_artifact(log, rng):
    """One bit of a published file, or of the manifest that names it."""
    path = rng.choice((log.part, log.manifest))
    changed = bytearray(log.kept[path])
    changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    log.put(path, bytes(changed))
    return Strike(stream="", words="release r1")


def remove_artifact(log, rng):
    """A published file, or its manifest, removed."""
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
    """The lines with one event exchanged for an invented one, and linked anew."""
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
    """Put a stream back to one of its earlier, truly signed states; its size then."""
    notes = log.notes(stream)
    keep = rng.randrange(1, len(notes))
    size = parse_checkpoint(notes[keep - 1]).size
    log.put_notes(stream, notes[:keep])
    log.put_lines(stream, log.lines(stream)[:size])
    return size
