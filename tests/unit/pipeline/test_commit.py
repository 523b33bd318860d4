"""The commit of a shard: power lost at any moment, a disk that refuses: the shard is done and whole, or not done."""

import errno
import os
from contextlib import suppress
from random import Random

import pytest

from llmops.documents import (
    Kind,
    Locator,
    Provenance,
    QualityReport,
    Reason,
    ScoredDocument,
    StageName,
    Withheld,
)
from llmops.errors import LlmopsError
from llmops.pipeline import Done, Workspace
from tests.faults import Disk, failing, no_file_over

CODES = (errno.ENOSPC, errno.EIO)
SHARD = "s00000"
PLACE = Locator(container="Jane_Roe.csv", start=4, end=5, rows=True)
WITHHELD = Withheld(record_id="r9", stage=StageName.READ, reason=Reason.TRUNCATED)


def document(number):
    return ScoredDocument(
        document_id=f"r{number}.0",
        record_id=f"r{number}",
        subject="S1",
        kind=Kind.NOTE,
        doc_type="",
        title="",
        text=f"No finding {number}. " * 40,
        sections=(),
        fields=(),
        time="2020",
        findings=(),
        policy_id="safe_harbor@0123456789ab",
        residual_risk=0.0,
        provenance=Provenance(format="text", path="", changes=()),
        quality=QualityReport(score=1.0, dimensions=(), evidence=()),
        signature=(1, 2),
        content_key=f"k{number}",
    )


def commit(root):
    """One shard of three documents and one that was withheld, from beginning to done-record."""
    workspace = Workspace(root=root)
    writer = workspace.begin(SHARD)
    writer.write([document(1), document(2), WITHHELD], [PLACE] * 3)
    writer.write([document(3)], [PLACE])
    facts = writer.finish(read=4)
    writer.commit(Done(shard_id=SHARD, source="s", fingerprint="f", records=4, read=4, **facts))


def whole(root):
    """Whether the shard is done; done is whole."""
    workspace = Workspace(root=root)
    done = workspace.done(SHARD)
    if done is None:
        return False
    assert [one.document_id for one in workspace.scored(done)] == ["r1.0", "r2.0", "r3.0"]
    assert list(workspace.withheld(done)) == [WITHHELD]
    assert [place.document_id or place.record_id for place in workspace.places(done)] == ["r1.0", "r2.0", "r9", "r3.0"]
    assert {place.locator for place in workspace.places(done)} == {PLACE}
    return True


@pytest.fixture(autouse=True)
def no_sync(monkeypatch):
    """What is synced is looked at by `Disk`; nothing else here needs it."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


def test_no_loss_of_power_leaves_half_a_shard_that_counts_as_done(tmp_path):
    """Whatever the disk kept of what was not synced; and what is not done is done again."""
    disk = Disk(tmp_path / "disk", zeros=(".parquet", ".jsonl", ".tmp"))
    (disk.root / SHARD).mkdir(parents=True)
    with disk.watched():
        commit(disk.root)
    assert len(disk.moments) > 8
    rng, states = Random(4), set()
    for moment in disk.moments:
        for left in moment.states(rng, 3):
            left.put(tmp_path / "after")
            states.add(whole(tmp_path / "after"))
            commit(tmp_path / "after")
            assert whole(tmp_path / "after")
    assert states == {True, False}


@pytest.mark.parametrize("call", ["fsync", "replace", "mkdir", "unlink"])
def test_a_disk_that_refuses_any_call_leaves_no_half_shard(tmp_path, call):
    """From the first, second, ... call on: an error, and the shard is done again on a disk that is well."""
    number, refused = 0, [call]
    while refused:
        root = tmp_path / f"work-{number}"
        with failing(call, number, CODES[number % 2], below=root) as refused:
            try:
                commit(root)
            except (OSError, LlmopsError):
                failed = True
            else:
                failed = False
        assert failed == bool(refused)
        whole(root)
        commit(root)
        assert whole(root)
        number += 1
    assert number > 1


@pytest.mark.parametrize("size", [0, 1, 50, 100, 300, 500, 1000, 2000, 4000, 8000])
def test_a_full_disk_leaves_no_half_shard(tmp_path, size):
    """No file may grow over a size."""
    try:
        with no_file_over(size):
            commit(tmp_path)
    except (OSError, LlmopsError):
        assert not whole(tmp_path)
    else:
        assert whole(tmp_path)
    commit(tmp_path)
    assert whole(tmp_path)


@pytest.mark.parametrize("removed", range(1, 5))
def test_work_files_of_which_a_kill_left_a_part_are_made_anew(tmp_path, monkeypatch, removed):
    """Killed after any of its files was removed: the shard is whole, or not done and can be done again."""
    commit(tmp_path / "shards")
    unlink, left = os.unlink, iter(range(removed))

    def killed(*arguments, **keywords):
        if next(left, None) is None:
            raise KeyboardInterrupt
        unlink(*arguments, **keywords)

    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", killed)
        with suppress(KeyboardInterrupt):
            Workspace(root=tmp_path / "shards").remove()
    assert not whole(tmp_path / "shards")
    commit(tmp_path / "shards")
    assert whole(tmp_path / "shards")
