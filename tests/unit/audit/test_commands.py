"""``llmops audit``: every command, its exit code, and the same answer as JSON."""

import json
import re
import shutil

import pytest
from typer.testing import CliRunner

from llmops.audit import AuditLog
from llmops.audit.events import (
    DocumentDeidentified,
    DocumentReleased,
    GateDecided,
    RecordRead,
    RecordWithheld,
    RunFinished,
    RunStarted,
)
from llmops.audit.log.newest import newest_anchors
from llmops.audit.log.run_links import tie_streams
from llmops.cli.audit import app
from llmops.documents import Reason, StageName
from llmops.errors import AuditError, AuditVerificationError, RecipeError
from llmops.keys import load_or_create_signing_key
from llmops.release import RevocationReason, revoke

RECORD = "r" + "0123456789" * 2


@pytest.fixture
def signer(tmp_path):
    return load_or_create_signing_key(tmp_path / "keys" / "a.pem", name="llmops-audit")


@pytest.fixture
def audit(tmp_path, signer):
    """A worker's and a main stream of one run, tied."""
    directory = tmp_path / "out" / "audit"
    with AuditLog.open(
        directory, stream="run1-1-w0", signer=signer, clock=lambda: 1_764_028_800_000, run_id="run1"
    ) as log:
        log.append([RecordRead(record_id=RECORD, format="fhir", encoding="utf-8", size=9)])
        log.append(
            [
                DocumentDeidentified(document_id=f"{RECORD}.0", policy_id="safe_harbor@12", findings=(("name", 2),)),
                RecordWithheld(
                    record_id=RECORD, document_id=f"{RECORD}.1", stage=StageName.DEID, reason=Reason.RESIDUAL_PHI
                ),
            ]
        )
    with AuditLog.open(
        directory, stream="run1-1", signer=signer, clock=lambda: 1_764_028_900_000, run_id="run1"
    ) as log:
        log.append([RunStarted(recipe="notes", policy_id="safe_harbor@12", versions=(("spacy", "3.8"),))])
        log.append([DocumentReleased(document_id=f"{RECORD}.0", record_id=RECORD, policy_id="safe_harbor@12")])
        log.append([GateDecided(passed=True, verdicts=(("ratio", "pass"),))])
        tie_streams(log)
        log.append([RunFinished(read=2, released=1, withheld=1)])
    return directory


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Runs a command: exit code and what it printed; an error of ours is raised."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments):
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.stdout

    return run


def test_verify_needs_key_and_anchor_to_say_intact(audit, call, tmp_path):
    """One anchor file with the main stream's checkpoint vouches for the worker's stream too."""
    key = tmp_path / "keys" / "a.pem"
    assert call("verify", audit, "--key", key)[0] == 1
    assert json.loads(call("anchor", audit, "--out", tmp_path / "anchors", "--json")[1])["added"] == 2
    code, text = call("verify", audit, "--key", key, "--anchor", tmp_path / "anchors", "--json")
    verdict = json.loads(text)
    assert (code, verdict["status"], verdict["unsealed"]) == (0, "intact", 0)
    assert call("verify", audit, "--anchor", tmp_path / "missing")[0] == 3
    (tmp_path / "empty").touch()
    assert call("verify", audit, "--key", key, "--anchor", tmp_path / "empty")[0] == 3


def test_every_command_takes_the_output_for_its_audit_folder(audit, call, tmp_path):
    """What is printed is the same; a folder with no log in it is said to be none, not shown as empty."""
    output, key = audit.parent, tmp_path / "keys" / "a.pem"
    commands = (
        ("show",),
        ("explain", f"{RECORD}.0"),
        ("prove", "run1-1#0"),
        ("export", "--as", "csv"),
        ("verify", "--key", key),
    )
    for name, *rest in commands:
        assert call(name, output, *rest) == call(name, audit, *rest), name
    call("anchor", output, "--to", tmp_path / "old")
    assert call("consistency", tmp_path / "old", output, "--key", key)[0] == 0
    assert call("report", output, "--out", tmp_path / "page.html", "--key", key)[0] == 1
    for name, *rest in commands[:-1]:
        with pytest.raises(AuditVerificationError, match="holds no log"):
            call(name, tmp_path / "keys", *rest)
    assert call("verify", tmp_path / "keys")[0] == 3


def test_anchors_go_to_several_places_and_are_read_from_each(audit, call, signer, tmp_path):
    """A file and a store, on the command line as in a recipe; the log is held against either."""
    key, store = tmp_path / "keys" / "a.pem", (tmp_path / "worm").as_uri()
    told = json.loads(call("anchor", audit, "--to", tmp_path / "anchors", "--to", store, "--json")[1])
    assert told == {"added": 4, "to": [str(tmp_path / "anchors"), store]}
    for place in (tmp_path / "anchors", store, tmp_path / "worm"):
        assert call("verify", audit, "--key", key, "--anchor", place)[0] == 0
        assert call("consistency", place, audit, "--key", key)[0] == 0
    with pytest.raises(RecipeError):
        call("anchor", audit, "--to", "gopher://host")


def test_verify_names_stream_position_and_range(audit, call, tmp_path):
    """What an officer needs to know of a defect is on the screen."""
    path = audit / "run1-1.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"released":1', b'"released":2'))
    code, text = call("verify", audit, "--key", tmp_path / "keys" / "a.pem")
    assert code == 2
    assert re.search(r"tampered: run1-1: .*\(events \d+ to \d+\)", text)


def test_explain_fits_a_screen_and_says_why(audit, call):
    """Decision, run, recipe, versions, policy, gate, every step with its receipt."""
    code, text = call("explain", audit, f"{RECORD}.0")
    assert code == 0
    assert len(text.splitlines()) <= 24
    for said in (
        "released",
        "run1",
        "notes",
        "spacy 3.8",
        "safe_harbor@12",
        "passed: ratio pass",
        "name 2",
        "run1-1#1",
    ):
        assert said in text, said
    story = json.loads(call("explain", audit, RECORD, "--json")[1])
    assert story["decision"] == "1 released, withheld (residual_phi)"
    assert all(step["sealed"] for step in story["steps"])
    assert story["found"]
    assert call("explain", audit, "r999")[0] == 1
    unknown = json.loads(call("explain", audit, "r999", "--json")[1])
    assert (unknown["found"], unknown["decision"]) == (False, None)


def test_a_proof_is_checked_with_the_key_alone(audit, call, tmp_path):
    """By place or by document; exit 2 where it does not hold; no key, no answer."""
    key, proof = tmp_path / "keys" / "a.pem", tmp_path / "proof.json"
    assert call("prove", audit, f"{RECORD}.0", "--out", proof)[0] == 0
    assert proof.stat().st_size < 2_048
    code, text = call("check", proof, "--key", key, "--json")
    assert (code, json.loads(text)["event"]["kind"]) == (0, "document_released")
    assert "2025-11-25 00:01:40 UTC" in call("check", proof, "--key", key)[1]
    proof.write_text(proof.read_text().replace("document_released", "document_withheld"))
    assert call("check", proof, "--key", key)[0] == 2
    assert '"index"' in call("prove", audit, "run1-1#0")[1]
    with pytest.raises(RecipeError):
        call("check", proof)


def test_consistency_compares_what_was_kept_with_what_is(audit, call, signer, tmp_path):
    """With the folder, from a proof alone, and where the log was rewritten."""
    key = tmp_path / "keys" / "a.pem"
    call("anchor", audit, "--out", tmp_path / "old")
    with AuditLog.open(audit, stream="run1-1", signer=signer, clock=lambda: 1) as log:
        log.append([RunFinished(read=2, released=1, withheld=1)])
    call("anchor", audit, "--out", tmp_path / "new")
    arguments = ("consistency", tmp_path / "old", audit, "--key", key)
    code, text = call(*arguments, "--out", tmp_path / "proof", "--json")
    assert (code, json.loads(text)["consistent"]) == (0, {"run1-1": True, "run1-1-w0": True})
    assert call("consistency", tmp_path / "old", tmp_path / "new", "--proof", tmp_path / "proof")[0] == 0
    assert call("consistency", tmp_path / "old", tmp_path / "new")[0] == 3
    assert call("consistency", tmp_path / "new", tmp_path / "old", "--log", audit)[0] == 2
    path = audit / "run1-1.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"notes"', b'"n0tes"'))
    (audit / "run1-1.tree").unlink()
    assert call(*arguments)[0] == 2


@pytest.mark.parametrize("form", ["fhir-auditevent", "ocsf", "openlineage", "csv"])
def test_export_writes_a_file_and_says_how_much(audit, call, tmp_path, form):
    """To a file with a count, or to stdout."""
    out = tmp_path / "log.out"
    told = json.loads(call("export", audit, "--as", form, "--out", out, "--json")[1])
    assert told["events"] == len(out.read_bytes().splitlines()) - (form == "csv") > 0


def test_review_signs_off_and_verify_knows_the_reviewer(audit, call, tmp_path):
    """By date or by position; a tampered log is not signed off."""
    key, own = tmp_path / "keys" / "a.pem", tmp_path / "keys" / "officer.pem"
    arguments = ("review", audit, "--sign", own, "--key", key, "--reason")
    told = json.loads(call(*arguments, "routine", "--from", "2025-11-25", "--to", "2025-11-25", "--json")[1])
    assert {row["stream"]: (row["start"], row["end"]) for row in told["reviewed"]} == {
        "run1-1": (0, 5),
        "run1-1-w0": (0, 3),
    }
    told = json.loads(call(*arguments, "incident", "--from", "run1-1#1", "--to", "run1-1#2", "--json")[1])
    assert [(row["start"], row["end"]) for row in told["reviewed"]] == [(1, 3)]
    call("anchor", audit, "--out", tmp_path / "anchors")
    assert call("verify", audit, "--key", key, "--key", own, "--anchor", tmp_path / "anchors")[0] in (0, 1)
    for since, until in (("2020-01-01", "2020-01-02"), ("yesterday", ""), ("run1-1#1", "run1-1-w0#2")):
        with pytest.raises(AuditError):
            call(*arguments, "routine", "--from", since, "--to", until)
    path = audit / "run1-1.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"notes"', b'"n0tes"'))
    with pytest.raises(AuditVerificationError, match="not signed off"):
        call(*arguments, "routine")


def test_report_is_written_whatever_the_verdict(audit, call, tmp_path):
    """The page and the exit code of verify."""
    page = tmp_path / "page.html"
    code, text = call("report", audit, "--out", page, "--key", tmp_path / "keys" / "a.pem", "--json")
    assert (code, json.loads(text)["documents"]) == (1, 2)
    assert f"{RECORD}" not in page.read_text()  # documents lie in the packed pages
    (audit / "run1-1.jsonl").write_bytes(b"")
    assert call("report", audit, "--out", page, "--key", tmp_path / "keys" / "a.pem")[0] == 2
    assert "TAMPERED" in page.read_text()


def test_show_prints_events_in_order(audit, call):
    """As words and as JSON."""
    assert call("show", audit, "--limit", 2)[1].count("\n") == 2
    kinds = [event["kind"] for event in json.loads(call("show", audit, "--id", f"{RECORD}.0", "--json")[1])]
    assert kinds == ["record_read", "document_deidentified", "document_released"]


def test_show_holds_limit_and_kind_also_for_one_id(audit, call):
    """And prints what is no or nought: a gate that did not pass, a run that released nothing."""
    assert call("show", audit, "--id", RECORD, "--limit", 1)[1].count("\n") == 1
    (line,) = call("show", audit, "--id", RECORD, "--kind", "document_released")[1].splitlines()
    assert "document_released" in line
    with pytest.raises(RecipeError, match=r"known are .*document_released"):
        call("show", audit, "--kind", "nosuch")
    with AuditLog.open(audit, stream="run2-1", signer=None, clock=lambda: 1) as log:
        log.append([GateDecided(passed=False), RunFinished(read=2, released=0, withheld=2)])
    shown = call("show", audit)[1]
    assert "passed=False" in shown
    assert "released=0" in shown


def test_a_release_anchors_a_log_only_under_a_key_that_was_given(
    audit, call, publish_release, scored_document, tmp_path
):
    """A folder that somebody signed with their own key vouches for nothing; a genuine one does, also when revoked."""
    key, own, foreign = (tmp_path / "keys" / name for name in ("a.pem", "release.pem", "foreign.pem"))
    release_key = load_or_create_signing_key(own, name="llmops-release")
    forged = publish_release(
        tmp_path / "out",
        [scored_document("r1.0", "Stable.")],
        load_or_create_signing_key(foreign, name="llmops-release"),
        audit=newest_anchors(audit),
    )
    assert call("verify", audit, "--key", key, "--key", own)[0] == 1
    assert call("verify", audit, "--key", key)[0] == 1
    assert call("verify", audit, "--key", key, "--key", foreign)[0] == 0
    shutil.rmtree(forged)
    genuine = publish_release(
        tmp_path / "out", [scored_document("r2.0", "Stable.")], release_key, audit=newest_anchors(audit)
    )
    revoke(genuine, release_key, RevocationReason.SUPERSEDED)
    assert call("verify", audit, "--key", key, "--key", own)[0] == 0
