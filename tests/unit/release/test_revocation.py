"""What has been taken back is not read any more, and the list of it cannot be bent."""

import shutil

import pytest

from llmops.errors import ReleaseError
from llmops.release import RevocationReason, open_release, permanently_withdrawn, revoke, tombstone
from llmops.training import stream


def test_a_revoked_release_is_closed_to_new_and_old_readers(release_path, signer, publish):
    """Also to who had it open, and to publishing the same content again."""
    release = open_release(release_path)
    reading = release.documents()
    next(reading)
    feed = stream(release)
    revoke(release_path, signer, RevocationReason.PHI_FOUND, created="2026-03-03")
    uses = (
        lambda: open_release(release_path),
        release.verify,
        lambda: list(release.documents()),
        lambda: list(release.batches()),
        lambda: release.document("r0001.0"),
        lambda: list(feed),
        publish,
    )
    for use in uses:
        with pytest.raises(ReleaseError, match=r"revoked \(phi_found\)"):
            use()


def test_a_tombstoned_document_is_not_yielded(release_path, signer):
    """Gone from documents, batches, look-ups, length and training, also for who had the release open."""
    old = open_release(release_path)
    tombstone(release_path, ["r0001.0"], signer)
    tombstone(release_path, ["r0003.0", "r0003.0"], signer, RevocationReason.CONSENT_WITHDRAWN)
    for release in (old, open_release(release_path)):
        left = ["r0000.0", "r0002.0", "r0004.0"]
        assert [document.document_id for document in release.documents()] == left
        assert [name for batch in release.batches() for name in batch["document_id"].to_pylist()] == left
        assert sorted(document.document_id for document in stream(release)) == left
        assert len(release) == 3
        assert "r0001.0" not in release
        with pytest.raises(ReleaseError):
            release.document("r0001.0")


def test_what_phi_erasure_or_consent_took_back_is_so_for_good(release_path, signer):
    """Also when the release itself was removed; what was wrong in policy or source may come back, mended."""
    releases = release_path.parent
    assert permanently_withdrawn(releases) == frozenset()
    for number, reason in enumerate(("phi_found", "erasure_request", "consent_withdrawn", "policy_error")):
        entry = tombstone(release_path, [f"r000{number}.0"], signer, RevocationReason(reason))
    shutil.rmtree(release_path)
    assert {one.document for one in permanently_withdrawn(releases)} == {"r0000.0", "r0001.0", "r0002.0"}
    entry.chmod(0o644)
    entry.write_bytes(entry.read_bytes().replace(b"r0003.0", b"r0004.0"))
    with pytest.raises(ReleaseError, match="changed after it was signed"):
        permanently_withdrawn(releases)


def test_an_unknown_document_is_no_tombstone(release_path, signer):
    """A mistyped id must not pass for an erasure."""
    for ids in (["r0009.0"], ["r0001.0", "nobody"], []):
        with pytest.raises(ReleaseError, match="of no document"):
            tombstone(release_path, ids, signer)
    assert not (release_path.parent / "revocations").exists()


def test_only_the_key_of_the_release_takes_it_back(release_path, stranger):
    """Nobody else can write an entry."""
    for use in (
        lambda: revoke(release_path, stranger, RevocationReason.PHI_FOUND),
        lambda: tombstone(release_path, ["r0001.0"], stranger),
    ):
        with pytest.raises(ReleaseError):
            use()
    open_release(release_path)


def test_a_damaged_release_can_still_be_revoked(release_path, signer):
    """Taking back needs the manifest alone."""
    (release_path / "data/part-00000.parquet").unlink()
    revoke(release_path, signer, RevocationReason.SOURCE_ERROR)
    with pytest.raises(ReleaseError):
        open_release(release_path)


@pytest.mark.parametrize("defect", ["flip", "first_removed", "swapped", "foreign", "stray", "cut", "copied"])
def test_a_bent_list_refuses_the_release(release_path, signer, publish, make_document, defect):
    """Changed, missing from the middle, swapped, from another release, stray, cut or repeated."""
    entries = [tombstone(release_path, [f"r000{n}.0"], signer) for n in range(3)]
    folder = entries[0].parent
    match defect:
        case "flip":
            entries[1].chmod(0o644)
            entries[1].write_bytes(entries[1].read_bytes().replace(b"r0001.0", b"r0004.0"))
        case "first_removed":
            entries[0].unlink()
        case "swapped":
            entries[0].rename(folder / "x")
            entries[1].rename(entries[0])
            (folder / "x").rename(entries[1])
        case "foreign":
            other = tombstone(publish([make_document(8)]), ["r0008.0"], signer)
            shutil.copy(other, folder / "00003.signed")
        case "stray":
            (folder / "notes.txt").write_text("x")
        case "cut":
            entries[2].chmod(0o644)
            entries[2].write_bytes(entries[2].read_bytes()[:-20])
        case "copied":
            shutil.copy(entries[2], folder / "00003.signed")
    with pytest.raises(ReleaseError):
        open_release(release_path)


def test_what_a_killed_writer_left_is_no_entry(release_path, signer):
    """A half-written temporary file neither counts nor refuses."""
    entry = tombstone(release_path, ["r0001.0"], signer)
    (entry.parent / ".tmp-00").write_bytes(b"half")
    assert len(open_release(release_path)) == 4
    tombstone(release_path, ["r0002.0"], signer)
    assert len(open_release(release_path)) == 3


def test_no_roundabout_path_leads_past_a_revocation(release_path, signer, tmp_path, monkeypatch):
    """Dots, links on the way, and the folder itself as the working directory all find the list beside the release."""
    revoke(release_path, signer, RevocationReason.PHI_FOUND)
    (tmp_path / "alias").symlink_to(release_path.parent)
    (tmp_path / "inside").symlink_to(release_path / "data")
    monkeypatch.chdir(release_path)
    name = release_path.name
    for path in (
        release_path / "data" / "..",
        f"{release_path}/data/../",
        tmp_path / "alias" / name,
        tmp_path / "inside" / "..",
        tmp_path / "alias" / ".." / "release" / name,
        ".",
        "data/..",
        "",
    ):
        with pytest.raises(ReleaseError, match="revoked"):
            open_release(path)


def test_revocations_may_lie_elsewhere(release_path, signer, tmp_path):
    """A copied release is told where they are."""
    revoke(release_path, signer, RevocationReason.SUPERSEDED)
    copied = shutil.copytree(release_path, tmp_path / "copy")
    open_release(copied)
    with pytest.raises(ReleaseError, match="superseded"):
        open_release(copied, revocations=release_path.parent / "revocations")
