"""Verifying again hashes what changed and nothing else, and finds every change all the same."""

import os
import time

import pytest

from llmops.errors import ReleaseError
from llmops.release import files, open_release, verification

PARTS = ("README.md", "scorecard.json", "data/part-00001.parquet", "withheld/part-00000.parquet")


@pytest.fixture
def settled(release_path, monkeypatch):
    """A release whose files are old enough for their times to be trusted."""
    monkeypatch.setattr(files, "_CLOCK_GRAIN_NS", -(10**12))
    return release_path


@pytest.fixture
def hashed(monkeypatch):
    """The paths that were read since."""
    paths = []
    real = verification.read_stamped

    def counting(path, what, **options):
        paths.append(what)
        return real(path, what, **options)

    monkeypatch.setattr(verification, "read_stamped", counting)
    return paths


def _flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)


def test_nothing_is_hashed_twice_where_nothing_changed(settled, hashed):
    """The manifest, its signature and the revocations are looked at; ten files are not."""
    release = open_release(settled)
    assert len(hashed) == len(release.manifest.paths) - 2
    hashed.clear()
    for _ in range(3):
        release.verify()
    assert not hashed


def test_a_file_written_just_now_is_hashed_again(release_path, hashed):
    """Within a tick of the file system's clock a change could not be told from none."""
    release = open_release(release_path)
    hashed.clear()
    release.verify()
    assert len(hashed) == len(release.manifest.paths) - 2


@pytest.mark.parametrize("name", PARTS)
def test_a_change_in_place_is_found(settled, name):
    """Also where its author puts the size and the time of modification back."""
    release = open_release(settled)
    before = (settled / name).stat()
    _flip(settled / name)
    os.utime(settled / name, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = (settled / name).stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    with pytest.raises(ReleaseError, match="changed after it was signed"):
        release.verify()


@pytest.mark.parametrize("name", PARTS)
def test_another_file_in_its_place_is_found(settled, tmp_path, name):
    """A rename over it, a link to it, or its removal."""
    release = open_release(settled)
    original = (settled / name).read_bytes()
    other = tmp_path / "other"
    other.write_bytes(original[:-1] + b"\0")
    other.replace(settled / name)
    with pytest.raises(ReleaseError):
        release.verify()
    (settled / name).unlink()
    other.write_bytes(original)
    (settled / name).symlink_to(other)
    with pytest.raises(ReleaseError):
        release.verify()
    (settled / name).unlink()
    with pytest.raises(ReleaseError):
        release.verify()


def test_a_file_put_back_as_it_was_passes_and_is_hashed_once(settled, hashed, tmp_path):
    """A restored backup is the same release."""
    release = open_release(settled)
    part = settled / PARTS[2]
    copy = tmp_path / "copy"
    copy.write_bytes(part.read_bytes())
    copy.replace(part)
    hashed.clear()
    release.verify()
    release.verify()
    assert hashed == [PARTS[2]]


def test_a_write_through_another_name_of_the_file_is_found(settled, tmp_path):
    """A hard link leaves the path alone and changes the bytes; a file with two names is not read at all."""
    release = open_release(settled)
    os.link(settled / PARTS[2], tmp_path / "second-name")
    with pytest.raises(ReleaseError, match="second name"):
        open_release(settled)
    _flip(tmp_path / "second-name")
    with pytest.raises(ReleaseError):
        release.verify()
    with pytest.raises(ReleaseError):
        list(release.documents())


def test_bytes_are_hashed_when_read_whatever_the_stamps_say(settled, monkeypatch):
    """A superuser who turns back the clock gets past a stamp and not past the read."""
    release = open_release(settled)
    known = {path.name: files.stamp(path) for path in (settled / "data").iterdir()}
    _flip(settled / PARTS[2])
    monkeypatch.setattr(verification, "stamp", lambda path: known.get(path.name) or files.stamp(path))
    release.verify()
    for read in (lambda: list(release.documents()), lambda: release.document("r0002.0"), lambda: release.take([2])):
        with pytest.raises(ReleaseError, match="part-00001"):
            read()


def test_a_file_that_changes_while_it_is_read_gets_no_stamp(tmp_path, monkeypatch):
    """Its bytes are judged by their digest alone, and again the next time."""
    path = tmp_path / "file"
    path.write_bytes(b"x" * 100)
    now = time.time_ns()
    monkeypatch.setattr(files.time, "time_ns", lambda: now + 10**10)
    assert files.read_stamped(path, "it")[1] == files.stamp(path)
    real = os.fstat
    seen = []

    def moving(descriptor):
        if seen:
            path.touch()
        seen.append(descriptor)
        return real(descriptor)

    monkeypatch.setattr(files.os, "fstat", moving)
    assert files.read_stamped(path, "it")[1] is None
