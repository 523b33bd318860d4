"""Power lost at any moment of publishing, and a disk that refuses: a release that has its name is whole."""

import errno
from random import Random

import pytest

from llmops.errors import ReleaseError
from llmops.release import open_release
from tests.faults import Disk, failing, no_file_over

CODES = (errno.ENOSPC, errno.EIO)


@pytest.fixture
def named(tmp_path, signer):
    """Opens every release that has its name in an output folder; their number."""

    def look(output):
        found = list((tmp_path / output / "release").glob("[0-9a-f]*"))
        return len([open_release(path, (signer.public,)) for path in found])

    return look


def test_no_loss_of_power_leaves_half_a_release(tmp_path, publish, named):
    """Whatever the disk kept of what was not synced: no release or a whole one, and that one once it was returned."""
    disk = Disk(tmp_path / "disk", zeros=(".parquet", ".json", ".sig"), known=0)
    disk.root.mkdir()
    with disk.watched():
        publish(output="disk")
        disk.known = 1
    assert len(disk.moments) > 20
    rng = Random(4)
    for number, moment in enumerate(disk.moments):
        for left in moment.states(rng, 2):
            left.put(tmp_path / "after")
            assert moment.known <= named("after") <= 1
        if number % 8 == 0:
            publish(output="after")
            assert named("after") == 1


@pytest.mark.parametrize("call", ["fsync", "rename", "mkdir"])
def test_a_disk_that_refuses_any_call_publishes_nothing_half(tmp_path, publish, named, call):
    """From the first, second, ... call on: a `ReleaseError`; publishing again, on a disk that is well, succeeds."""
    number, refused = 0, [call]
    while refused:
        output = f"out-{number}"
        with failing(call, number, CODES[number % 2], below=tmp_path / output) as refused:
            try:
                publish(output=output)
            except ReleaseError as error:
                said = str(error)
            else:
                said = ""
        assert bool(said) == bool(refused)
        assert named(output) <= 1
        publish(output=output)
        assert named(output) == 1
        number += 1
    assert number > 1


@pytest.mark.parametrize("size", [0, 1, 100, 700, 1500, 3000, 6000, 9000, 14000, 20000, 40000])
def test_a_full_disk_is_reported_whatever_byte_it_is_full_at(publish, named, size):
    """No file may grow over a size: a `ReleaseError` and no release, or a whole one."""
    try:
        with no_file_over(size):
            publish()
    except ReleaseError:
        assert named("out") == 0
    else:
        assert named("out") == 1
    publish()
    assert named("out") == 1


def test_nothing_unpublished_stays_behind_on_a_disk_that_was_full(tmp_path, publish):
    """The temporary folder of a release that failed is removed."""
    with no_file_over(2000), pytest.raises(ReleaseError, match="cannot write"):
        publish()
    assert list((tmp_path / "out" / "release").iterdir()) == []
