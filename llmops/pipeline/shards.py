"""Cut the input into shards, by the input alone and never by the number of workers."""

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from llmops.sources import InputUnit, ShardSize
from llmops.sources.errors import Unreadable
from llmops.sources.open_file import open_plain

_BLOCK: Final = 2**20
_FOOTER: Final = 2**16


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A group of units processed, retried and committed as one. The units are PHI (file names)."""

    shard_id: str
    units: tuple[InputUnit, ...] = field(repr=False)

    @property
    def size(self) -> int:
        """Input size in bytes, for the progress bar."""
        return sum(unit.size for unit in self.units)

    def digest(self, key: bytes) -> str:
        """Keyed digest of the shard's input; equal exactly where the input is unchanged, file names included.

        An unreadable file has a digest of its own; reading it later withholds it with a reason.
        """
        whole = hmac.new(key, digestmod=hashlib.sha256)
        for unit in self.units:
            place = (unit.root, unit.relative, unit.start, unit.stop, unit.by_rows)
            whole.update(repr(place).encode("utf-8", "surrogateescape") + b"\0" + _content(unit, key))
        return whole.hexdigest()


def plan_shards(units: Sequence[InputUnit], size: ShardSize) -> tuple[Shard, ...]:
    """Group units, in order, into shards of at most ``size``; only a single unit may exceed it."""
    groups = _groups(units, size)
    return tuple(Shard(shard_id=f"s{number:05d}", units=tuple(group)) for number, group in enumerate(groups))


def _content(unit: InputUnit, key: bytes) -> bytes:
    """Keyed digest of a unit's bytes; for a record range, of the file's size, time and footer.

    A record range is not a byte range, and hashing the whole file for each range would be quadratic.
    """
    whole = hmac.new(key, digestmod=hashlib.sha256)
    if unit.refused is not None:
        return whole.digest()
    try:
        with open_plain(unit.path) as file:  # never blocks on a pipe among the files
            start, stop = unit.start, unit.stop if unit.stop >= 0 else unit.path.stat().st_size
            if unit.by_rows:
                stat = unit.path.stat()
                whole.update(f"{stat.st_size}:{stat.st_mtime_ns}".encode())
                start, stop = max(0, stat.st_size - _FOOTER), stat.st_size
            file.seek(start)
            while start < stop and (block := file.read(min(_BLOCK, stop - start))):
                whole.update(block)
                start += len(block)
    except (OSError, Unreadable):
        return b"unreadable"
    return whole.digest()


def _groups(units: Sequence[InputUnit], most: ShardSize) -> Iterator[list[InputUnit]]:
    group: list[InputUnit] = []
    size = records = 0
    for unit in units:
        if group and (records + unit.records > most.records or size + unit.size > most.bytes):
            yield group
            group, size, records = [], 0, 0
        group.append(unit)
        size += unit.size
        records += unit.records
    if group:
        yield group
