"""The RFC 6962 Merkle tree: hashes, a frontier that grows by appending, inclusion and consistency proofs."""

import hashlib
from collections.abc import Sequence
from typing import Final

EMPTY_ROOT: Final = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """Hash one leaf: SHA-256 of ``0x00 || data`` (RFC 6962, 2.1)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash an inner node: SHA-256 of ``0x01 || left || right`` (RFC 6962, 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: root and size in O(log n) memory, one append amortised O(1)."""

    __slots__ = ("_peaks", "size")

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Add a leaf hash at the right."""
        node, size = leaf, self.size
        while size & 1:
            node = node_hash(self._peaks.pop(), node)
            size >>= 1
        self._peaks.append(node)
        self.size += 1

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Add leaf hashes at the right; the same tree as one `append` each, in half the time."""
        done = 0
        while done < len(leaves):
            widest = 1 << ((len(leaves) - done).bit_length() - 1)
            width = min(widest, self.size & -self.size or widest)
            self._push(_top(leaves[done : done + width]), width)
            done += width

    def _push(self, node: bytes, width: int) -> None:
        """Add a complete subtree of ``width`` leaves; the current size must be a multiple of it."""
        size = self.size
        while size & width:
            node = node_hash(self._peaks.pop(), node)
            size -= width
            width <<= 1
        self._peaks.append(node)
        self.size = size + width

    @property
    def newest(self) -> bytes:
        """Return the root of the largest complete subtree that ends with the last leaf; the tree must not be empty."""
        return self._peaks[-1]

    def root(self) -> bytes:
        """Return the root over all leaves; of the empty tree, SHA-256 of the empty string."""
        if not self._peaks:
            return EMPTY_ROOT
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root)
        return root


def _top(nodes: Sequence[bytes]) -> bytes:
    """Return the root of a complete tree, computed level by level."""
    while len(nodes) > 1:
        pairs = iter(nodes)
        nodes = [hashlib.sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
    return nodes[0]


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the root over a sequence of leaf hashes."""
    frontier = Frontier()
    frontier.extend(leaves)
    return frontier.root()


def inclusion_proof(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Return the inclusion proof of leaf ``index`` in the tree over ``leaves`` (RFC 6962, 2.1.1).

    Raises:
        IndexError: there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise IndexError("no such leaf")
    return tuple(root_of(leaves[start:end]) for start, end in proof_ranges(index, len(leaves)))


def proof_ranges(index: int, size: int) -> tuple[tuple[int, int], ...]:
    """Return the leaf ranges ``[start, end)`` whose roots are the inclusion proof of leaf ``index``, in proof order.

    With the leaf itself they cover the whole tree, so one pass over the leaves can build the proof.
    """
    ranges, start, end = [], 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return tuple(reversed(ranges))


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> tuple[bytes, ...]:
    """Return the consistency proof from the first ``old_size`` of ``leaves`` to all of them (RFC 6962, 2.1.2).

    Raises:
        IndexError: the old tree is larger than the new one.
    """
    return tuple(root_of(leaves[start:end]) for start, end in consistency_ranges(old_size, len(leaves)))


def consistency_ranges(old_size: int, size: int) -> tuple[tuple[int, int], ...]:
    """Return the leaf ranges ``[start, end)`` whose roots are the consistency proof, in proof order.

    Raises:
        IndexError: the old tree is larger than the new one.
    """
    if not 0 <= old_size <= size:
        raise IndexError("no such tree")
    if old_size in (0, size):
        return ()
    return _subranges(0, size, old_size, complete=True)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether ``proof`` proves ``leaf`` at ``index`` of ``size`` leaves under ``root`` (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    position, last, node = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            node = node_hash(sibling, node)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and node == root


def verify_consistency(old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether ``proof`` proves that the new tree extends the old one (RFC 9162, 2.1.4.2)."""
    if not 0 <= old_size <= new_size:
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    if old_size == 0:
        return not proof and old_root == EMPTY_ROOT
    nodes = list(proof)
    if old_size & (old_size - 1) == 0:
        nodes.insert(0, old_root)
    if not nodes:
        return False
    return _climb(nodes, old_size - 1, new_size - 1) == (old_root, new_root)


def _climb(nodes: Sequence[bytes], position: int, last: int) -> tuple[bytes, bytes] | None:
    """Rebuild both roots from a consistency proof; ``None`` if the proof is too long or too short."""
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = nodes[0]
    for sibling in nodes[1:]:
        if last == 0:
            return None
        if position & 1 or position == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        position, last = position >> 1, last >> 1
    return (old, new) if last == 0 else None


def _subranges(start: int, end: int, old_size: int, *, complete: bool) -> tuple[tuple[int, int], ...]:
    """SUBPROOF of RFC 6962, 2.1.2, as leaf ranges; ``old_size`` is counted from ``start``."""
    if old_size == end - start:
        return () if complete else ((start, end),)
    split = _split(end - start)
    middle = start + split
    if old_size <= split:
        return (*_subranges(start, middle, old_size, complete=complete), (middle, end))
    return (*_subranges(middle, end, old_size - split, complete=False), (start, middle))


def _split(size: int) -> int:
    """Return the largest power of two smaller than ``size``."""
    return 1 << ((size - 1).bit_length() - 1)
