"""What others may have put in the place of a file or folder is neither read as ours nor written through."""

import os
import stat

import pytest

from llmops import plain_files
from llmops.plain_files import NotPlainError
from tests.attacks.output import fifo, linked, listening, second_name

PLANTS = {"link": linked("x"), "second name": second_name("x"), "pipe": fifo("x"), "socket": listening("x")}
WRITING = os.O_RDWR | os.O_CREAT


@pytest.fixture
def secret(tmp_path):
    (tmp_path / "raw").mkdir()
    path = tmp_path / "raw" / "secret"
    path.write_bytes(b"secret")
    return path


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "out" / "inner").mkdir(parents=True)
    return tmp_path / "out"


@pytest.mark.parametrize("plant", PLANTS.values(), ids=PLANTS)
@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_WRONLY, WRITING, WRITING | os.O_TRUNC, WRITING | os.O_APPEND])
def test_nothing_but_a_plain_file_of_one_name_is_opened(folder, secret, plant, flags):
    """At once, whatever it is opened for, and before it is cut short."""
    plant(folder, secret)
    with pytest.raises(NotPlainError):
        plain_files.open_file(folder / "x", flags)
    assert secret.read_bytes() == b"secret"


@pytest.mark.parametrize("use", [plain_files.read_file, plain_files.file_size])
def test_no_link_in_the_way_is_followed(folder, secret, use):
    """Neither the folder itself nor one between it and where others may write."""
    (folder / "inner").rmdir()
    (folder / "inner").symlink_to(secret.parent)
    with pytest.raises(NotPlainError):
        use(folder / "inner" / "secret")
    (secret.parent / "deep").mkdir()
    (secret.parent / "deep" / "file").write_bytes(b"")
    with pytest.raises(NotPlainError):
        use(folder / "inner" / "deep" / "file", within=folder)
    with pytest.raises(NotPlainError):
        plain_files.names_in(folder / "inner")
    with pytest.raises(NotPlainError):
        plain_files.make_folder(folder / "inner")


@pytest.mark.parametrize("plant", PLANTS.values(), ids=PLANTS)
def test_a_file_is_put_in_the_place_of_what_was_planted(folder, secret, plant):
    """The name is ours again, and what it led to is as it was."""
    plant(folder, secret)
    plain_files.replace_file(folder / "x", b"ours")
    assert plain_files.read_file(folder / "x") == b"ours"
    assert secret.read_bytes() == b"secret"
    assert secret.stat().st_nlink == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_somebody_else_s_file_is_not_written(folder):
    """It may be read; and written where its owner owns the folder too, or where it is said that anybody's will do."""
    path = folder / "x"
    path.write_bytes(b"theirs")
    os.chown(path, 4321, 4321)
    with pytest.raises(NotPlainError):
        plain_files.open_file(path, os.O_RDWR)
    assert plain_files.read_file(path) == b"theirs"
    os.close(plain_files.open_file(path, os.O_RDWR, anyones=True))
    os.chown(folder, 4321, 4321)
    os.close(plain_files.open_file(path, os.O_RDWR))


def test_a_temporary_name_cannot_be_foreseen_and_none_is_left(folder, monkeypatch):
    """Exclusive, of 128 random bits; gone when writing fails."""
    names = {plain_files.temporary_name() for _ in range(100)}
    assert len(names) == 100
    assert all(plain_files.is_temporary(name) for name in names)
    monkeypatch.setattr(plain_files, "temporary_name", lambda: "taken")
    (folder / "taken").write_bytes(b"")
    with pytest.raises(FileExistsError):
        plain_files.replace_file(folder / "x", b"ours")
    monkeypatch.undo()
    with pytest.raises(ZeroDivisionError), plain_files.replacing(folder / "x") as file:
        file.write(bytes(1 // 0))
    assert not [path for path in folder.iterdir() if plain_files.is_temporary(path.name)]


def test_nothing_is_written_by_all_whatever_the_umask(tmp_path):
    """Folders and files of the output; those of the raw zone are their owner's alone."""
    before = os.umask(0)
    try:
        plain_files.make_folder(tmp_path / "a" / "b")
        plain_files.make_folder(tmp_path / "raw" / "b", plain_files.PRIVATE_FOLDER)
        plain_files.replace_file(tmp_path / "a" / "x", b"")
        plain_files.replace_file(tmp_path / "raw" / "x", b"", mode=plain_files.PRIVATE_FILE)
    finally:
        os.umask(before)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert not any(mode & 0o002 for mode in modes.values())
    assert not any(mode & 0o077 for path, mode in modes.items() if "raw" in path.parts)
