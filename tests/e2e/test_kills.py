"""``kill -9`` at random moments, a few of the many of ``python -m tests.benchmarks.kills``; and a disk that is full."""

import json

import pytest

from tests.benchmarks.kills_runs import Scene, kill_runs
from tests.benchmarks.kills_writers import kill_writers


def test_writers_that_are_killed_lose_no_event_they_acknowledged(tmp_path):
    """Four writers, one or all killed at once, again and again: every receipt holds, and the log goes on by itself."""
    seen = kill_writers(tmp_path, kills=20)
    assert seen.failures == []
    assert (seen.kills, seen.lost) == (20, 0)
    assert 0 < seen.acknowledged <= seen.events


def test_a_run_that_is_killed_goes_on_by_itself_and_releases_the_same(notes_recipe, tmp_path):
    """Workers, the parent or all of it killed: the same command gives the release and log of an undisturbed run."""
    recipe = notes_recipe(12, output="out", raw_zone="raw")
    tally = kill_runs(Scene(root=tmp_path, recipe=recipe), kills=3)
    assert (tally.failures, tally.people) == ([], [])
    assert tally.kills == 3
    assert tally.same == tally.runs >= 1


@pytest.mark.parametrize("place", ["/out/release/", "/shards/"])
def test_a_full_disk_publishes_nothing_and_the_same_command_goes_on(cli, notes_recipe, faults, tmp_path, place):
    """No sync of a release, or of a shard, succeeds: not exit 0, nothing has its name; with room again, it is done."""
    code = f"""
import errno, os
real = os.fsync
def fsync(descriptor):
    if {place!r} in os.readlink(f"/proc/self/fd/{{descriptor}}"):
        raise OSError(errno.ENOSPC, "No space left on device")
    return real(descriptor)
os.fsync = fsync
"""
    recipe = notes_recipe(2, run={"workers": 1})
    full = cli("run", recipe, env=faults(code))
    assert full.returncode not in (0, 1)
    assert full.stderr
    assert not list((tmp_path / "out").glob("release/[0-9a-f]*"))
    again = cli("run", recipe, "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["audit"]["exit_code"] == 0
