"""The vault's file: nothing readable without the key, for its owner alone, whole after a crash."""

import hashlib
import multiprocessing
import os
import pickle
import sqlite3
import stat

import pytest

from llmops.errors import RecipeError, StageError
from llmops.vault import Vault
from tests.unit.vault.people import KEY, mrn, person

CANARIES = ("Quackenbush", "Zebulon", "ZQ-0048213", "1931-02-03", "555-0142", "zq@example.org", "Marrowbone", "38377")


@pytest.fixture
def path(vault_path):
    return vault_path


@pytest.fixture
def vault(path):
    with Vault.open(path, KEY) as opened:
        yield opened


def test_no_phi_lies_in_the_files(path):
    """Values and identifiers occur in no byte of the file or its journal, also in the middle of a transaction."""
    seen = []

    def grep():
        for file in path.parent.iterdir():
            data = file.read_bytes()
            seen.append(file.name)
            for canary in CANARIES:
                for shape in (canary, canary.lower(), canary.replace("-", ""), canary.lower().replace("-", "")):
                    assert shape.encode() not in data
                    assert shape.encode("utf-16-le") not in data
            assert hashlib.sha256(b"ZQ-0048213").digest() not in data

    def people():
        for i in range(1500):
            yield person(mrn("ZQ-0048213", str(i)))
            if i % 500 == 499:
                grep()

    with Vault.open(path, KEY) as vault:
        vault.register([person(mrn("ZQ-0048213"))])
        vault.register(people())
        grep()
    grep()
    assert path.name in seen


def test_files_are_for_the_owner_alone(path, vault):
    """0700 folder, 0600 file; one that others can read is refused with the fix."""
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.chmod(0o640)
    with pytest.raises(RecipeError, match="chmod 600"):
        Vault.open(path, KEY)


def test_wrong_key_foreign_file_and_missing_file_are_recipe_errors(path, vault, tmp_path):
    """One sentence each, before any record is read."""
    with pytest.raises(RecipeError, match="key does not fit"):
        Vault.open(path, KEY[::-1])
    with pytest.raises(RecipeError, match="32"):
        Vault.open(path, b"short")
    with pytest.raises(RecipeError, match="no vault file"):
        Vault.open(tmp_path / "missing.sqlite", KEY, read_only=True)
    foreign = tmp_path / "foreign.sqlite"
    foreign.write_bytes(b"Zebulon Quackenbush " * 100)
    foreign.chmod(0o600)
    with pytest.raises(RecipeError) as refused:
        Vault.open(foreign, KEY)
    assert "Zebulon" not in str(refused.value)


def test_crash_while_the_file_is_made_is_mended_at_the_next_opening(path):
    """An empty file, or one with tables and no keys, becomes a vault; a reader refuses it."""
    path.parent.mkdir(mode=0o700)
    path.touch(mode=0o600)
    with pytest.raises(RecipeError):
        Vault.open(path, KEY, read_only=True)
    Vault.open(path, KEY).close()
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM bundle")
    connection.close()
    with pytest.raises(RecipeError):
        Vault.open(path, KEY, read_only=True)
    with Vault.open(path, KEY) as vault:
        vault.register([person(mrn("1"))])
    with Vault.open(path, KEY, read_only=True) as vault:
        assert vault.subject_count == 1


def test_rows_that_were_changed_or_swapped_do_not_open(path):
    """Every value is bound to its table and row (AES-GCM associated data)."""
    with Vault.open(path, KEY) as vault:
        vault.register([person(mrn("1")), person(mrn("2"))])
        first = vault.subject([mrn("1")])
    with sqlite3.connect(path) as connection:
        (one,), (two,) = connection.execute("SELECT sealed FROM subject ORDER BY id").fetchall()
        connection.execute("UPDATE subject SET sealed = ? WHERE id = 1", (two,))
        connection.execute("UPDATE subject SET sealed = ? WHERE id = 2", (one,))
        connection.execute("UPDATE identity SET sealed = zeroblob(40)")
    connection.close()
    with Vault.open(path, KEY) as vault:
        for ask in (vault.pseudonym, vault.known):
            with pytest.raises(StageError, match="does not decrypt"):
                ask(first)


def test_reader_sees_everything_and_writes_nothing(path):
    """A worker's vault refuses to register."""
    with Vault.open(path, KEY) as vault:
        vault.register([person(mrn("1"))])
        name = vault.pseudonym(vault.subject([mrn("1")]))
    before = path.read_bytes()
    with Vault.open(path, KEY, read_only=True) as reader:
        assert reader.pseudonym(reader.subject([mrn("1")])) == name
        with pytest.raises(StageError, match="reading only"):
            reader.register([person(mrn("2"))])
    assert path.read_bytes() == before


def read_in_child(path):
    with Vault.open(path, KEY, read_only=True) as reader:
        return [reader.pseudonym(reader.subject([mrn(f"p{i}")])) for i in range(1, 50)]


def test_processes_read_at_the_same_time(path):
    """Every spawned worker sees the same names."""
    with Vault.open(path, KEY) as vault:
        vault.register(person(mrn(f"p{i}")) for i in range(1, 50))
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        answers = pool.map(read_in_child, [path] * 4)
    assert all(answer == answers[0] for answer in answers)


def test_vault_does_not_travel(vault):
    """Keys and cached names cannot be pickled into a shard, a log or a cache."""
    with pytest.raises(TypeError):
        pickle.dumps(vault)
    assert "key" not in repr(vault).lower()


def test_disk_that_is_full_stops_the_registration(path, monkeypatch):
    """The vault says so without naming anybody, and nothing has changed."""
    with Vault.open(path, KEY) as vault:
        vault.register([person(mrn("1"))])
        before = vault.digest()
        vault._store._connection.execute("PRAGMA max_page_count = 1")
        with pytest.raises(StageError) as refused:
            vault.register(person(mrn(f"p{i}")) for i in range(1, 2000))
        assert "no space left" in str(refused.value)
        assert "Quackenbush" not in str(refused.value)
        assert vault.digest() == before


def test_umask_does_not_matter(tmp_path):
    """The file is 0600 under any umask that lets the owner write."""
    old = os.umask(0)
    try:
        Vault.open(tmp_path / "v.sqlite", KEY).close()
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "v.sqlite").stat().st_mode) == 0o600
