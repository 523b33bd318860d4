"""A disk that loses power, is full, or fails: what Python's own ``os`` calls and a process's limits can show of it."""

import os
import resource
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

SYNCS = ("fsync", "fdatasync")
CHANGES = ("open", "write", "ftruncate", "replace", "rename", "link", "unlink", "mkdir")
Names = dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Moment:
    """All that a loss of power at one moment can leave.

    Args:
        names: of each folder (by inode) every state since it was last synced, the oldest first.
        content: of each file (by inode) what was synced, and what was written since.
        known: what had been acknowledged by then.
        zeros: ends of the names of files whose size may be on the disk before their bytes are.
    """

    root: int
    names: dict[int, tuple[Names, ...]]
    content: dict[int, tuple[bytes, bytes]]
    known: object
    zeros: tuple[str, ...]

    def states(self, rng: Random, more: int) -> Iterator["Left"]:
        """Nothing that was not synced; all of it; and ``more`` random states in between."""
        yield Left(self, lambda choices: choices[0], lambda synced, *_: synced)
        yield Left(self, lambda choices: choices[-1], lambda _, written, __: written)
        for _ in range(more):
            yield Left(self, rng.choice, lambda *file: _some_of(rng, *file))


class Left:
    """One state of the disk after a loss of power."""

    def __init__(self, moment, names, content) -> None:
        self._moment, self._names, self._content = moment, names, content

    def put(self, folder: Path) -> None:
        """Make ``folder`` what the disk holds."""
        shutil.rmtree(folder, ignore_errors=True)
        self._put(folder, self._moment.root)

    def _put(self, path: Path, inode: int) -> None:
        if inode in self._moment.names:
            path.mkdir(mode=0o700, parents=True)
            for name, child in self._names(self._moment.names[inode]).items():
                self._put(path / name, child)
        else:
            zeros = path.name.endswith(self._moment.zeros)
            path.write_bytes(self._content(*self._moment.content[inode], zeros))
            path.chmod(0o600)


@dataclass
class Disk:
    """Watches a folder, and keeps each moment at which power may be lost. Changes of names keep their order.

    Nothing is really synced: what a sync would have made durable is remembered instead.
    """

    root: Path
    zeros: tuple[str, ...] = ()
    moments: list[Moment] = field(default_factory=list)
    known: object = None
    _synced: dict[int, bytes] = field(default_factory=dict)
    _names: dict[int, list[Names]] = field(default_factory=dict)
    _held: dict[int, int] = field(default_factory=dict)

    @contextmanager
    def watched(self) -> Iterator["Disk"]:
        """Watch what is done in here; what is there already is durable."""
        real = {name: getattr(os, name) for name in (*SYNCS, *CHANGES)}
        self._real_open = real["open"]
        for path in (self.root, *self.root.rglob("*")):
            self._sync(path)
        with pytest.MonkeyPatch.context() as patch:
            for name in CHANGES:
                patch.setattr(os, name, self._before(real[name]))
            for name in SYNCS:
                patch.setattr(os, name, self._instead)
            yield self
            self._moment()
        for descriptor in self._held.values():
            os.close(descriptor)

    def _before(self, call):
        def watched(*arguments, **options):
            self._moment()
            return call(*arguments, **options)

        return watched

    def _instead(self, descriptor: int) -> None:
        self._moment()
        self._sync(Path(f"/proc/self/fd/{descriptor}").readlink())
        self._moment()

    def _sync(self, path: Path) -> None:
        if not path.is_relative_to(self.root) or not path.exists():
            return
        inode = self._inode(path)
        if path.is_dir():
            self._names[inode] = [self._listed(path)]
        else:
            self._synced[inode] = path.read_bytes()

    def _inode(self, path: Path) -> int:
        """The inode, held so that its number is not given to another file."""
        inode = path.stat().st_ino
        if inode not in self._held:
            self._held[inode] = self._real_open(path, os.O_RDONLY)
        return inode

    def _listed(self, folder: Path) -> Names:
        return {child.name: self._inode(child) for child in folder.iterdir()}

    def _moment(self) -> None:
        for path in (self.root, *self.root.rglob("*")):
            if path.is_dir():
                states = self._names.setdefault(self._inode(path), [{}])
                if states[-1] != (now := self._listed(path)):
                    states.append(now)
            else:
                self._inode(path)
        files = {inode: one for inode, one in self._held.items() if not stat.S_ISDIR(os.fstat(one).st_mode)}
        content = {inode: (self._synced.get(inode, b""), _whole(one)) for inode, one in files.items()}
        moment = Moment(
            root=self._inode(self.root),
            names={inode: tuple(states) for inode, states in self._names.items()},
            content=content,
            known=self.known,
            zeros=self.zeros,
        )
        if not self.moments or moment != self.moments[-1]:
            self.moments.append(moment)


@contextmanager
def failing(call: str, number: int, code: int, *, below: Path) -> Iterator[list[str]]:
    """From the ``number``-th call of an ``os`` function on a path below a folder on, the disk answers with an error.

    Yields:
        The calls that were refused; empty in the end where there were not so many.
    """
    real, seen, refused = getattr(os, call), [0], []

    def maybe(*arguments, **options):
        where, folder = arguments[0], options.get("dir_fd", options.get("src_dir_fd"))
        place = _place(where) if isinstance(where, int) else Path(os.fsdecode(where))
        place = place if folder is None else _place(folder) / place
        if place.absolute().is_relative_to(below):
            seen[0] += 1
            if seen[0] > number:
                refused.append(call)
                raise OSError(code, os.strerror(code))
        return real(*arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, call, maybe)
        yield refused


@contextmanager
def no_file_over(size: int) -> Iterator[None]:
    """No file of this process grows over ``size`` bytes, whoever writes it: SQLite, Arrow, Python."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _place(descriptor: int) -> Path:
    return Path(f"/proc/self/fd/{descriptor}").readlink()


def _whole(descriptor: int) -> bytes:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)


def _some_of(rng: Random, synced: bytes, written: bytes, zeros: bool) -> bytes:
    """What may be there of a file: a prefix of what was appended, perhaps zeros up to its size; or before or after."""
    if not written.startswith(synced):
        return rng.choice((synced, written))
    size = rng.randint(len(synced), len(written))
    return written[:size] + bytes(len(written) - size if zeros and rng.random() < 0.5 else 0)
