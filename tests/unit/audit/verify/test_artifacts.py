"""What was published must be there as it was published."""

import hashlib
import json
import os

import pytest

from llmops.audit import AuditLog, Status
from llmops.audit.events import ReleasePublished, ReleaseRevoked
from llmops.audit.verify.directory import verify
from llmops.keys import load_or_create_signing_key


@pytest.fixture
def world(tmp_path):
    """A log that published one release, and the release: verdict function, release folder."""
    folder = tmp_path / "release" / "abcd"
    (folder / "data").mkdir(parents=True)
    part = folder / "data" / "part-00000.parquet"
    part.write_bytes(b"rows")
    files = [{"path": "data/part-00000.parquet", "sha256": hashlib.sha256(b"rows").hexdigest()}]
    (folder / "manifest.json").write_text(json.dumps({"content": {"data": files}}))
    manifest = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    signer = load_or_create_signing_key(tmp_path / "k" / "a.pem", name="llmops-audit")
    with AuditLog.open(tmp_path / "audit", stream="main", signer=signer, clock=lambda: 1) as log:
        log.append([ReleasePublished(release_id="abcd", manifest=manifest, documents=1)])
        anchor = log.checkpoint().anchor

    def verdict(**taken_back):
        return verify(
            tmp_path / "audit", [signer.public], [anchor], releases=tmp_path / "release", taken_back=taken_back
        )

    return verdict, folder


def test_an_untouched_release_is_as_published(world):
    """No finding."""
    assert world[0]().status is Status.INTACT


def test_an_edited_part_is_found(world):
    """By the digest that the published manifest names."""
    (world[1] / "data" / "part-00000.parquet").write_bytes(b"r0ws")
    assert world[0]().status is Status.TAMPERED


def test_another_manifest_is_found(world):
    """By the digest in the log; a missing one too."""
    (world[1] / "manifest.json").write_text("{}")
    assert world[0]().status is Status.TAMPERED
    (world[1] / "manifest.json").unlink()
    assert world[0]().status is Status.TAMPERED


def test_a_missing_release_cannot_be_verified(world):
    """It may lie elsewhere: that is not called tampered."""
    world[1].rename(world[1].with_name("moved"))
    verdict = world[0]()
    assert (verdict.status, verdict.exit_code) == (Status.CANNOT_VERIFY, 3)


def test_a_removed_part_is_found(world):
    """Missing is not as published."""
    (world[1] / "data" / "part-00000.parquet").unlink()
    assert world[0]().status is Status.TAMPERED


@pytest.mark.parametrize("path", ["data/part-00001.parquet", ".hidden", "extra/notes.txt"])
def test_an_added_file_is_found(world, path):
    """Whatever reads the folder without its manifest (Spark, Hugging Face) would read it too."""
    (world[1] / path).parent.mkdir(exist_ok=True)
    (world[1] / path).write_bytes(b"rows")
    assert world[0]().status is Status.TAMPERED


@pytest.mark.parametrize("path", ["more", "data/more"])
def test_an_added_folder_is_found(world, path):
    """Though it is empty."""
    (world[1] / path).mkdir()
    assert world[0]().status is Status.TAMPERED


@pytest.mark.parametrize("name", ["data/part-00000.parquet", "data", "manifest.json", "."])
def test_a_link_is_found_though_it_leads_to_the_same_bytes(world, tmp_path, name):
    """What it leads to can change when nobody looks."""
    path = world[1] / name
    path.rename(tmp_path / "outside")
    (world[1] / name).symlink_to(tmp_path / "outside")
    assert world[0]().status is Status.TAMPERED


def test_a_pipe_is_found_and_not_waited_for(world):
    """Opening one would never end."""
    part = world[1] / "data" / "part-00000.parquet"
    part.unlink()
    os.mkfifo(part)
    assert world[0]().status is Status.TAMPERED


@pytest.fixture
def log_revoked(tmp_path):
    """Writes into the log that the release, or a document of it, was taken back."""
    signer = load_or_create_signing_key(tmp_path / "k" / "a.pem", name="llmops-audit")

    def _log_revoked(**what):
        with AuditLog.open(tmp_path / "audit", stream="reader", signer=signer, clock=lambda: 2) as log:
            log.append([ReleaseRevoked(release_id="abcd", reason="superseded", **what)])

    return _log_revoked


@pytest.mark.parametrize(("logged", "whole"), [({}, [""]), ({"document_id": "r1.0"}, ["r1.0"])])
def test_what_was_taken_back_must_be_so_by_a_signed_entry(world, log_revoked, logged, whole):
    """Without it, readers serve again what was taken back; one entry is enough for two events."""
    log_revoked(**logged)
    log_revoked(**logged)
    found = [finding for finding in world[0]().findings if "taken back" in finding.what]
    assert [finding.status for finding in found] == [Status.TAMPERED]
    assert world[0](abcd=["r9.9"]).status is Status.TAMPERED
    assert not [finding for finding in world[0](abcd=whole).findings if "release" in finding.what]


def test_a_revoked_release_may_be_removed_but_not_changed(world, log_revoked):
    """Its whole revocation is in the log; one of a single document takes nothing away."""
    verdict, folder = world
    revoke = log_revoked

    def told():
        found = verdict(abcd=["", "r1.0"]).findings
        return [finding.what for finding in found if "release abcd" in finding.what]

    revoke(document_id="r1.0")
    folder.rename(folder.with_name("moved"))
    assert told() == ["release abcd: it was published, but is not there"]
    revoke()
    assert told() == []
    folder.with_name("moved").rename(folder)
    (folder / "manifest.json").write_text("{}")
    assert told() == ["release abcd: its manifest is not the one that was published"]
