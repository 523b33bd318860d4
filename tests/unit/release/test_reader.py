"""Opening a release verifies it, and what is read is what was verified."""

import os
import shutil

import pytest

from llmops.errors import RecipeError, ReleaseError
from llmops.release import open_release
from llmops.release.schema import DOCUMENTS

FILES = (
    "README.md",
    "manifest.json",
    "manifest.sig",
    "scorecard.json",
    "report.html",
    "data/part-00001.parquet",
    "withheld/part-00000.parquet",
    "receipts/part-00000.parquet",
)


def _rewrite(path, change):
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    change(data)
    path.write_bytes(data)


def test_documents_come_with_their_receipts(release_path, make_document):
    """Every document equals the one that was added, in order, with the receipt of its own decision."""
    release = open_release(release_path)
    found = list(release.documents())
    assert [document.document_id for document in found] == [f"r{n:04d}.0" for n in range(5)]
    assert [document.receipt.index for document in found] == list(range(5))
    assert found[3].fields == make_document(3).fields
    assert (found[3].signature, found[3].content_key) == ((), "")
    assert release.document("r0003.0") == found[3]
    assert (len(release), release.id, release.path) == (5, release_path.name, release_path)
    assert sum(batch.num_rows for batch in release.batches()) == 5
    assert all(batch.schema == DOCUMENTS for batch in release.batches())
    assert [item.record_id for item in release.withheld()] == ["r9999"]
    release.verify()
    with pytest.raises(ReleaseError):
        release.document("r0009.0")


@pytest.mark.parametrize("name", FILES)
def test_one_byte_changed_anywhere_refuses(release_path, name):
    """Flip one byte at the start, in the middle and at the end of each kind of file."""
    size = (release_path / name).stat().st_size
    for position in sorted({0, size // 2, size - 1}):

        def flip(data, position=position):
            data[position] ^= 1

        _rewrite(release_path / name, flip)
        with pytest.raises(ReleaseError):
            open_release(release_path)
        _rewrite(release_path / name, flip)
    open_release(release_path)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_missing_cut_or_longer_refuses(release_path, name):
    """Removed, emptied, cut by a byte, lengthened by a byte."""
    whole = (release_path / name).read_bytes()
    for data in (None, b"", whole[:-1], whole + b"\n"):
        (release_path / name).unlink()
        if data is not None:
            (release_path / name).write_bytes(data)
        with pytest.raises(ReleaseError):
            open_release(release_path)
        (release_path / name).write_bytes(whole)
    open_release(release_path)


def test_a_change_after_opening_is_found_when_it_is_read(release_path):
    """The bytes that are parsed are the bytes that are hashed, at every read."""
    release = open_release(release_path)
    _rewrite(release_path / "data/part-00001.parquet", lambda data: data.__setitem__(50, data[50] ^ 1))
    read = release.documents()
    assert [next(read).document_id, next(read).document_id] == ["r0000.0", "r0001.0"]
    with pytest.raises(ReleaseError, match="part-00001"):
        next(read)
    for again in (release.verify, lambda: list(release.batches()), lambda: release.document("r0002.0")):
        with pytest.raises(ReleaseError):
            again()


def test_an_unexpected_file_refuses(release_path):
    """Also one that a Parquet reader would pick up beside the signed ones."""
    for name in ("data/part-00009.parquet", "data/.hidden", "extra/deep/file", "data/part-00000.parquet.crc"):
        extra = release_path / name
        extra.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(release_path / "data/part-00000.parquet", extra)
        with pytest.raises(ReleaseError, match="never signed"):
            open_release(release_path)
        extra.unlink()


def test_links_and_special_files_refuse(release_path, tmp_path):
    """A linked file, folder or release, and a pipe, even where the bytes would fit."""
    part = release_path / "data/part-00000.parquet"
    outside = tmp_path / "outside"
    part.rename(outside)
    part.symlink_to(outside)
    with pytest.raises(ReleaseError, match="link"):
        open_release(release_path)
    part.unlink()
    os.mkfifo(part)
    with pytest.raises(ReleaseError, match="special"):
        open_release(release_path)
    part.unlink()
    outside.rename(part)
    (tmp_path / "latest").symlink_to(release_path)
    with pytest.raises(ReleaseError, match="link"):
        open_release(tmp_path / "latest")
    (release_path / "data").rename(tmp_path / "data")
    (release_path / "data").symlink_to(tmp_path / "data")
    with pytest.raises(ReleaseError, match="link"):
        open_release(release_path)


def test_what_is_no_release_refuses(release_path, tmp_path):
    """A missing folder, a file, a raw folder, the output folder, a folder under a release."""
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "note.txt").write_text("Jane Roe")
    for path in (
        tmp_path / "none",
        raw / "note.txt",
        raw,
        release_path.parent,
        release_path / "data",
        "",
        "a\0b",
        "x" * 5000,
    ):
        with pytest.raises(ReleaseError):
            open_release(path)


def test_the_name_of_the_folder_cannot_lie(release_path, tmp_path):
    """A folder named like a release holds that release; another name is only a name."""
    shutil.copytree(release_path, tmp_path / "copy")
    assert open_release(tmp_path / "copy").id == release_path.name
    shutil.copytree(release_path, tmp_path / ("0" * 16))
    with pytest.raises(ReleaseError, match="holds release"):
        open_release(tmp_path / ("0" * 16))


def test_pinned_keys_refuse_another_signer(publish, signer, stranger, tmp_path):
    """Without a pinned key anyone's release opens, and says so; with one only its own."""
    foreign = publish(by=stranger, output="foreign")
    assert not open_release(foreign).pinned
    with pytest.raises(ReleaseError, match="not a trusted key"):
        open_release(foreign, (signer.public,))
    own = publish(output="own")
    assert open_release(own, (stranger.public, signer.public)).pinned
    (tmp_path / "release.pub").write_text(signer.public.vkey)
    assert open_release(own, (tmp_path / "release.pub",)).key.raw == signer.public.raw
    with pytest.raises(RecipeError):
        open_release(own, (tmp_path / "none.pub",))


def test_a_replaced_release_is_found(publish, make_document):
    """The folder of an opened release is filled with another validly signed one."""
    path = publish()
    release = open_release(path)
    other = publish([make_document(7)], output="other")
    moved = path.parent.parent / "moved"
    path.rename(moved)
    shutil.copytree(other, path)
    with pytest.raises(ReleaseError):
        release.verify()
    with pytest.raises(ReleaseError):
        list(release.documents())


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        (["release.vkey"], "a str is none"),
        ([b"x"], "a bytes is none"),
        ([None], "NoneType"),
        ("release.vkey", "a list"),
    ],
)
def test_what_is_no_key_is_not_guessed_at(release_path, keys, says):
    """The error names what would do; the value, a path of somebody's, is not shown."""
    with pytest.raises(RecipeError, match=says) as refused:
        open_release(release_path, trusted_keys=keys)
    assert "release.vkey" not in str(refused.value)


def test_one_key_without_its_list_is_said_to_be_so(release_path, signer, tmp_path):
    """Also where it would do in a list."""
    for key in (signer.public, tmp_path / "keys" / "release.pem"):
        assert open_release(release_path, [key]).pinned
        with pytest.raises(RecipeError, match="give a list"):
            open_release(release_path, key)
