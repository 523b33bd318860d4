"""Reading order of a training job: seeded, complete, split between ranks and workers."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

import numpy as np
import numpy.typing as npt

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX: Final = ((30, np.uint64(0xBF58476D1CE4E5B9)), (27, np.uint64(0x94D049BB133111EB)))


def permutation(size: int, *key: int) -> npt.NDArray[np.int64]:
    """Return a permutation of ``range(size)`` that depends on the key alone.

    Sorts by splitmix64 of the position, which is one-to-one, so there are no ties. numpy's generators may change their
    streams between versions (NEP 19), and a resumed job would then read other documents.
    """
    seed = int.from_bytes(hashlib.sha256(repr(key).encode()).digest()[:8], "big")
    mixed = np.arange(1, size + 1, dtype=np.uint64) * _GOLDEN + np.uint64(seed)
    for shift, factor in _MIX:
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * factor
    return np.argsort(mixed ^ (mixed >> np.uint64(31)), kind="stable").astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamShard:
    """One reader's share: every ``count``-th document of the common order, starting with the ``number``-th."""

    number: int = 0
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Common order of an epoch, the same for every rank and worker, whatever their number.

    Parts are shuffled and taken a few at a time; documents are shuffled across each group. Memory holds at most
    ``parts_in_memory`` parts, each part is read once per epoch, and a release with no more is shuffled as a whole.

    Args:
        part_rows: number of documents in each part.
        seed, epoch: key of the shuffle.
        shuffle: False keeps the release's order.
        parts_in_memory: number of parts shuffled together.
    """

    part_rows: Sequence[int]
    seed: int
    epoch: int
    shuffle: bool
    parts_in_memory: int

    def rows(self, shard: StreamShard, skip: int = 0) -> Iterator[npt.NDArray[np.int64]]:
        """Yield a shard's row numbers, one array per group of parts, after its first ``skip`` rows."""
        position = 0
        for number, group in enumerate(self._groups()):
            size = sum(self.part_rows[part] for part in group)
            first = (shard.number - position) % shard.count
            position += size
            here = len(range(first, size, shard.count))
            if skip >= here:
                skip -= here
                continue
            yield self._members(number, group)[first :: shard.count][skip:]
            skip = 0

    def _groups(self) -> Iterator[list[int]]:
        count = len(self.part_rows)
        if not self.shuffle:
            yield from ([part] for part in range(count))
            return
        parts = permutation(count, self.seed, self.epoch)
        for start in range(0, count, self.parts_in_memory):
            yield parts[start : start + self.parts_in_memory].tolist()

    def _members(self, number: int, group: list[int]) -> npt.NDArray[np.int64]:
        offsets = list(accumulate(self.part_rows, initial=0))
        rows = np.concatenate([np.arange(offsets[part], offsets[part + 1], dtype=np.int64) for part in sorted(group)])
        return rows[permutation(len(rows), self.seed, self.epoch, number)] if self.shuffle else rows
