"""What is done to a vault by hand: joining, parting, erasing; and rows that somebody moved."""

import base64
import shutil
import sqlite3

import pytest

from llmops.deid import DeidConfig, PresidioDeidentifier, load_policy
from llmops.documents import ClinicalDocument, DeidentifiedDocument, Kind, Provenance, Reason, Withheld
from llmops.errors import RecipeError, StageError
from llmops.vault import EnvironmentKey, Vault, custody

KEY = bytes(range(32))


@pytest.fixture
def filled(vault_path, number, patient):
    """Four patients; gives their current pseudonyms, None for one that was erased."""
    with Vault.open(vault_path, KEY) as vault:
        vault.register(patient(number(f"p{n}"), family=f"Family{n}") for n in range(1, 5))

    def names():
        with Vault.open(vault_path, KEY, read_only=True) as reader:
            return [_name(reader, number(f"p{n}")) for n in range(1, 5)]

    return names


def _name(reader, identifier):
    subject = reader.subject([identifier])
    try:
        return reader.pseudonym(subject)
    except StageError:
        for ask in (reader.known, reader.date_offset_days, reader.surrogate_seed):
            with pytest.raises(StageError, match="erased"):
                ask(subject)
        return None


def _document(*identifiers):
    return ClinicalDocument(
        document_id="r1.0",
        record_id="r1",
        subject=identifiers,
        kind=Kind.NOTE,
        text="Stable. Discharged on aspirin.",
        provenance=Provenance(format="text"),
    )


def _families(path, identifier):
    with Vault.open(path, KEY, read_only=True) as reader:
        return {name.family for one in reader.known(reader.subject([identifier])) for name in one.names}


def _edit(path, statement, *values):
    with sqlite3.connect(path) as connection:
        connection.execute(statement, values)
    connection.close()


def test_a_merge_and_its_undoing_lose_nothing(filled, vault_path, number):
    """The older pseudonym stays; after the split both have their own again."""
    before = filled()
    with custody(vault_path, KEY) as held:
        assert held.merge(before[2], before[0]) == before[0]
        assert held.merges() == ((before[2], before[0]),)
        with pytest.raises(StageError, match="already"):
            held.merge(before[0], before[2])
    assert filled() == [before[0], before[1], before[0], before[3]]
    assert _families(vault_path, number("p3")) == {"Family1", "Family3"}
    with custody(vault_path, KEY) as held:
        assert held.split(before[2]) == before[0]
        assert held.merges() == ()
        with pytest.raises(StageError, match="not merged"):
            held.split(before[2])
    assert filled() == before
    assert _families(vault_path, number("p3")) == {"Family3"}


def test_what_was_split_stays_apart(filled, vault_path, number, patient):
    """A record with both numbers, the one that made the wrong merge or a new one, does not merge them again."""
    before = filled()
    wrong = patient(number("p1"), number("p2"))
    with Vault.open(vault_path, KEY) as vault:
        vault.register([wrong])
    with custody(vault_path, KEY) as held:
        held.split(before[1])
    with Vault.open(vault_path, KEY) as vault:
        vault.register([wrong, patient(number("p2"), number("p1"), family="Other")])
    assert filled() == before
    with custody(vault_path, KEY) as held:
        assert held.merge(before[0], before[1]) == before[0]
    assert filled()[:2] == [before[0], before[0]]


def test_an_erased_subject_is_gone_and_not_taken_in_again(filled, vault_path, number, patient):
    """No pseudonym, no names, and its records lead to what was erased, with or without the assigner."""
    before = filled()
    with custody(vault_path, KEY) as held:
        assert held.names(before[1]) == (before[1],)
        assert held.erase(before[1]) == (before[1],)
        for again in (held.erase, held.names):
            with pytest.raises(StageError, match="no subject of that pseudonym"):
                again(before[1])
        assert dict(held.status().counts) | {"identifiers": 0} == {
            "subjects": 3,
            "merged": 0,
            "erased": 1,
            "identities": 3,
            "identifiers": 0,
            "kept_apart": 0,
        }
    with Vault.open(vault_path, KEY) as vault:
        vault.register([patient(number("p2")), patient(number("p2", "")), patient(number("p2"), number("p3"))])
        assert vault.subject_count == 3
        assert vault.subject([number("p2", "")]) == vault.subject([number("p2")]) == "v2"
        with pytest.raises(StageError, match="erased"):
            vault.pseudonym("v2")
    assert filled() == [before[0], None, before[2], before[3]]


def test_documents_of_an_erased_subject_are_withheld(filled, vault_path, number):
    """With a reason of their own; also one that names somebody else, too, who was known before."""
    names = filled()
    with custody(vault_path, KEY) as held:
        held.erase(names[1])
    with Vault.open(vault_path, KEY, read_only=True) as reader:
        stage = PresidioDeidentifier(DeidConfig(ner="none"), load_policy("safe_harbor"), reader)
        documents = [_document(number("p2")), _document(number("p3")), _document(number("p1"), number("p2"))]
        gone, kept, both = stage.process(documents)
    assert isinstance(gone, Withheld)
    assert isinstance(both, Withheld)
    assert (gone.reason, both.reason) == (Reason.SUBJECT_ERASED, Reason.SUBJECT_ERASED)
    assert isinstance(kept, DeidentifiedDocument)
    assert kept.subject == names[2]


def test_erasing_takes_everything_that_was_merged(filled, vault_path, number):
    """By any of its pseudonyms; what is left in the file cannot be decrypted by the vault's own keys."""
    before = filled()
    with custody(vault_path, KEY) as held:
        held.merge(before[0], before[3])
        assert held.erase(before[3]) == (before[0], before[3])
        assert held.merges() == ()
    assert filled() == [None, before[1], before[2], None]
    with sqlite3.connect(vault_path) as connection:
        left = connection.execute("SELECT subject FROM identity ORDER BY subject").fetchall()
    connection.close()
    assert left == [(2,), (3,)]


def test_an_erasure_that_fails_leaves_everything(filled, vault_path):
    """All or nothing."""
    before = filled()
    with custody(vault_path, KEY) as held:
        held.merge(before[0], before[3])
        real = held._links.put
        held._links.put = lambda *a, **k: (_ for _ in ()).throw(StageError("disk"))
        with pytest.raises(StageError, match="disk"):
            held.erase(before[0])
        held._links.put = real
    assert filled() == [before[0], before[1], before[2], before[0]]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE identity SET subject = 1 WHERE subject = 2",
        "UPDATE identity SET id = 99 WHERE subject = 1",
        "UPDATE subject SET merged_into = 1 WHERE id = 2",
        "UPDATE subject SET erased = 1 WHERE id = 1",
        "UPDATE link SET subject = 1",
        "UPDATE OR IGNORE value SET subject = 9",
        "UPDATE subject SET sealed = (SELECT sealed FROM subject WHERE id = 2) WHERE id = 1",
    ],
)
def test_a_row_moved_by_who_has_no_key_is_found(filled, vault_path, number, statement):
    """One patient's names must not come to stand in another's documents: refused, not guessed."""
    _edit(vault_path, statement)
    asked = [number(f"p{n}", assigner) for n in (1, 2) for assigner in ("", "1.2.3")]
    with Vault.open(vault_path, KEY, read_only=True) as reader, pytest.raises(StageError):
        _ = [reader.known(reader.subject([one])) for one in asked]


def test_unmerging_by_hand_is_found(filled, vault_path, number):
    """The loser of a merge is bound to its winner."""
    before = filled()
    with custody(vault_path, KEY) as held:
        held.merge(before[0], before[1])
    _edit(vault_path, "UPDATE subject SET merged_into = NULL WHERE id = 2")
    with Vault.open(vault_path, KEY, read_only=True) as reader, pytest.raises(StageError, match="was changed"):
        reader.subject([number("p2")])


def test_a_vault_whose_keys_were_removed_is_not_made_anew(filled, vault_path):
    """New keys would orphan every subject without a word."""
    _edit(vault_path, "DELETE FROM bundle")
    with pytest.raises(RecipeError, match="does not fit"):
        Vault.open(vault_path, KEY)


def test_whole_weeks_keep_the_weekday(tmp_path, number, patient):
    """Multiples of seven either way, never none; a vault is made for one or the other."""
    path = tmp_path / "v.sqlite"
    with Vault.open(path, KEY, keep_weekday=True) as vault:
        vault.register(patient(number(f"p{n}")) for n in range(1, 300))
        offsets = {vault.date_offset_days(vault.subject([number(f"p{n}")])) for n in range(1, 300)}
    assert all(days % 7 == 0 and 7 <= abs(days) <= 364 for days in offsets)
    assert len(offsets) > 80
    with pytest.raises(RecipeError, match="whole weeks"):
        Vault.open(path, KEY)


def test_a_key_may_come_from_the_environment(vault_path, monkeypatch):
    """Base64 of 32 random bytes; anything else is refused without being shown."""
    provider = EnvironmentKey(variable="VAULT_KEK")
    monkeypatch.setenv("VAULT_KEK", base64.b64encode(KEY).decode())
    Vault.open(vault_path, provider).close()
    Vault.open(vault_path, KEY).close()
    for bad in ("", "canary not base64", base64.b64encode(b"canary").decode()):
        monkeypatch.setenv("VAULT_KEK", bad)
        with pytest.raises(RecipeError, match="VAULT_KEK") as refused:
            Vault.open(vault_path, provider)
        assert "canary" not in str(refused.value)


@pytest.mark.parametrize("weak", [b"\0" * 32, b"password" * 4, b"0123456701234567" * 2])
def test_a_weak_key_is_refused(tmp_path, weak):
    """A word or a pattern is no key, whatever its length."""
    with pytest.raises(RecipeError, match=r"164\.312\(a\)\(2\)\(iv\)"):
        Vault.open(tmp_path / "v.sqlite", weak)


def test_nobody_waits_for_a_run_that_writes(vault_path, filled):
    """Also while it has its file alone, which a reader of the file itself would wait for."""
    with Vault.open(vault_path, KEY), sqlite3.connect(vault_path, isolation_level=None) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        with pytest.raises(RecipeError, match="in use by a run"), custody(vault_path, KEY):
            pass
        writer.execute("ROLLBACK")
    writer.close()


def test_a_vault_whose_writer_was_killed_is_looked_at_as_it_was_before(tmp_path, vault_path, filled):
    """What the writer had begun lies half in the file and is rolled back from the journal beside it."""
    crashed = tmp_path / "crashed" / vault_path.name
    crashed.parent.mkdir()
    with sqlite3.connect(vault_path, isolation_level=None) as writer:
        writer.execute("PRAGMA cache_size = 10")
        writer.execute("BEGIN IMMEDIATE")
        writer.executemany("INSERT INTO spent VALUES (?, 1)", ([str(n).encode() * 100] for n in range(3000)))
        for name in (vault_path.name, f"{vault_path.name}-journal"):
            shutil.copy(vault_path.with_name(name), crashed.with_name(name))
        writer.execute("ROLLBACK")
    writer.close()
    with custody(crashed, KEY) as held:
        assert dict(held.status().counts)["subjects"] == 4
