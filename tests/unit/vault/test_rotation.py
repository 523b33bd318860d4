"""Rotation replaces the key and changes nothing that is seen outside, wherever it is killed."""

import sqlite3

import pytest

from llmops.errors import RecipeError
from llmops.vault import FileKey, Vault, custody, rotate, rotation


@pytest.fixture
def filled(vault_path, vault_key, number, patient):
    """Five patients, two of them merged, one erased; gives what is seen of them."""
    key = FileKey(path=vault_key)
    with Vault.open(vault_path, key) as vault:
        vault.register(patient(number(f"p{n}")) for n in range(1, 6))
        vault.register([patient(number("p1"), number("p2"))])
        gone = vault.pseudonym(vault.subject([number("p5")]))
    with custody(vault_path, key) as held:
        held.erase(gone)

    def seen():
        with Vault.open(vault_path, key, read_only=True) as reader:
            subjects = [reader.subject([number(f"p{n}")]) for n in range(1, 6)]
            return [
                (
                    reader.pseudonym(subject),
                    reader.date_offset_days(subject),
                    reader.surrogate_seed(subject),
                    reader.known(subject),
                )
                for subject in subjects[:4]
            ]

    return seen


def test_the_key_is_another_and_everything_else_is_the_same(filled, vault_path, vault_key):
    """Pseudonyms, offsets, seeds and identities stay; the old key opens nothing."""
    before, old = filled(), vault_key.read_bytes()
    assert rotate(vault_path, FileKey(path=vault_key)) == 3
    assert vault_key.read_bytes() != old
    assert filled() == before
    assert [path.name for path in vault_key.parent.iterdir()] == ["vault.key"]
    with pytest.raises(RecipeError, match="does not fit"):
        Vault.open(vault_path, old)
    with custody(vault_path, FileKey(path=vault_key)) as held:
        assert held.status().rotation == "finished"


def test_no_sealed_subject_is_left_from_before(filled, vault_path, vault_key):
    """A copy of the file from before is of no use with the new key, nor the new file with the old one."""

    def rows():
        with sqlite3.connect(vault_path) as connection:
            found = connection.execute("SELECT sealed FROM subject").fetchall()
        connection.close()
        return {sealed for (sealed,) in found}

    before = rows()
    rotate(vault_path, FileKey(path=vault_key))
    assert not before & rows()


@pytest.mark.parametrize("step", ["_seal_anew", "_seal_subject", "_replace", "_drop_old"])
@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_step_it_opens_and_goes_on(filled, vault_path, vault_key, monkeypatch, step, after):
    """Before or after each step: the vault opens with the key file as it is, and the next rotation ends it."""
    before, real = filled(), getattr(rotation, step)

    def dying(*arguments):
        if after:
            real(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(rotation, step, dying)
        with pytest.raises(KeyboardInterrupt):
            rotate(vault_path, FileKey(path=vault_key))
    assert filled() == before
    rotate(vault_path, FileKey(path=vault_key))
    assert filled() == before
    assert [path.name for path in vault_key.parent.iterdir()] == ["vault.key"]
    with custody(vault_path, FileKey(path=vault_key)) as held:
        assert held.status().rotation == "finished"


def test_nothing_is_rotated_while_the_vault_is_in_use(filled, vault_path, vault_key):
    """A worker with the old keys in memory could not read what was sealed anew."""
    with Vault.open(vault_path, FileKey(path=vault_key), read_only=True), pytest.raises(RecipeError, match="in use"):
        rotate(vault_path, FileKey(path=vault_key))
    assert rotate(vault_path, FileKey(path=vault_key)) == 3


def test_a_missing_key_or_vault_is_not_made(filled, vault_path, vault_key, tmp_path):
    """Rotation replaces; it does not begin."""
    with pytest.raises(RecipeError, match="no vault file"):
        rotate(tmp_path / "none.sqlite", FileKey(path=vault_key))
    assert not (tmp_path / "none.sqlite.lock").exists()
    vault_key.rename(tmp_path / "kept.key")
    with pytest.raises(RecipeError, match="missing"):
        rotate(vault_path, FileKey(path=vault_key))
    assert not vault_key.exists()


def test_keyed_pseudonyms_survive_the_key_they_were_made_with(tmp_path, vault_key, number, patient):
    """Also those of patients who come after the rotation, so that two sites still agree."""
    sites = []
    for name in ("one", "two"):
        path, key = tmp_path / name / "v.sqlite", tmp_path / name / "vault.key"
        key.parent.mkdir()
        key.write_bytes(bytes(range(32)))
        key.chmod(0o600)
        with Vault.open(path, FileKey(path=key), keyed=True) as vault:
            vault.register([patient(number("p1"))])
        if name == "two":
            rotate(path, FileKey(path=key))
        with Vault.open(path, FileKey(path=key), keyed=True) as vault:
            vault.register([patient(number("p2"))])
            sites.append([vault.pseudonym(vault.subject([number(n)])) for n in ("p1", "p2")])
    assert sites[0] == sites[1]
