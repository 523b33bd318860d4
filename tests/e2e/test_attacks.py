"""Who may write the output plants links, pipes, forged events and junk there; a run and `audit verify` meet them."""

import json
import os
import stat

import pytest

from llmops import open_release
from llmops.audit import layout
from llmops.audit.explain import events_in
from llmops.release.schema import text_digest
from tests.attacks.output import FOLDERS, NAMES, READERS


@pytest.fixture
def ran(cli, notes_recipe, tmp_path):
    """A run over three notes; gives the command that goes on with it, the output, and a key of the raw zone."""
    recipe = notes_recipe(3, run={"workers": 1})
    assert cli("run", recipe).returncode == 0
    return recipe, tmp_path / "out", tmp_path / "raw" / "keys" / "release-signing.pem"


def plain_files(folder):
    """Every plain file below a folder that has one name; no link is followed."""
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        if stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
            yield path


def test_what_is_planted_in_the_output_costs_itself_alone(cli, ran):
    """The run succeeds and names what it refused; nothing of the raw zone is copied out or written to."""
    recipe, output, secret = ran
    before = secret.read_bytes(), stat.S_IMODE(secret.stat().st_mode)
    for attack in (*READERS, *NAMES):
        attack.plant(output, secret)
    done = cli("run", recipe)
    assert done.returncode == 0, done.stderr
    refused = {attack.stream for attack in READERS if attack.stream}
    assert {stream for stream in refused if f"audit stream {stream} is refused" not in done.stderr} == set()
    assert (secret.read_bytes(), stat.S_IMODE(secret.stat().st_mode)) == before
    assert [path for path in plain_files(output) if b"PRIVATE KEY" in path.read_bytes()] == []
    assert list(output.rglob("*.torn-*")) == [output / "audit" / "reader-link.torn-1"]
    assert not (output / "summary.json").is_symlink()
    assert (output / "report.html").stat().st_nlink == 1
    assert json.loads((output / "summary.json").read_bytes())["audit"]["refused"] == sorted(refused)

    keys = ("--key", secret.with_name("audit-signing.pem"), "--key", secret)
    verdict = cli("audit", "verify", output, *keys, "--json")
    assert verdict.returncode == 2
    said = json.loads(verdict.stdout)
    assert {one["stream"] for one in said["findings"] if one["status"] == "tampered"} == refused - {"reader-zero"}
    assert {one["stream"]: one["sealed"] for one in said["streams"] if one["stream"] in refused} == dict.fromkeys(
        refused, 0
    )
    for stream in refused:
        for path in layout.beginning(output / "audit", f"{stream}."):
            path.unlink()
    (anchors,) = secret.parents[1].glob("work/*/anchors")
    intact = cli("audit", "verify", output, *keys, "--anchor", anchors)
    assert intact.returncode == 0, intact.stdout


@pytest.mark.parametrize("attack", FOLDERS, ids=lambda attack: attack.name)
def test_a_folder_of_the_output_that_is_a_link_stops_the_run(cli, ran, attack):
    """Nothing is written to where it leads."""
    recipe, output, secret = ran
    there = sorted(secret.parent.iterdir())
    attack.plant(output, secret)
    done = cli("run", recipe)
    assert done.returncode in (5, 6), done.stderr
    assert sorted(secret.parent.iterdir()) == there


def test_the_log_binds_the_text_of_what_it_released(cli, ran, tmp_path):
    """A release whose log says another text, sealed as it is, verifies neither by itself nor by the log."""
    _, output, secret = ran
    (path,) = (output / "release").glob("[0-9a-f]*")
    released = {document.document_id: text_digest(document.text) for document in open_release(path).documents()}
    told = [seen.entry.event for seen in events_in(output / "audit", kinds=("document_released",))]
    assert {event.document_id: event.content for event in told} == released
    keys = ("--key", secret.with_name("audit-signing.pem"), "--key", secret)
    assert cli("release", "verify", path, "--key", secret).returncode == 0
    assert cli("audit", "verify", output, *keys, "--artifacts").returncode == 0
    (main,) = layout.main_streams(output / "audit")
    log = output / "audit" / f"{main}.jsonl"
    digest = next(iter(released.values()))
    log.write_bytes(log.read_bytes().replace(digest.encode(), b"0" * 64))
    assert cli("release", "verify", path, "--key", secret).returncode == 6
    verdict = cli("audit", "verify", output, *keys, "--artifacts")
    assert (verdict.returncode, "of its documents are not those that the log released" in verdict.stdout) == (2, True)


def test_a_stream_that_no_start_of_the_run_wrote_is_not_sealed_as_the_run_s(cli, ran):
    """The name alone is anybody's; what was torn off the run's own goes to the raw zone."""
    from tests.attacks.output import RELEASED, forged

    recipe, output, secret = ran
    (main,) = layout.main_streams(output / "audit")
    forged(f"{main}-w9", RELEASED)(output, secret)
    with (output / "audit" / f"{main}.jsonl").open("ab") as file:
        file.write(b'{"torn":')
    done = cli("run", recipe)
    assert done.returncode == 0, done.stderr
    assert f"audit stream {main}-w9 is refused" in done.stderr
    assert not (output / "audit" / f"{main}-w9.checkpoints").exists()
    assert not list(output.rglob("*.torn-*"))
    assert [path.read_bytes() for path in (secret.parents[1] / "torn").iterdir()] == [b'{"torn":']


def test_the_raw_zone_is_closed_and_the_output_not_everybody_s_whatever_the_umask(cli, notes_recipe, tmp_path):
    """Also where the output was open to everybody before."""
    recipe = notes_recipe(2, run={"workers": 1, "keep_work": True}, retrieval={"use": "bm25"})
    (tmp_path / "out").mkdir()
    (tmp_path / "out").chmod(0o777)
    before = os.umask(0)
    try:
        assert cli("run", recipe).returncode == 0
    finally:
        os.umask(before)
    modes = {path: stat.S_IMODE(path.lstat().st_mode) for path in (tmp_path / "out", *tmp_path.rglob("*"))}
    raw = {
        path: oct(mode) for path, mode in modes.items() if "raw" in path.relative_to(tmp_path).parts and mode & 0o077
    }
    assert raw == {}
    out = {
        path: oct(mode) for path, mode in modes.items() if "out" in path.relative_to(tmp_path).parts and mode & 0o002
    }
    assert out == {}
