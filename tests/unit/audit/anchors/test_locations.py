"""Anchors in a file and in an object store: only ever added to, never written over, and what they hold is held to."""

import pytest
from pyarrow.fs import FileType, LocalFileSystem, SubTreeFileSystem, _MockFileSystem

from llmops.audit import AuditLog, Status
from llmops.audit.anchors.locations import located, read_anchors, read_notes, write_anchor
from llmops.audit.anchors.object_store import Store, add, kept_in
from llmops.audit.events import RecordRead
from llmops.audit.log.newest import newest_checkpoints
from llmops.audit.verify.directory import verify
from llmops.errors import AuditVerificationError, AuditWriteError, RecipeError
from llmops.keys import load_or_create_signing_key


@pytest.fixture
def signer(tmp_path):
    return load_or_create_signing_key(tmp_path / "keys" / "a.pem", name="llmops-audit")


@pytest.fixture
def audit(tmp_path, signer):
    return grow(tmp_path / "audit", signer)


def grow(directory, signer, stream="main", tag="r"):
    with AuditLog.open(directory, stream=stream, signer=signer, clock=lambda: 1) as log:
        log.append([RecordRead(record_id=f"{tag}{log.size}", format="text")])
    return directory


def stores(kind, tmp_path):
    if kind == "file":
        return Store.at((tmp_path / "worm" / "ward4").as_uri())
    if kind == "subtree":
        (tmp_path / "sub").mkdir()
        return Store(filesystem=SubTreeFileSystem(str(tmp_path / "sub"), LocalFileSystem()), base="ward4")
    return Store(filesystem=_MockFileSystem(), base="bucket/ward4")


@pytest.mark.parametrize("kind", ["file", "subtree", "mock"])
def test_a_store_gets_one_new_object_a_checkpoint(tmp_path, audit, signer, kind):
    """What was there stays byte for byte; the same checkpoint again writes nothing."""
    store = stores(kind, tmp_path)
    assert list(kept_in(store)) == []
    (first,) = newest_checkpoints(audit)
    assert add(store, [first]) == (first,)
    assert add(store, [first]) == ()
    (name,) = store.names()
    before = store.read(name)
    assert before == first.note
    (second,) = newest_checkpoints(grow(audit, signer))
    assert add(store, [second]) == (second,)
    assert store.read(name) == before
    assert [kept.checkpoint for kept in kept_in(store)] == [first, second]
    assert all(store.filesystem.get_file_info(f"{store.base}/{one}").type == FileType.File for one in store.names())


@pytest.mark.parametrize("kind", ["file", "subtree", "mock"])
def test_another_history_is_not_written_beside_the_one_a_store_holds(tmp_path, audit, signer, kind):
    """Same stream, same size, another root: refused, and the store is as it was."""
    store = stores(kind, tmp_path)
    add(store, newest_checkpoints(audit))
    held = store.names()
    other = grow(tmp_path / "other", signer, tag="x")
    with pytest.raises(AuditVerificationError, match="another root"):
        add(store, newest_checkpoints(other))
    assert store.names() == held


def test_a_store_shows_a_rollback(tmp_path, audit, signer):
    """By its address; also only of the streams that are asked for."""
    address = (tmp_path / "worm").as_uri()
    assert len(write_anchor(audit, address)) == 1
    saved = {path: path.read_bytes() for path in audit.iterdir()}
    grow(grow(audit, signer), signer, "other")
    assert {anchor.stream for anchor in write_anchor(audit, address)} == {"main", "other"}
    assert [anchor.size for anchor in read_anchors(address, "main")] == [1, 2]
    assert verify(audit, [signer.public], read_anchors(address)).status is Status.INTACT
    for path in audit.iterdir():
        path.unlink() if path not in saved else path.write_bytes(saved[path])
    assert verify(audit, [signer.public], read_anchors(address)).status is Status.TAMPERED


def test_a_folder_of_checkpoints_is_read_as_a_store(tmp_path, audit):
    """A store that was copied to a disk is named by its path."""
    write_anchor(audit, (tmp_path / "worm").as_uri())
    assert [note.stream for note in read_notes(tmp_path / "worm")] == ["main"]


def test_an_object_that_is_not_what_its_name_says_is_refused(tmp_path, audit, signer):
    """Or is no checkpoint at all."""
    write_anchor(audit, (tmp_path / "worm").as_uri())
    (path,) = (tmp_path / "worm").iterdir()
    (other,) = newest_checkpoints(grow(audit, signer))
    for data in (other.note, b"", path.read_bytes() + b"\n"):
        path.write_bytes(data)
        with pytest.raises(AuditVerificationError):
            read_anchors(str(tmp_path / "worm"))


def test_anchors_are_their_owner_s_alone(tmp_path, audit):
    """Mode 0600, file and objects."""
    write_anchor(audit, tmp_path / "anchors")
    write_anchor(audit, (tmp_path / "worm").as_uri())
    files = [tmp_path / "anchors", *(tmp_path / "worm").iterdir()]
    assert [path.stat().st_mode & 0o777 for path in files] == [0o600, 0o600]


def test_a_store_that_refuses_is_an_error_without_its_address(tmp_path, audit):
    """Nothing that pyarrow says is passed on."""
    (tmp_path / "in-the-way").write_bytes(b"")
    with pytest.raises((AuditWriteError, AuditVerificationError)) as refused:
        write_anchor(audit, f"{(tmp_path / 'in-the-way').as_uri()}/secret-name")
    assert "secret-name" not in str(refused.value)


def test_places_of_a_recipe_are_checked_before_anything_is_read(tmp_path):
    """Paths are taken from the recipe's folder, addresses as they are; unknown ones and passwords are refused."""
    assert located("a.anchors", tmp_path) == (str(tmp_path / "a.anchors"),)
    assert located(("file:///mnt/x", "/abs"), tmp_path) == ("file:///mnt/x", "/abs")
    assert located(located("a", tmp_path), tmp_path / "elsewhere") == (str(tmp_path / "a"),)
    for wrong in ("ftp://host/x", "", "s3://key:secret@bucket/x"):
        with pytest.raises(RecipeError) as refused:
            located(wrong, tmp_path)
        assert "secret" not in str(refused.value)


def test_an_anchor_file_that_a_crash_cut_short_goes_on(tmp_path, audit, signer):
    """At whatever byte: what is whole is read, the torn part is set aside, and the next anchor ends as if unhurt."""
    place = tmp_path / "anchors"
    write_anchor(audit, place)
    first = place.read_bytes()
    write_anchor(grow(audit, signer), place)
    both = place.read_bytes()
    for cut in range(len(both)):
        place.write_bytes(both[:cut])
        assert [anchor.size for anchor in read_anchors(place)] in ([], [1], [1, 2])
        write_anchor(audit, place)
        assert [anchor.size for anchor in read_anchors(place)][-1] == 2
        assert cut < len(first) - 2 or place.read_bytes().rstrip(b"\n") == both.rstrip(b"\n")
    assert (tmp_path / f"anchors.torn-{len(first)}").read_bytes() == both[len(first) : -3]
    for left in (b"\0" * 200, b"\n"):
        place.write_bytes(first + left)
        write_anchor(audit, place)
        assert place.read_bytes() == both


def test_an_anchor_file_that_somebody_changed_is_refused(tmp_path, audit, signer):
    """What no crash leaves is an error, read or written, and the file stays as it is."""
    place = tmp_path / "anchors"
    write_anchor(audit, place)
    first = place.read_bytes()
    write_anchor(grow(audit, signer), place)
    both = place.read_bytes()
    for data in (first[:-20] + both[len(first) :], b"x" + both, first + b"{}", both + b"\0"):
        place.write_bytes(data)
        for use in (lambda: read_anchors(place), lambda: write_anchor(audit, place)):
            with pytest.raises(AuditVerificationError):
                use()
        assert place.read_bytes() == data
