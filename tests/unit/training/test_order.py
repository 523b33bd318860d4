"""The order of an epoch is a permutation that rank and worker counts split but never change."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from llmops.training.order import Order, StreamShard, permutation


@given(st.integers(0, 500), st.integers(), st.integers(0, 9))
def test_a_permutation_holds_every_position_once(size, seed, epoch):
    """And depends on the key alone."""
    found = permutation(size, seed, epoch)
    assert sorted(found.tolist()) == list(range(size))
    assert np.array_equal(found, permutation(size, seed, epoch))


def test_a_permutation_stays_what_it_is():
    """A job resumed under a later version reads the same order: these values are fixed for good."""
    assert permutation(10, 0, 0).tolist() == [5, 0, 9, 8, 6, 3, 1, 4, 2, 7]
    assert permutation(10, 7, 1, 2).tolist() == [6, 2, 7, 4, 5, 3, 9, 8, 1, 0]


def test_a_permutation_has_no_tilt():
    """Every position is as likely to come first as any other (chi-square under its 0.1 % limit at 19 degrees)."""
    firsts = np.bincount([permutation(20, seed)[0] for seed in range(4000)], minlength=20)
    assert float((((firsts - 200) ** 2) / 200).sum()) < 43.8


@settings(max_examples=150, deadline=None)
@given(
    part_rows=st.lists(st.integers(0, 9), min_size=1, max_size=6),
    shards=st.integers(1, 7),
    parts_in_memory=st.integers(1, 4),
    seed=st.integers(0, 3),
    shuffle=st.booleans(),
    skip=st.integers(0, 60),
)
def test_shards_are_disjoint_and_complete(part_rows, shards, parts_in_memory, seed, shuffle, skip):
    """Interleaved they are the common order; skipping rows is dropping them from the front."""
    order = Order(part_rows=part_rows, seed=seed, epoch=0, shuffle=shuffle, parts_in_memory=parts_in_memory)

    def read(number, count, first=0):
        return [row for rows in order.rows(StreamShard(number=number, count=count), first) for row in rows.tolist()]

    whole = read(0, 1)
    assert sorted(whole) == list(range(sum(part_rows)))
    assert shuffle or whole == sorted(whole)
    for number in range(shards):
        mine = read(number, shards)
        assert mine == whole[number::shards]
        assert read(number, shards, skip) == mine[skip:]


def test_memory_holds_a_few_parts_at_a_time():
    """A group of rows never reaches over more parts than allowed, and each part is in one group."""
    order = Order(part_rows=[5] * 10, seed=1, epoch=0, shuffle=True, parts_in_memory=3)
    groups = [{row // 5 for row in rows.tolist()} for rows in order.rows(StreamShard())]
    assert [len(group) for group in groups] == [3, 3, 3, 1]
    assert len(set.union(*groups)) == 10
