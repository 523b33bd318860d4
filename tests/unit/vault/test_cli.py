"""``llmops vault`` on the raw zone of a small recipe: what is done is logged, and a release forgets who was erased."""

import base64
import json

import pytest
from typer.testing import CliRunner

from llmops.audit import AuditLog
from llmops.audit.events import VaultChanged
from llmops.audit.explain import events_in
from llmops.audit.verify.directory import verify
from llmops.cli.vault import app
from llmops.documents import Locator
from llmops.errors import AuditWriteError, LlmopsError, RecipeError, ReleaseError, StageError
from llmops.pipeline import LedgerWriter, Place, ledgers
from llmops.recipe import load_keys, load_recipe, open_vault, resolve
from llmops.release import RevocationReason, open_release, revoke
from llmops.vault import Custody, FileKey

RECIPE = """recipe: 1
name: trial
input: {paths: [in]}
output: out
raw_zone: raw
"""


@pytest.fixture
def recipe(tmp_path, number, patient):
    """A recipe whose vault knows three patients."""
    path = tmp_path / "recipe.yaml"
    path.write_text(RECIPE)
    (tmp_path / "in").mkdir()
    loaded = load_recipe(path)
    with open_vault(resolve(loaded), load_keys(loaded), read_only=False) as vault:
        vault.register(patient(number(f"p{n}")) for n in (1, 2, 3))
    return path


@pytest.fixture
def names(recipe, number):
    """The pseudonyms of the three."""
    loaded = load_recipe(recipe)
    with open_vault(resolve(loaded), load_keys(loaded), read_only=True) as vault:
        return [vault.pseudonym(vault.subject([number(f"p{n}")])) for n in (1, 2, 3)]


@pytest.fixture
def release(recipe, names, publish_release, scored_document):
    """Publishes a document for each name."""
    signer = load_keys(load_recipe(recipe)).release

    def _publish(code_version="0.1.0"):
        documents = [scored_document(f"r{n}.0", "Stable.", subject=name) for n, name in enumerate(names)]
        return publish_release(recipe.parent / "out", documents, signer, code_version=code_version)

    return _publish


def call(*arguments):
    done = CliRunner().invoke(app, [*map(str, arguments), "--json"])
    if isinstance(done.exception, LlmopsError):
        raise done.exception
    assert done.exit_code == 0, (done.output, done.exception)
    assert "Quackenbush" not in done.output
    return json.loads(done.stdout)


def _events(recipe):
    return [seen.entry.event for seen in events_in(recipe.parent / "out" / "audit")]


def test_status_counts_and_shows_nobody(recipe):
    """Numbers, the kind of pseudonym, and whether a rotation is open."""
    facts = call("status", recipe)
    assert (facts["subjects"], facts["identities"], facts["pseudonyms"]) == (3, 3, "random")
    assert (facts["rotation"], facts["date_offsets"], facts["erased"]) == ("finished", "days", 0)
    assert "vault" in CliRunner().invoke(app, ["status", str(recipe)]).stdout


def test_a_recipe_that_is_run_with_input_has_a_vault_all_the_same(recipe):
    """It names no input, and these commands read none."""
    recipe.write_text(RECIPE.replace("input: {paths: [in]}\n", ""))
    assert call("status", recipe)["subjects"] == 3


def test_rotate_is_logged_and_the_next_run_opens_the_vault(recipe, names, number):
    """With a new key under the same name."""
    key = recipe.parent / "raw" / "keys" / "vault.key"
    before = key.read_bytes()
    assert call("rotate", recipe) == {"action": "rotated", "subjects": 3}
    assert key.read_bytes() != before
    loaded = load_recipe(recipe)
    with open_vault(resolve(loaded), load_keys(loaded), read_only=True) as vault:
        assert vault.pseudonym(vault.subject([number("p2")])) == names[1]
    created, changed = _events(recipe)
    assert (created.kind, created.fingerprint) == ("key_created", "secret")
    assert (changed.kind, changed.action, changed.subjects) == ("vault_changed", "rotated", 3)
    assert verify(recipe.parent / "out" / "audit", (load_keys(loaded).audit.public,)).exit_code <= 1


def test_rotate_counts_the_subjects_that_status_counts(recipe, names):
    """One that was erased has no key any more; two that were merged are one patient. The log says the same."""
    call("erase", recipe, names[0])
    assert call("rotate", recipe)["subjects"] == call("status", recipe)["subjects"] == 2
    call("merge", recipe, names[1], names[2])
    assert call("rotate", recipe)["subjects"] == call("status", recipe)["subjects"] == 1
    assert [event.subjects for event in _events(recipe) if getattr(event, "action", "") == "rotated"] == [2, 1]


def test_merge_and_split_go_by_pseudonym(recipe, names):
    """Listed while it stands, logged both times."""
    assert call("merge", recipe, names[2], names[0])["kept"] == names[0]
    assert call("status", recipe, "--merges")["merges"] == [{"given_up": names[2], "kept": names[0]}]
    assert f"{names[2]} is now {names[0]}" in CliRunner().invoke(app, ["status", str(recipe), "--merges"]).stdout
    assert call("split", recipe, names[2])["from"] == names[0]
    assert call("status", recipe, "--merges")["merges"] == []
    assert [(event.action, event.subject) for event in _events(recipe)] == [("merged", names[0]), ("split", names[2])]
    with pytest.raises(StageError, match="no subject"):
        call("split", recipe, "S-0000000000000000")


def test_erase_takes_back_the_documents_of_every_standing_release(recipe, names, release):
    """Also those under a pseudonym that a merge gave up; a revoked release is left alone; the log says it all."""
    first, second, gone = release(), release("0.2.0"), release("0.3.0")
    revoke(gone, load_keys(load_recipe(recipe)).release, RevocationReason.SUPERSEDED)
    call("merge", recipe, names[0], names[2])
    said = call("erase", recipe, names[0])
    assert (said["documents"], said["releases"]) == (4, 2)
    for path in (first, second):
        assert [document.document_id for document in open_release(path).documents()] == ["r1.0"]
    facts = call("status", recipe)
    assert (facts["subjects"], facts["erased"], facts["identities"]) == (1, 1, 1)
    events = _events(recipe)
    taken = {(event.release_id, event.document_id) for event in events if event.kind == "release_revoked"}
    assert taken == {(path.name, name) for path in (first, second) for name in ("r0.0", "r2.0")}
    assert events[-1].kind == "vault_changed"
    assert (events[-1].action, events[-1].subjects) == ("erased", 2)


def test_erase_removes_what_was_made_of_the_documents(recipe, names, release):
    """The search index of each release, half-built ones, and the shards of a run that was stopped; its state stays."""
    path = release()
    index = recipe.parent / "out" / "index"
    token = recipe.parent / "raw" / "work" / "token"
    for folder in (index / path.name, index / f".{path.name}.new-1", index / "other", token / "shards" / "s1"):
        folder.mkdir(parents=True)
        (folder / "words").write_text("Stable.")
    (token / "state.json").write_text("{}")
    call("erase", recipe, names[1])
    assert [kept.name for kept in index.iterdir()] == ["other"]
    assert [kept.name for kept in token.iterdir()] == ["state.json"]


def test_erase_blanks_where_the_documents_lay(recipe, names, release):
    """A file's name may say who the pseudonym was; what a tombstone asks for stays, and so do other subjects' files."""
    release()
    root = recipe.parent / "raw" / "ledger"
    with LedgerWriter(root, "run-1", output="o") as ledger:
        for number, name in enumerate(names):
            at = Locator(container=f"Roe_Jane_{number}.txt", end=7)
            document = f"r{number}.0"
            ledger.place(Place(record_id=f"r{number}", document_id=document, locator=at, content_key="k", subject=name))
        ledger.keep("first")
    call("erase", recipe, names[1])
    (ledger,) = ledgers(root)
    assert [(one.document_id, one.locator.container, one.content_key) for one in ledger.places()] == [
        ("r0.0", "Roe_Jane_0.txt", "k"),
        ("r1.0", "", "k"),
        ("r2.0", "Roe_Jane_2.txt", "k"),
    ]
    assert not [path for path in root.rglob("*") if path.is_file() and b"Roe_Jane_1" in path.read_bytes()]


def test_another_output_of_the_vault_forgets_an_erased_subject_afterwards(recipe, names, release):
    """By the pseudonym alone, each document logged; where nothing is left of it, nothing is done."""
    release()
    said = call("erase", recipe, names[1])
    assert said["pseudonyms"] == [names[1]]
    other = recipe.parent / "other"
    (recipe.parent / "out" / "release").rename(recipe.parent / "kept")
    path = release()
    other.mkdir()
    (recipe.parent / "out" / "release").rename(other / "release")
    path = other / "release" / path.name
    assert len(open_release(path)) == 3
    said = call("erase", recipe, names[1], "--output", other)
    assert (said["action"], said["documents"]) == ("taken back; erased before", 1)
    assert len(open_release(path)) == 2
    with pytest.raises(StageError, match="no subject of that pseudonym, nor a document"):
        call("erase", recipe, names[1], "--output", other)
    assert [seen.entry.event.kind for seen in events_in(other / "audit")] == ["release_revoked"]


def test_an_interrupted_erasure_is_ended_by_the_next(recipe, names, release, monkeypatch):
    """Documents first, keys last: whoever reads a release is never behind the vault."""
    path = release()
    with monkeypatch.context() as patched:
        patched.setattr(Custody, "erase", lambda *_: (_ for _ in ()).throw(StageError("killed")))
        with pytest.raises(StageError, match="killed"):
            call("erase", recipe, names[1])
    assert len(open_release(path)) == 2
    assert call("status", recipe)["erased"] == 0
    assert call("erase", recipe, names[1])["documents"] == 0
    assert call("status", recipe)["erased"] == 1


@pytest.mark.parametrize("command", ["erase", "merge", "split", "rotate"])
def test_what_cannot_be_logged_does_not_happen_and_is_done_by_the_next(recipe, names, release, command, monkeypatch):
    """A disk that is full when the vault's change is to be logged: nothing is changed that no event tells of."""
    path = release()
    if command == "split":
        call("merge", recipe, names[2], names[0])
    words = {"merge": (names[2], names[0]), "split": (names[2],), "erase": (names[1],), "rotate": ()}[command]
    before, append = call("status", recipe), AuditLog.append

    def full(log, events):
        if any(isinstance(event, VaultChanged) for event in events):
            raise AuditWriteError("audit: cannot append (No space left on device)")
        return append(log, events)

    vault_key = recipe.parent / "raw" / "keys" / "vault.key"
    key = vault_key.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(AuditLog, "append", full)
        with pytest.raises(AuditWriteError):
            call(command, recipe, *words)
    assert call("status", recipe) == before
    assert vault_key.read_bytes() == key
    call(command, recipe, *words)
    assert _events(recipe)[-1].action.startswith(command.rstrip("e"))
    taken = [event.document_id for event in _events(recipe) if event.kind == "release_revoked"]
    assert (taken, len(open_release(path))) == ((["r1.0"], 2) if command == "erase" else ([], 3))


def test_a_broken_release_stops_the_erasure_before_anything_is_done(recipe, names, release):
    """Documents that cannot be taken back must not outlive their subject unnoticed."""
    path, other = release(), release("0.2.0")
    (path / "data" / "part-00000.parquet").unlink()
    with pytest.raises(ReleaseError):
        call("erase", recipe, names[1])
    assert call("status", recipe)["erased"] == 0
    assert call("erase", recipe, names[1], "--release", other)["documents"] == 1


def test_keys_are_never_made_by_these_commands(recipe, tmp_path):
    """A mistyped raw zone is not an empty vault."""
    with pytest.raises(RecipeError, match="missing in this raw zone"):
        call("status", recipe, "--raw-zone", tmp_path / "elsewhere")
    assert not (tmp_path / "elsewhere").exists()


def test_a_key_in_the_environment_serves_and_is_not_rotated_here(recipe, monkeypatch):
    """Who injects it replaces it."""
    held = FileKey(path=recipe.parent / "raw" / "keys" / "vault.key").key()
    recipe.write_text(RECIPE + "vault: {key_variable: VAULT_KEK}\n")
    monkeypatch.setenv("VAULT_KEK", base64.b64encode(held).decode())
    assert call("status", recipe)["subjects"] == 3
    with pytest.raises(RecipeError, match="key_variable"):
        call("rotate", recipe)
    monkeypatch.delenv("VAULT_KEK")
    with pytest.raises(RecipeError, match="VAULT_KEK"):
        call("status", recipe)
