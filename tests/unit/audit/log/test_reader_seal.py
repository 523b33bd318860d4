"""What commands log beside a run: sealed and tied in where the log's key is at hand, unsealed and told of where not."""

import pytest

from llmops.audit import AuditLog, Status
from llmops.audit.events import Queried, ReleaseRevoked, RunFinished, RunStarted, StreamSealed
from llmops.audit.explain import events_in
from llmops.audit.layout import main_streams
from llmops.audit.verify.directory import verify
from llmops.cli.output import problem
from llmops.errors import RecipeError
from llmops.keys import load_or_create_signing_key
from llmops.operations.reader_log import audit_key_beside, folder_log
from tests.attacks.output import forge

MAIN = "run-20260101t000000-ab12-1"


@pytest.fixture
def key(tmp_path):
    load_or_create_signing_key(tmp_path / "keys" / "audit-signing.pem", name="llmops-audit")
    return tmp_path / "keys" / "audit-signing.pem"


@pytest.fixture
def signer(key):
    return load_or_create_signing_key(key, name="llmops-audit")


@pytest.fixture
def release(tmp_path, signer):
    """The folder of a release, beside the log of the run that wrote it; its anchor is what a manifest keeps."""
    with AuditLog.open(tmp_path / "out" / "audit", stream=MAIN, signer=signer, clock=lambda: 1) as log:
        log.append([RunStarted(recipe="notes"), RunFinished(read=1, released=1, withheld=0)])
    folder = tmp_path / "out" / "release" / "0123"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def anchor(release, signer, tmp_path):
    with AuditLog.open(tmp_path / "out" / "audit", stream=MAIN, signer=signer, clock=lambda: 1) as log:
        return log.checkpoint().anchor


def ask(release, seal, questions=1):
    for number in range(questions):
        with folder_log(release, None, seal, problem) as log:
            log.append([Queried(release_id="0123", k=number + 1, query_length=9)])


def ties(release):
    return [
        seen.entry.event
        for seen in events_in(release.parents[1] / "audit")
        if isinstance(seen.entry.event, StreamSealed)
    ]


def judged(release, signer, anchor):
    return verify(release.parents[1] / "audit", [signer.public], [anchor])


def test_with_the_key_the_log_is_intact_after_every_command(release, key, signer, anchor, monkeypatch):
    """Sealed, and spoken of by the run's main stream, once each."""
    moment = iter(range(1_000, 2_000))
    monkeypatch.setattr("llmops.operations.reader_log.now_ms", lambda: next(moment))
    for done in range(1, 4):
        ask(release, key)
        assert judged(release, signer, anchor).status is Status.INTACT
        assert len(ties(release)) == done


def test_without_the_key_the_log_is_intact_and_the_open_tail_is_told_of(release, signer, anchor):
    """A consumer has no key: durable and unsealed is how its log should be until the next run."""
    ask(release, None)
    verdict = judged(release, signer, anchor)
    assert (verdict.status, verdict.exit_code, verdict.unsealed) == (Status.INTACT, 0, 1)
    (note,) = verdict.findings
    assert note.stream.startswith("reader-")
    assert "open to change" in note.what
    assert ties(release) == []


@pytest.mark.parametrize(
    ("stream", "event"),
    [
        ("reader-1-2", ReleaseRevoked(release_id="0123", document_id="", reason="phi_found")),
        ("vault-1-2", Queried(release_id="0123", k=1, query_length=9)),
        ("run-20260101t000000-ab12-1-w0", Queried(release_id="0123", k=1, query_length=9)),
    ],
)
def test_only_what_readers_do_may_be_unsealed(release, signer, anchor, stream, event):
    """Any other event, and any other stream, is warned of or worse."""
    forge(release.parents[1] / "audit" / f"{stream}.jsonl", (event,))
    assert judged(release, signer, anchor).exit_code >= 1


def test_a_reader_s_stream_that_was_sealed_and_lost_its_seal_is_no_open_tail(release, key, signer, anchor):
    """The run's stream speaks of it: its checkpoints may not go."""
    ask(release, key)
    (checkpoints,) = (release.parents[1] / "audit").glob("reader-*.checkpoints")
    checkpoints.unlink()
    assert judged(release, signer, anchor).exit_code >= 1


def test_a_key_that_is_not_the_log_s_seals_nothing(release, signer, anchor, tmp_path, capsys):
    """Under it the log would no longer verify; the command goes on and says so."""
    load_or_create_signing_key(tmp_path / "other.pem", name="llmops-audit")
    ask(release, tmp_path / "other.pem")
    assert "not that of this log" in capsys.readouterr().err
    verdict = judged(release, signer, anchor)
    assert (verdict.status, verdict.unsealed) == (Status.INTACT, 1)


def test_a_key_that_is_not_there_is_refused_before_anything_is_served(release, tmp_path):
    """Who names a key wants it used."""
    with pytest.raises(RecipeError):
        ask(release, tmp_path / "missing.pem")
    assert not list((release.parents[1] / "audit").glob("reader-*"))


def test_while_a_run_is_at_work_the_tie_is_left_to_it(release, key, signer, anchor):
    """The main stream is held: the reader's stream is sealed all the same."""
    with AuditLog.open(release.parents[1] / "audit", stream=MAIN, signer=signer, clock=lambda: 1):
        ask(release, key)
    assert judged(release, signer, anchor).unsealed == 0
    assert ties(release) == []


def test_a_damaged_log_does_not_undo_what_was_done(release, key, signer, anchor, capsys):
    """The reader's own stream is sealed, and what is wrong is said."""
    path = release.parents[1] / "audit" / f"{MAIN}.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"notes"', b'"n0tes"'))
    ask(release, key)
    assert "not those that were sealed" in capsys.readouterr().err
    report = {stream.stream[:7]: stream for stream in judged(release, signer, anchor).streams}
    assert report["reader-"].sealed == 1


def test_commands_that_sign_find_the_key_of_the_log_beside_theirs(key):
    """In the key folder of the raw zone; elsewhere there is none."""
    assert audit_key_beside(key.with_name("release-signing.pem")) == key
    assert audit_key_beside(key.parent.parent / "release-signing.pem") is None


def test_the_main_streams_of_runs_are_told_from_all_others(tmp_path, signer):
    """By name, in the order of their starts."""
    names = ("run-a-10", "run-a-2", "run-a-2-w0", "run-b-1", "reader-1-2", "review-ab", "vault-1")
    for name in names:
        AuditLog.open(tmp_path / "log", stream=name, signer=signer, clock=lambda: 1).close()
    assert main_streams(tmp_path / "log") == ("run-a-2", "run-a-10", "run-b-1")
