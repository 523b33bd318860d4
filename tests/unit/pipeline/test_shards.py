"""Shards depend on the input alone."""

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from llmops.formats import FORMATS
from llmops.pipeline import plan_shards
from llmops.sources import FilesConfig, InputUnit, ShardSize, plan_units

KEY = b"k" * 32


def units_of(sizes):
    return tuple(
        InputUnit(path=Path(f"/x/{n}"), relative=str(n), size=size, records=records)
        for n, (size, records) in enumerate(sizes)
    )


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 5)), max_size=40), st.integers(1, 7), st.integers(1, 60))
def test_shards_hold_every_unit_once_in_order_within_the_limits(sizes, max_records, max_bytes):
    """Nothing is lost or doubled; only a single unit may be larger than the limit."""
    units = units_of(sizes)
    shards = plan_shards(units, ShardSize(records=max_records, bytes=max_bytes))
    assert tuple(unit for shard in shards for unit in shard.units) == units
    alone = [shard for shard in shards if len(shard.units) > 1]
    assert all(sum(unit.records for unit in shard.units) <= max_records for shard in alone)
    assert all(shard.size <= max_bytes for shard in alone)
    assert len({shard.shard_id for shard in shards}) == len(shards)


def one_shard(folder):
    units = plan_units([folder], FilesConfig(), formats=FORMATS)
    (shard,) = plan_shards(units, ShardSize(records=100, bytes=10**9))
    return shard


def test_a_digest_changes_with_content_and_name_and_with_nothing_else(tmp_path):
    """So that resume redoes exactly what changed."""
    (tmp_path / "a.txt").write_text("one")
    (tmp_path / "b.txt").write_text("two")
    before = one_shard(tmp_path).digest(KEY)
    os.utime(tmp_path / "a.txt", (1, 1))
    assert one_shard(tmp_path).digest(KEY) == before
    (tmp_path / "a.txt").write_text("onE")
    changed = one_shard(tmp_path).digest(KEY)
    (tmp_path / "a.txt").write_text("one")
    (tmp_path / "a.txt").rename(tmp_path / "aa.txt")
    assert len({before, changed, one_shard(tmp_path).digest(KEY)}) == 3
    assert one_shard(tmp_path).digest(b"other key") != one_shard(tmp_path).digest(KEY)


def test_a_file_that_cannot_be_read_still_has_a_digest(tmp_path):
    """Reading it is what withholds it; planning must not stop the run."""
    (tmp_path / "a.txt").write_text("one")
    shard = one_shard(tmp_path)
    (tmp_path / "a.txt").unlink()
    assert len(shard.digest(KEY)) == 64


def test_a_shard_does_not_show_its_file_names(tmp_path):
    """File names are PHI."""
    (tmp_path / "vossberg_quillon.txt").write_text("one")
    assert "vossberg" not in repr(one_shard(tmp_path))


def test_a_pipe_among_the_files_is_not_waited_for(tmp_path):
    """Nobody writes to it, so a run that opened it as a file would stand still for ever."""
    (tmp_path / "a.txt").write_text("one")
    os.mkfifo(tmp_path / "pipe")
    assert one_shard(tmp_path).digest(KEY) == one_shard(tmp_path).digest(KEY)
