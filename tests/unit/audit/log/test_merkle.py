"""The Merkle tree against the known answers of RFC 6962 implementations, and its proofs against themselves."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops.audit.log import merkle

# The eight leaves and roots that every certificate-transparency implementation is tested with.
LEAVES = [bytes.fromhex(one) for one in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657",
                                         "606162636465666768696a6b6c6d6e6f")]  # fmt: skip
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
HASHES = [merkle.leaf_hash(leaf) for leaf in LEAVES]
sizes = st.integers(1, 70)


def leaves_of(count: int) -> list[bytes]:
    return [merkle.leaf_hash(str(i).encode()) for i in range(count)]


def test_empty_tree_has_the_hash_of_nothing_as_root():
    """RFC 6962, 2.1: MTH({}) = SHA-256()."""
    assert merkle.root_of([]) == hashlib.sha256(b"").digest()


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_the_known_ones(size):
    """Every size of the reference tree has its published root."""
    assert merkle.root_of(HASHES[:size]).hex() == ROOTS[size - 1]


def test_inclusion_path_is_the_known_one():
    """Leaf 5 of 8 (counted from 0) is proven by the published path."""
    path = [node.hex() for node in merkle.inclusion_proof(HASHES, 5)]
    assert path == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


@given(sizes, st.data())
def test_every_leaf_proves_its_place_and_no_other(size, data):
    """A proof holds for its own leaf and position, and for nothing else."""
    leaves = leaves_of(size)
    index = data.draw(st.integers(0, size - 1))
    root, proof = merkle.root_of(leaves), merkle.inclusion_proof(leaves, index)
    assert merkle.verify_inclusion(leaves[index], index, size, proof, root)
    assert not merkle.verify_inclusion(merkle.leaf_hash(b"other"), index, size, proof, root)
    assert not merkle.verify_inclusion(leaves[index], index, size, (*proof, root), root)
    if size > 1:
        assert not merkle.verify_inclusion(leaves[index], (index + 1) % size, size, proof, root)
        assert not merkle.verify_inclusion(leaves[index], index, size, proof[:-1], root)


@given(sizes, st.data())
def test_a_tree_proves_that_it_extends_an_older_one(size, data):
    """Consistency holds for the true old root and for no other."""
    leaves = leaves_of(size)
    old = data.draw(st.integers(0, size))
    old_root, root = merkle.root_of(leaves[:old]), merkle.root_of(leaves)
    proof = merkle.consistency_proof(leaves, old)
    assert merkle.verify_consistency(old, old_root, size, root, proof)
    assert not merkle.verify_consistency(old, merkle.leaf_hash(b"other"), size, root, proof)
    if old:  # every tree extends the empty one
        assert not merkle.verify_consistency(old, old_root, size, merkle.leaf_hash(b"other"), proof)
    if 0 < old < size:
        assert not merkle.verify_consistency(old, old_root, size, root, proof[:-1])
        assert not merkle.verify_consistency(old, old_root, size, root, (*proof, root))


def test_positions_outside_the_tree_prove_nothing():
    """Sizes and positions that cannot be are answered no, not with a crash."""
    root = merkle.root_of(HASHES)
    assert not merkle.verify_inclusion(HASHES[0], 8, 8, (), root)
    assert not merkle.verify_inclusion(HASHES[0], -1, 8, (), root)
    assert not merkle.verify_consistency(9, root, 8, root, ())
    with pytest.raises(IndexError):
        merkle.inclusion_proof(HASHES, 8)
    with pytest.raises(IndexError):
        merkle.consistency_proof(HASHES, 9)
