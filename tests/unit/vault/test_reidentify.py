"""Re-identification: two key holders, one purpose, one subject, once, within a limit; and in the log first."""

import json
import stat

import pytest
from typer.testing import CliRunner

from llmops.audit.explain import events_in
from llmops.audit.log.writer import AuditLog
from llmops.cli.vault import app
from llmops.errors import AuditWriteError, LlmopsError, RecipeError
from llmops.keys import load_or_create_signing_key, load_verify_key
from llmops.operations import vault as vault_steps
from llmops.recipe import load_keys, load_recipe, open_vault, resolve
from llmops.vault import Custody, Purpose, RefusedError, Request, approve, check_approvals
from llmops.vault import custody as custody_of
from llmops.vault.custody import MOST_A_DAY

HOUR = 3_600_000
NOW = 1_800_000_000_000
REQUEST = Request(vault="ab", pseudonym="S-1", purpose=Purpose.TREATMENT)


@pytest.fixture
def holders(tmp_path):
    """Three people's keys; the first two stand in the recipe."""
    return [load_or_create_signing_key(tmp_path / f"holder{n}.pem") for n in range(3)]


@pytest.fixture
def listed(holders):
    """The public halves that the vault's policy lists."""
    return [key.public for key in holders[:2]]


def test_two_key_holders_give_leave(holders, listed):
    """By fingerprint, each file once."""
    files = [approve(REQUEST, key, now_ms=NOW) for key in holders[:2]]
    leave = check_approvals(REQUEST, files, listed, now_ms=NOW + HOUR)
    assert leave.approvers == tuple(sorted(key.public.fingerprint for key in holders[:2]))
    assert len(set(leave.marks)) == 2


@pytest.mark.parametrize(
    ("which", "says"),
    [
        ([0], "2 files"),
        ([0, 0], "2 different people"),
        ([0, 2], "does not list"),
        ([0, 1, 1], "2 files"),
        ([], "2 files"),
    ],
)
def test_one_person_twice_or_a_stranger_is_not_two(holders, listed, which, says):
    """Also where one signs two files."""
    files = [approve(REQUEST, holders[n], now_ms=NOW + at) for at, n in enumerate(which)]
    with pytest.raises(RecipeError, match=says):
        check_approvals(REQUEST, files, listed, now_ms=NOW + HOUR)


@pytest.mark.parametrize(
    "other",
    [
        Request(vault="cd", pseudonym="S-1", purpose=Purpose.TREATMENT),
        Request(vault="ab", pseudonym="S-2", purpose=Purpose.TREATMENT),
        Request(vault="ab", pseudonym="S-1", purpose=Purpose.REQUIRED_BY_LAW),
    ],
)
def test_an_approval_is_for_one_request(holders, listed, other):
    """Another vault, subject or purpose needs its own."""
    files = [approve(REQUEST, holders[0], now_ms=NOW), approve(other, holders[1], now_ms=NOW)]
    with pytest.raises(RecipeError, match="another vault, subject or purpose"):
        check_approvals(REQUEST, files, listed, now_ms=NOW + HOUR)


@pytest.mark.parametrize("at", [NOW - 1, NOW + 24 * HOUR])
def test_an_approval_has_its_time(holders, listed, at):
    """Not before it was given, not after its end, and never for more than three days."""
    files = [approve(REQUEST, key, now_ms=NOW) for key in holders[:2]]
    with pytest.raises(RecipeError, match="not valid at this time"):
        check_approvals(REQUEST, files, listed, now_ms=at)
    for hours in (0, 73):
        with pytest.raises(RecipeError, match="hours"):
            approve(REQUEST, holders[0], now_ms=NOW, hours=hours)


def test_an_edited_or_malformed_approval_is_refused(holders, listed):
    """Whatever the bytes; they are not shown."""
    good, other = (approve(REQUEST, key, now_ms=NOW) for key in holders[:2])
    bad = [
        good.replace(b"S-1", b"S-2"),
        good.replace(str(NOW + 24 * HOUR).encode(), str(NOW + 25 * HOUR).encode()),
        good + b"more",
        good[:-10],
        b"",
        b"{}\n\n\n",
        b"Quackenbush" * 1000,
        b"[" * 4000,
    ]
    for data in bad:
        with pytest.raises(RecipeError, match="approval") as refused:
            check_approvals(REQUEST, [data, other], listed, now_ms=NOW + HOUR)
        assert "Quackenbush" not in str(refused.value)


def test_a_policy_of_one_key_gives_no_leave(holders):
    """Nor of one key listed twice."""
    files = [approve(REQUEST, key, now_ms=NOW) for key in holders[:2]]
    with pytest.raises(RecipeError, match=r"vault\.approvers"):
        check_approvals(REQUEST, files, [holders[0].public] * 2, now_ms=NOW + HOUR)


@pytest.fixture
def recipe(tmp_path, holders, number, patient):
    """A recipe that lists two key holders, whose vault knows one patient under two numbers."""
    for n, key in enumerate(holders):
        (tmp_path / f"holder{n}.vkey").write_text(key.public.vkey)
    path = tmp_path / "recipe.yaml"
    path.write_text(
        "recipe: 1\nname: trial\ninput: {paths: [in]}\noutput: out\nraw_zone: raw\n"
        "vault: {approvers: [holder0.vkey, holder1.vkey]}\n"
    )
    loaded = load_recipe(path)
    with open_vault(resolve(loaded), load_keys(loaded), read_only=False) as vault:
        vault.register([patient(number("p1")), patient(number("p1"), number("p2"), family="Sorrel")])
    return path


def call(*arguments):
    done = CliRunner().invoke(app, list(map(str, arguments)))
    if isinstance(done.exception, LlmopsError):
        raise done.exception
    assert done.exit_code == 0, (done.output, done.exception)
    return json.loads(done.stdout)


@pytest.fixture
def asked(recipe, tmp_path):
    """The arguments of a request that two people have approved."""
    loaded = load_recipe(recipe)
    with custody_of(loaded.raw_zone / "vault.sqlite", load_keys(loaded).vault) as held:
        (pseudonym,) = held._names().values()
    vault = call("status", recipe, "--json")["vault"]
    files = []
    for n in range(2):
        files += ["--approval", tmp_path / f"approval{n}"]
        told = ("--vault", vault, "--purpose", "patient_safety", "--key", tmp_path / f"holder{n}.pem")
        call("approve", pseudonym, *told, "--out", tmp_path / f"approval{n}", "--json")
    return ("reidentify", recipe, pseudonym, "--purpose", "patient_safety", *files)


def test_a_subject_is_named_once_and_the_log_says_why_and_by_whom(asked, recipe, holders):
    """The log holds the pseudonym and the purpose, and no name; the same approvals do not serve again."""
    answer = call(*asked)
    assert {one["names"][0]["family"] for one in answer["identities"]} == {"Quackenbush", "Sorrel"}
    (event,) = [seen.entry.event for seen in events_in(recipe.parent / "out" / "audit")]
    assert (event.action, event.subject, event.reason) == ("reidentified", answer["subject"], "patient_safety")
    assert event.approvers == tuple(sorted(key.public.fingerprint for key in holders[:2]))
    for path in (recipe.parent / "out" / "audit").iterdir():
        assert b"Quackenbush" not in path.read_bytes()
    with pytest.raises(RefusedError, match="used before"):
        call(*asked)


def _refusing(_, events):
    """The disk is full once there is something to say; a log that is opened says nothing yet."""
    if events:
        raise AuditWriteError("disk")


def test_what_cannot_be_logged_is_not_answered(asked, monkeypatch):
    """And the approvals are spent: trying again until the disk is full helps nobody."""

    with monkeypatch.context() as patched:
        patched.setattr(AuditLog, "append", _refusing)
        with pytest.raises(AuditWriteError):
            call(*asked)
    with pytest.raises(RefusedError, match="used before"):
        call(*asked)


def test_so_many_a_day_and_no_more(recipe, holders, listed):
    """Counted in the vault, whatever output and log are named; the next day goes on."""
    loaded = load_recipe(recipe)
    with custody_of(loaded.raw_zone / "vault.sqlite", load_keys(loaded).vault) as held:
        (pseudonym,) = held._names().values()
        request = Request(vault=held.id, pseudonym=pseudonym, purpose=Purpose.TREATMENT)

        def once(at):
            files = [approve(request, key, now_ms=at) for key in holders[:2]]
            return held.reidentify(pseudonym, check_approvals(request, files, listed, now_ms=at), now_ms=at)

        assert all(once(NOW + n) for n in range(MOST_A_DAY))
        with pytest.raises(RefusedError, match="within a day"):
            once(NOW + HOUR)
        assert once(NOW + 25 * HOUR)


def _refused(recipe):
    return [
        (event.subject, event.reason)
        for event in (seen.entry.event for seen in events_in(recipe.parent / "out" / "audit"))
        if event.action == "refused"
    ]


def test_every_refusal_is_in_the_log_with_its_reason_and_without_what_was_typed(asked, recipe, tmp_path, holders):
    """No purpose, no approval, the wrong holder, another subject, a file that is none, and a name for a pseudonym."""
    command, path, pseudonym, _, _, _, first, _, second = asked
    request = Request(vault="ab", pseudonym=pseudonym, purpose=Purpose.PATIENT_SAFETY)
    (tmp_path / "stranger").write_bytes(approve(request, holders[2], now_ms=NOW))
    (tmp_path / "elsewhere").write_bytes(approve(request, holders[0], now_ms=NOW))
    (tmp_path / "none").write_bytes(b"Quackenbush")
    (tmp_path / "edited").write_bytes(first.read_bytes().replace(b"patient_safety", b"patient_sefety"))
    why = ("--purpose", "patient_safety")
    tries = {
        "no_purpose": (pseudonym, "--approval", first, "--approval", second),
        "not_two_approvals": (pseudonym, *why, "--approval", first, "--approval", first),
        "unlisted_key": (pseudonym, *why, "--approval", first, "--approval", tmp_path / "stranger"),
        "other_request": (pseudonym, *why, "--approval", tmp_path / "elsewhere", "--approval", second),
        "altered_approval": (pseudonym, *why, "--approval", tmp_path / "edited", "--approval", second),
        "malformed_approval": (pseudonym, *why, "--approval", tmp_path / "none", "--approval", tmp_path / "absent"),
    }
    for arguments in (*tries.values(), (pseudonym, "--purpose", "curiosity of Quackenbush"), ("Quackenbush", *why)):
        with pytest.raises(RefusedError) as refused:
            call(command, path, *arguments)
        assert "Quackenbush" not in str(refused.value)
    named = [(pseudonym, reason) for reason in tries]
    assert _refused(recipe) == [*named, (pseudonym, "no_purpose"), ("", "not_two_approvals")]
    for written in (recipe.parent / "out" / "audit").iterdir():
        assert b"Quackenbush" not in written.read_bytes()
    assert call(*asked)["identities"]


@pytest.mark.parametrize(("hours", "reason"), [(0, "used_before"), (1, "too_many_a_day"), (30, "not_valid_now")])
def test_what_is_used_up_too_often_or_late_is_logged_too(asked, recipe, monkeypatch, hours, reason):
    """The clock moves; the approvals stay."""
    call(*asked)
    now = vault_steps.now_ms()
    monkeypatch.setattr(vault_steps, "now_ms", lambda: now + hours * HOUR)
    if reason == "too_many_a_day":
        monkeypatch.setitem(Custody.reidentify.__globals__, "MOST_A_DAY", 1)
    with pytest.raises(RefusedError):
        call(*asked)
    assert [why for _, why in _refused(recipe)] == [reason]


def test_a_refusal_that_cannot_be_logged_ends_the_command(asked, monkeypatch):
    """As an answer would: nobody tries unseen."""

    monkeypatch.setattr(AuditLog, "append", _refusing)
    with pytest.raises(AuditWriteError):
        call(*asked[:3])


def test_a_key_holder_needs_no_other_tool(recipe, tmp_path):
    """The command's pair signs an approval, only its owner can read it, and nothing is written over."""
    private, public = tmp_path / "mine.pem", tmp_path / "mine.pub"
    said = call("approver-key", private, "--json")
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert load_verify_key(public, name="x").fingerprint == said["fingerprint"]
    assert b"PRIVATE" not in public.read_bytes()
    told = ("S-1", "--vault", "ab", "--purpose", "treatment", "--key", private, "--out", tmp_path / "approval")
    assert call("approve", *told, "--json")["action"] == "approved"
    before = private.read_bytes()
    for path in (private, public, tmp_path / "holder0.pem"):
        with pytest.raises(RecipeError, match="new file"):
            call("approver-key", path)
    assert private.read_bytes() == before
