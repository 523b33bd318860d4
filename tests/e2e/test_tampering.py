"""One byte changed anywhere: every reader refuses, with the exit code of the design."""

import json
import shutil

import pytest

from llmops import open_release
from llmops.errors import ReleaseError
from tests.benchmarks.tampering import holds, matrix
from tests.benchmarks.tampering_attacks import ATTACKS


def flip(path, position=-1):
    """Change one byte in the middle of a file."""
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[len(data) // 2 if position < 0 else position] ^= 0x01
    path.write_bytes(bytes(data))


@pytest.mark.parametrize(
    "victim",
    ["data/*.parquet", "withheld/*.parquet", "receipts/*.parquet", "manifest.json", "manifest.sig", "README.md"],
)
def test_a_changed_release_is_refused_by_every_reader(cli, quickstart, tmp_path, victim):
    """release verify, search, eval: exit 6; open_release raises."""
    copy = quickstart.copy(tmp_path)
    flip(next(copy.release.glob(victim)))
    for command in (
        ("release", "verify", copy.release),
        ("search", copy.release, "anything"),
        ("eval", "quickstart", "--release", copy.release),
    ):
        done = cli(*command)
        assert done.returncode == 6, (command, done.stdout, done.stderr)
        assert not done.stdout
    with pytest.raises(ReleaseError):
        open_release(copy.release)


def test_a_release_signed_by_another_key_is_refused(cli, quickstart, tmp_path):
    """With a pinned key, a release that verifies by itself is still not ours."""
    copy = quickstart.copy(tmp_path)
    assert cli("release", "verify", copy.release, "--key", copy.release_key).returncode == 0
    assert cli("release", "verify", copy.release, "--key", copy.audit_key).returncode == 6


def test_a_raw_folder_is_no_release(cli, quickstart):
    """Nothing of the raw zone opens as a release."""
    assert cli("search", quickstart.raw, "anything").returncode == 6


def test_an_untouched_audit_log_is_intact(cli, quickstart):
    """Sealed to the end, anchored by the release, both signed by pinned keys: exit 0."""
    keys = ("--key", quickstart.audit_key, "--key", quickstart.release_key)
    done = cli("audit", "verify", quickstart.output / "audit", *keys, "--json")
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["status"] == "intact"


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.99])
def test_a_changed_audit_log_is_found(cli, quickstart, tmp_path, share):
    """One byte of a sealed stream: exit 2, and the stream is named."""
    copy = quickstart.copy(tmp_path)
    stream = max((copy.output / "audit").glob("*.jsonl"), key=lambda path: path.stat().st_size)
    flip(stream, int((stream.stat().st_size - 1) * share))
    done = cli("audit", "verify", copy.output / "audit", "--key", copy.audit_key)
    assert done.returncode == 2
    assert stream.stem in done.stdout


def test_a_missing_audit_stream_is_found(cli, quickstart, tmp_path):
    """The release anchors every stream it was decided by."""
    copy = quickstart.copy(tmp_path)
    stream = max((copy.output / "audit").glob("*.jsonl"), key=lambda path: path.stat().st_size)
    for path in (copy.output / "audit").glob(f"{stream.stem}.*"):
        path.unlink()
    keys = ("--key", copy.audit_key, "--key", copy.release_key)
    assert cli("audit", "verify", copy.output / "audit", *keys).returncode == 2


def test_a_missing_audit_folder_cannot_be_verified(cli, quickstart, tmp_path):
    """No log is not a good log."""
    copy = quickstart.copy(tmp_path)
    shutil.rmtree(copy.output / "audit")
    assert cli("audit", "verify", copy.output / "audit").returncode in (2, 3)


def test_every_attack_on_a_sealed_log_is_found_and_placed_and_no_clean_log_is_accused(tmp_path):
    """The tamper matrix of ``python -m tests.benchmarks.tampering``, at a few positions."""
    rows = list(matrix(tmp_path, positions=8))
    assert [row for row in rows if not holds(row)] == []
    assert len(rows) == len(ATTACKS) + 2
    assert len(ATTACKS) >= 12
