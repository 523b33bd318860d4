"""A disk that is full or fails under the vault: all of what was asked is there, or nothing of it, and it is said."""

import errno

import pytest

from llmops.errors import LlmopsError
from llmops.vault import FileKey, Vault, rotate
from tests.faults import failing, no_file_over

CODES = (errno.ENOSPC, errno.EIO)
PEOPLE = 40


@pytest.fixture
def register(vault_path, vault_key, number, patient):
    """Takes so many people in, in one call."""

    def take_in(first, last):
        with Vault.open(vault_path, FileKey(path=vault_key)) as vault:
            vault.register(patient(number(f"p{n}")) for n in range(first, last))

    return take_in


@pytest.fixture
def seen(vault_path, vault_key, number):
    """Pseudonym and date offset of everyone who is known, from a vault opened for writing as each start of a run does.

    That lets SQLite take back what was half written; who only reads cannot, and is refused until then.
    """

    def look():
        with Vault.open(vault_path, FileKey(path=vault_key)) as vault:
            subjects = [vault.subject([number(f"p{n}")]) for n in range(2 * PEOPLE)]
            return [(vault.pseudonym(one), vault.date_offset_days(one)) for one in subjects if one is not None]

    return look


@pytest.mark.parametrize("kilobytes", [0, 1, 20, 40, 52, 64, 80])
def test_a_full_disk_registers_all_or_nobody(register, seen, kilobytes):
    """Whatever page of the file or its journal does not fit: an error and the vault as before, or all of them."""
    register(0, PEOPLE)
    before = seen()
    try:
        with no_file_over(kilobytes * 1024):
            register(PEOPLE, 2 * PEOPLE)
    except LlmopsError:
        assert seen() == before
    else:
        assert len(seen()) == 2 * PEOPLE
    register(PEOPLE, 2 * PEOPLE)
    assert seen()[:PEOPLE] == before
    assert len(seen()) == 2 * PEOPLE


@pytest.mark.parametrize("kilobytes", [0, 20, 40, 64])
def test_a_full_disk_during_a_rotation_loses_nobody(register, seen, vault_path, vault_key, kilobytes):
    """Rotating again, on a disk that is well, ends it; pseudonyms and offsets stay."""
    register(0, PEOPLE)
    before = seen()
    try:
        with no_file_over(kilobytes * 1024):
            rotate(vault_path, FileKey(path=vault_key))
    except LlmopsError:
        assert seen() == before
    rotate(vault_path, FileKey(path=vault_key))
    assert seen() == before


@pytest.mark.parametrize("call", ["open", "link", "fsync", "replace"])
def test_a_disk_that_refuses_any_call_during_a_rotation_loses_nobody(register, seen, vault_path, vault_key, call):
    """From the first, second, ... call on: an error that says so, and the vault opens with the key that is there."""
    register(0, 3)
    before, number, refused = seen(), 0, [call]
    while refused:
        with failing(call, number, CODES[number % 2], below=vault_path.parent) as refused:
            try:
                rotate(vault_path, FileKey(path=vault_key))
            except LlmopsError:
                said = True
            else:
                said = False
        assert said == bool(refused)
        assert seen() == before
        number += 1
    assert number > 1
