"""``llmops release``: what is shown, compared and taken back, and what is logged of it."""

import hashlib
import json
import shutil
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from llmops.audit import AuditLog
from llmops.audit.events import ReleasePublished, ReleaseRevoked
from llmops.audit.explain import events_in
from llmops.cli.audit import app as audit_app
from llmops.cli.release import app
from llmops.errors import AuditWriteError, RecipeError, ReleaseError
from llmops.keys import SigningKey, load_verify_key
from llmops.release import RevocationReason, open_release, revocation_writer, revoke

CANARY = "HISTORY"


@pytest.fixture
def key(tmp_path, signer: SigningKey):
    """The file of the key that signed."""
    return tmp_path / "keys" / "release.pem"


@pytest.fixture
def call(monkeypatch):
    """Run a command in this process; JSON where it gave any."""
    monkeypatch.delenv("LLMOPS_TRUSTED_KEYS", raising=False)

    def _call(*arguments, json_out=True):
        words = [*map(str, arguments), *(["--json"] if json_out else [])]
        done = CliRunner().invoke(app, words, catch_exceptions=True)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == 0, done.output
        assert CANARY not in done.output
        return json.loads(done.stdout) if json_out else done.stdout

    return _call


def test_show_gives_what_was_signed(call, release_path, key):
    """Id, policy, counts, and whether the key is one that was asked for."""
    facts = call("show", release_path, "--key", key)
    assert (facts["release"], facts["status"], facts["documents"]) == (release_path.name, "signed", 5)
    assert facts["key_pinned"]
    assert facts["manifest"]["content"]["policy_id"].startswith("safe_harbor@")
    shown = call("show", release_path, json_out=False)
    assert "safe_harbor@0123456789ab" in shown
    assert "passed" in shown
    assert (facts["rule"], facts["section"]) == ("safe_harbor", "45 CFR 164.514(b)(2)")
    assert "45 CFR 164.514(b)(2)" in shown
    assert "`safe_harbor`\n(45 CFR 164.514(b)(2))" in (release_path / "README.md").read_text()


def test_a_manifest_from_before_rules_were_stated_is_read(call, publish):
    """It is signed as it is, and empty fields are not made up."""
    older = publish(rule="", section="")
    assert b'"rule"' not in (older / "manifest.json").read_bytes()
    assert call("show", older)["rule"] == ""
    assert call("verify", older)["verified"]


def test_show_refuses_what_is_not_signed(call, release_path):
    """Exit 6, saying what does not verify."""
    (release_path / "manifest.sig").chmod(0o644)
    (release_path / "manifest.sig").write_bytes(b"{}")
    with pytest.raises(ReleaseError, match="signature"):
        call("show", release_path)


def test_list_tells_signed_revoked_and_broken_apart(call, publish, make_document, signer, tmp_path):
    """Revocations and leftovers are no releases; nothing of a broken one is believed."""
    good, bad, gone = (publish([make_document(number)]) for number in (1, 2, 3))
    revoke(gone, signer, RevocationReason.PHI_FOUND)
    (bad / "manifest.json").chmod(0o644)
    (bad / "manifest.json").write_bytes(b"{}")
    (good.parent / ".tmp-left").mkdir()
    for folder in (tmp_path / "out", tmp_path / "out" / "release"):
        rows = {row["release"]: row for row in call("list", folder)}
        assert {name: row["status"] for name, row in rows.items()} == {
            good.name: "signed",
            bad.name: "broken",
            gone.name: "revoked",
        }
        assert rows[gone.name]["reason"] == "phi_found"
        assert rows[bad.name]["problem"]
        assert not rows[bad.name]["policy"]
    assert "revoked (phi_found)" in call("list", tmp_path / "out", json_out=False)
    with pytest.raises(ReleaseError):
        call("list", tmp_path / "nothing")


def test_diff_names_documents_and_rules_but_no_text(call, publish, make_document):
    """Added, removed, changed by text digest, and each policy or count that differs."""
    before = publish([make_document(n) for n in (0, 1, 2)])
    other = replace(make_document(1), text="HISTORY: something else entirely......................")
    after = publish(
        [make_document(0), other, make_document(4)],
        output="later",
        policy_id="safe_harbor@ffffffffffff",
        counts=(("read", 9), ("released", 5), ("withheld", 4)),
    )
    found = call("diff", before, after)
    assert (found["added"], found["removed"], found["changed"]) == (["r0004.0"], ["r0002.0"], ["r0001.0"])
    assert (found["same"], found["same_content"]) == (1, False)
    assert found["rules"] == [["policy_id", "safe_harbor@0123456789ab", "safe_harbor@ffffffffffff"]]
    assert ["read", 6, 9] in found["counts"]
    assert "changed: r0001.0" in call("diff", before, after, json_out=False)
    same = call("diff", before, before)
    assert same["same_content"]
    assert same["same"] == 3


def test_diff_pairs_the_versions_of_a_record(call, publish, make_document):
    """An edit under one key is a change; of a record with more versions, what cannot be paired is new or gone."""

    def version(number, name):
        return replace(make_document(number), document_id=f"r{number:04d}.{name}", record_id=f"r{number:04d}")

    before = publish([version(0, "a"), version(1, "a"), version(1, "b"), version(2, "a")])
    after = publish(
        [version(0, "b"), version(1, "b"), version(1, "c"), version(1, "d"), version(3, "a")], output="later"
    )
    found = call("diff", before, after)
    assert found["changed"] == ["r0000.b", "r0001.c"]
    assert (found["added"], found["removed"], found["same"]) == (["r0001.d", "r0003.a"], ["r0002.a"], 1)


def test_revoke_closes_the_release_and_is_in_the_log(call, release_path, key):
    """One event with the release and the reason, beside the release."""
    said = call("revoke", release_path, "--key", key, "--reason", "policy_error")
    assert said == {"release": release_path.name, "action": "revoked", "reason": "policy_error"}
    with pytest.raises(ReleaseError, match="policy_error"):
        open_release(release_path)
    (seen,) = events_in(release_path.parents[1] / "audit")
    assert (seen.entry.event.kind, seen.entry.event.release_id) == ("release_revoked", release_path.name)
    assert (seen.entry.event.reason, seen.entry.event.document_id) == ("policy_error", "")
    assert call("show", release_path)["status"] == "revoked"


def test_tombstone_takes_back_single_documents(call, release_path, key, tmp_path):
    """One event a document, in the folder that was named."""
    said = call("tombstone", release_path, "r0003.0", "r0001.0", "r0003.0", "--key", key, "--audit", tmp_path / "log")
    assert (said["documents"], said["reason"]) == (2, "erasure_request")
    assert len(open_release(release_path)) == 3
    events = [seen.entry.event for seen in events_in(tmp_path / "log")]
    assert [event.document_id for event in events] == ["r0001.0", "r0003.0"]
    assert call("show", release_path)["tombstoned"] == ["r0001.0", "r0003.0"]
    assert call("verify", release_path)["documents"] == 3


@pytest.mark.parametrize("words", [("tombstone", "r0001.0"), ("revoke", "--reason", "phi_found")])
def test_a_revocation_that_was_removed_is_found_by_the_log(call, release_path, key, words):
    """Readers serve the release again; ``audit verify --artifacts`` tells, with no key of the release at hand."""
    audit = release_path.parents[1] / "audit"
    manifest = hashlib.sha256((release_path / "manifest.json").read_bytes()).hexdigest()
    with AuditLog.open(audit, stream="run", signer=None, clock=lambda: 1) as log:
        log.append([ReleasePublished(release_id=release_path.name, manifest=manifest, documents=5)])
    command, *rest = words
    call(command, release_path, *rest, "--key", key)

    def told():
        done = CliRunner().invoke(audit_app, ["verify", str(audit), "--artifacts", "--json"])
        found = json.loads(done.stdout)["findings"]
        return [finding["status"] for finding in found if f"release {release_path.name}" in finding["what"]]

    assert told() == []
    shutil.rmtree(release_path.parent / "revocations")
    assert len(open_release(release_path)) == 5
    assert told() == ["tampered"]
    call(command, release_path, *rest, "--key", key)
    assert told() == []


@pytest.mark.parametrize("words", [("tombstone", "r0001.0"), ("revoke", "--reason", "phi_found")])
def test_what_is_taken_back_leaves_no_search_index(call, release_path, key, words):
    """It holds the words of the documents; that of another release stays."""
    index = release_path.parents[1] / "index"
    for name in (release_path.name, "0123456789abcdef"):
        (index / name).mkdir(parents=True)
    command, *rest = words
    call(command, release_path, *rest, "--key", key)
    assert [left.name for left in index.iterdir()] == ["0123456789abcdef"]


def test_only_the_key_of_the_release_and_a_listed_reason_will_do(call, release_path, key, stranger, tmp_path):
    """Another key, a public key or free text: refused before anything is written or logged."""
    with pytest.raises(ReleaseError, match="only with the key"):
        call("revoke", release_path, "--key", tmp_path / "stranger" / "release.pem", "--reason", "phi_found")
    public = tmp_path / "public.key"
    public.write_text(load_verify_key(key, name="llmops-release").vkey)
    public.chmod(0o600)
    with pytest.raises(RecipeError, match="private key"):
        call("revoke", release_path, "--key", public, "--reason", "phi_found")
    done = CliRunner().invoke(app, ["revoke", str(release_path), "--key", str(key), "--reason", "Jane Roe asked"])
    assert done.exit_code == 2
    with pytest.raises(ReleaseError, match="of no document"):
        call("tombstone", release_path, "r0009.0", "--key", key)
    assert not (release_path.parent / "revocations").exists()
    open_release(release_path)


def test_a_damaged_release_can_be_revoked(call, release_path, key):
    """Its manifest is enough."""
    (release_path / "data/part-00000.parquet").unlink()
    call("revoke", release_path, "--key", key, "--reason", "source_error")
    assert call("show", release_path)["reason"] == "source_error"


@pytest.mark.parametrize("words", [("tombstone", "r0001.0", "r0002.0"), ("revoke", "--reason", "phi_found")])
@pytest.mark.parametrize("broken", ["log", "signature"])
def test_what_is_taken_back_is_ended_by_doing_it_again(call, release_path, key, words, broken, monkeypatch):
    """The index goes first; nothing is signed that is not in the log; a third time changes nothing."""
    index = release_path.parents[1] / "index" / release_path.name
    index.mkdir(parents=True)
    command, *rest = words
    append = AuditLog.append

    def full(*given):
        if broken == "log" and not any(isinstance(event, ReleaseRevoked) for event in given[1]):
            return append(*given)
        raise AuditWriteError("audit: cannot append (No space left on device)")

    with monkeypatch.context() as patched:
        patched.setattr(*((AuditLog, "append") if broken == "log" else (revocation_writer, "_publish")), full)
        with pytest.raises(AuditWriteError):
            call(command, release_path, *rest, "--key", key)
    assert not index.exists()
    assert len(open_release(release_path)) == 5
    for _ in range(2):
        call(command, release_path, *rest, "--key", key)
    events = [seen.entry.event for seen in events_in(release_path.parents[1] / "audit")]
    assert {event.document_id for event in events} == ({"r0001.0", "r0002.0"} if command == "tombstone" else {""})
    facts = call("show", release_path)
    assert facts["status"] == "revoked" if command == "revoke" else facts["tombstoned"] == ["r0001.0", "r0002.0"]
