"""A run as a user starts it: resume, poison, interruption, faults, refusals; real files, real workers, real models."""

import json
import os
import shutil
import signal
import sqlite3
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from llmops.release import open_release


def summary(folder: Path) -> dict:
    return json.loads((folder / "out" / "summary.json").read_text())


def released(folder: Path) -> Path:
    (path,) = (folder / "out" / "release").glob("[0-9a-f]*")
    return path


def data_bytes(release: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(release)): p.read_bytes() for kind in ("data", "withheld") for p in (release / kind).iterdir()
    }


def everything_written(*roots: Path) -> bytes:
    return b"".join(path.read_bytes() for root in roots for path in sorted(root.rglob("*")) if path.is_file())


def test_a_run_releases_what_it_read_and_accounts_for_the_rest(cli, notes_recipe, tmp_path):
    """Read is released plus withheld, and the release opens."""
    recipe = notes_recipe(8)
    (tmp_path / "in" / "empty.txt").write_text("")
    done = cli("run", recipe, "--json")
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)["counts"]
    assert counts == {"records": 9, "read": 9, "released": counts["released"], "withheld": counts["withheld"]}
    assert counts["released"] + counts["withheld"] == 9
    assert counts["released"] >= 7
    assert json.loads(done.stdout)["withheld"]["by_reason"]["empty"] == 1
    assert len(open_release(released(tmp_path))) == counts["released"]


def test_a_killed_run_goes_on_and_gives_the_same_release(cli, notes_recipe, tmp_path):
    """kill -9 of everything half-way: only unfinished shards are redone, and not a byte of the data differs."""
    recipe = notes_recipe(12)
    undisturbed = cli("run", recipe, "--json")
    assert undisturbed.returncode == 0, undisturbed.stderr
    expected = data_bytes(released(tmp_path)), released(tmp_path).name
    shutil.rmtree(tmp_path / "out")
    shutil.rmtree(tmp_path / "raw" / "work")
    process = cli.start("run", recipe)
    shards = tmp_path / "raw" / "work"
    while not list(shards.glob("*/shards/*/done.json")) and process.poll() is None:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    kept = {path: path.stat().st_mtime_ns for path in shards.glob("*/shards/*/done.json")}
    again = cli("run", recipe, "--json")
    assert again.returncode == 0, again.stderr
    assert (data_bytes(released(tmp_path)), released(tmp_path).name) == expected
    assert json.loads(again.stdout)["shards"]["skipped"] >= len(kept) >= 1
    assert json.loads(again.stdout)["audit"]["exit_code"] == 0


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_drains_says_how_to_go_on_and_going_on_works(cli, notes_recipe, tmp_path, stop):
    """The first Ctrl-C, or SIGTERM of a container, finishes the shards in flight and releases nothing."""
    recipe = notes_recipe(24)
    process = cli.start("run", recipe)
    while not list((tmp_path / "raw").glob("work/*/shards/*/scored.parquet.tmp")) and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(stop)
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Run the same command again to go on" in stderr
    assert not (tmp_path / "out" / "release").exists()
    again = cli("run", recipe, "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["shards"]["skipped"] >= 1


def test_ctrl_c_behind_the_release_says_what_stands_and_what_is_missing(cli, notes_recipe, faults, tmp_path):
    """Summary and report come with the next start, which de-identifies nothing again."""
    recipe = notes_recipe(8, retrieval={"use": "bm25"})
    interrupt = """
import llmops.runner.orchestrate as orchestrate
def index_release(*arguments): raise KeyboardInterrupt
orchestrate.index_release = index_release
"""
    done = cli("run", recipe, env=faults(interrupt))
    assert done.returncode == 130
    assert f"release {released(tmp_path).name} stands" in done.stderr
    assert not (tmp_path / "out" / "summary.json").exists()
    again = cli("run", recipe, "--json")
    assert again.returncode == 0, again.stderr
    shards = json.loads(again.stdout)["shards"]
    assert shards["skipped"] == shards["planned"]
    assert released(tmp_path)


STOPS = """
import llmops.normalize.notes.reader as notes, os, re
real = notes.{function}
def {function}(record, config):
    if b"POISON PILL" in record.payload: {how}
    return real(record, config)
notes.{function} = {function}
"""
KILLS = "os.kill(os.getpid(), 9)"
HANGS = "re.match('(a+)+$', 'a' * 64 + 'b')"


@pytest.mark.parametrize(
    ("function", "how", "reason"),
    [
        ("identities", KILLS, "worker_died"),
        ("documents", KILLS, "worker_died"),
        ("documents", HANGS, "deadline_exceeded"),
    ],
)
def test_a_record_that_stops_its_worker_is_withheld_alone(cli, notes_recipe, faults, tmp_path, function, how, reason):
    """It kills its worker, or holds it in native code, in either pass; all others are released, and the log tells."""
    run = {"workers": 1, "shard_records": 6, "record_deadline_s": 15.0 if how is HANGS else 600.0}
    recipe = notes_recipe(8, run=run, deid={"ner": "none"})
    victim = sorted((tmp_path / "in").iterdir())[2]
    victim.write_text(victim.read_text() + "\nPOISON PILL\n")
    done = cli("run", recipe, "--json", env=faults(STOPS.format(function=function, how=how)))
    assert done.returncode == 1, done.stderr
    result = json.loads(done.stdout)
    assert result["run"]["status"] == "documents_failed"
    assert result["withheld"]["by_reason"] == {reason: 1}
    assert result["withheld"]["by_stage"] == {"run": 1}
    assert (result["counts"]["read"], result["counts"]["released"]) == (8, 7)
    log = cli("audit", "show", tmp_path / "out" / "audit", "--kind", "record_withheld", "--json").stdout
    assert log.count(reason) == 1


@pytest.mark.parametrize(
    "stage",
    [
        "llmops.normalize.notes.reader:documents",
        "llmops.deid.stage:PresidioDeidentifier.process",
        "llmops.quality.scorer:Scorer.process",
    ],
)
def test_a_failing_stage_releases_nothing_of_it_and_says_nothing_of_the_text(
    cli, notes_recipe, faults, tmp_path, stage
):
    """Exceptions that quote the patient appear nowhere: not on the terminal, not in what a run writes."""
    recipe = notes_recipe(4, run={"workers": 1})
    module, _, name = stage.partition(":")
    owner, _, attribute = name.rpartition(".")
    target = f"module.{owner}" if owner else "module"
    code = f"""
import importlib, logging
module = importlib.import_module({module!r})
def broken(*arguments):
    given = arguments[-1] if not hasattr(arguments[0], "payload") else arguments[0]
    text = repr(getattr(given, "payload", None) or [getattr(item, "text", "") for item in given])
    logging.getLogger("presidio-analyzer").warning("failed on %s", text)
    raise ValueError("cannot handle " + text + " Vossberg")
{target}.{attribute or name} = broken
"""
    done = cli("run", recipe, env=faults(code))
    assert done.returncode in (0, 1, 4), done.stderr
    if done.returncode == 4:  # every shard failed
        assert not (tmp_path / "out" / "release").exists()
    else:
        assert summary(tmp_path)["counts"]["released"] == 0
    seen = (done.stdout + done.stderr).encode() + everything_written(tmp_path / "out")
    for canary in (b"Vossberg", b"77310", b"Quillon"):
        assert canary not in seen


def test_nothing_of_a_patient_is_in_what_a_run_writes(cli, notes_recipe, tmp_path):
    """Names, numbers and file names of the input occur nowhere outside the raw zone, nor in clear inside the vault."""
    recipe = notes_recipe(6)
    done = cli("run", recipe)
    assert done.returncode == 0, done.stderr
    tables = b"".join(repr(pq.read_table(path).to_pylist()).encode() for path in (tmp_path / "out").rglob("*.parquet"))
    seen = (done.stdout + done.stderr).encode() + everything_written(tmp_path / "out") + tables
    vault = (tmp_path / "raw" / "vault.sqlite").read_bytes()
    for canary in (b"Vossberg", b"Quillona", b"77310", b"555-01", b"03/04/1951"):
        assert canary not in seen
        assert canary not in vault


def test_work_files_are_removed_after_the_release(cli, notes_recipe, tmp_path):
    """What has not passed the gate does not stay behind; the ledger does, which holds places and no text."""
    assert cli("run", notes_recipe(3)).returncode == 0
    assert not list((tmp_path / "raw" / "work").rglob("*.parquet"))
    left = [repr(pq.read_table(path).to_pylist()) for path in (tmp_path / "raw").rglob("*.parquet")]
    assert len(left) == 2
    assert "nodule" not in "".join(left)


def test_a_folder_that_is_not_this_runs_is_refused(cli, notes_recipe, tmp_path):
    """Never mix: foreign files, another input or another recipe are refused before a record is read."""
    recipe = notes_recipe(2)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "other.txt").write_text("mine")
    refused = cli("run", recipe)
    assert refused.returncode == 2
    assert "not empty" in refused.stderr
    (tmp_path / "out" / "other.txt").unlink()
    assert cli("run", recipe).returncode == 0
    notes_recipe(2, quality={"min_score": 0.1})
    changed = cli("run", recipe)
    assert changed.returncode == 2
    assert "another recipe, policy or code" in changed.stderr


def test_running_a_finished_recipe_again_gives_the_same_release(cli, notes_recipe, tmp_path):
    """The second run verifies what the first published and keeps it."""
    recipe = notes_recipe(3)
    assert cli("run", recipe).returncode == 0
    before = everything_written(released(tmp_path))
    again = cli("run", recipe)
    assert again.returncode == 0, again.stderr
    assert everything_written(released(tmp_path)) == before


def test_shards_whose_log_was_removed_are_done_again(cli, notes_recipe, tmp_path):
    """Every released document has its whole path in the log, also after its first output was removed."""
    recipe = notes_recipe(3, run={"keep_work": True})
    assert cli("run", recipe).returncode == 0
    shutil.rmtree(tmp_path / "out")
    again = json.loads(cli("run", recipe, "--json").stdout)
    assert again["shards"]["skipped"] == 0
    log = b"".join(path.read_bytes() for path in (tmp_path / "out" / "audit").glob("*.jsonl"))
    assert log.count(b"document_deidentified") == again["counts"]["released"]


def test_an_input_without_files_is_no_success(cli, notes_recipe, tmp_path):
    """A typo in a glob must not publish an empty release: exit 3; with the glob mended, the same command runs."""
    done = cli("run", notes_recipe(1, input={"paths": ["in"], "source": {"include": ["*.nothing"]}}))
    assert done.returncode == 3
    assert "no file to read" in done.stderr
    assert not (tmp_path / "out" / "release").exists()
    assert cli("run", notes_recipe(1)).returncode == 0


def test_workers_that_cannot_start_publish_nothing(cli, notes_recipe, faults, tmp_path):
    """An empty release of a broken installation would look like a bad input: exit 4; mended, the same command runs."""
    recipe = notes_recipe(2)
    death = """
import os, sys
if "llmops.engines.worker" in " ".join(sys.orig_argv): os._exit(3)
"""
    done = cli("run", recipe, env=faults(death))
    assert done.returncode == 4
    assert "worker_died" in done.stderr
    assert not list((tmp_path / "out").glob("release/[0-9a-f]*"))
    assert cli("run", recipe).returncode == 0


def test_an_evaluation_with_a_case_that_fails_exits_1(cli, notes_recipe, tmp_path):
    """A release that does not answer what it is for is not taken for a good one."""
    suite = {
        "name": "ward",
        "version": "1",
        "prompts": {"plain": "{context} {question}"},
        "defaults": {"assertions": [{"use": "contains", "any_of": ["zebra"]}]},
        "cases": [{"id": "one", "question": "How large is the nodule?"}],
    }
    (tmp_path / "suite.yaml").write_text(json.dumps(suite))
    done = cli("run", notes_recipe(2, retrieval={"use": "bm25"}, evaluation={"suite": "suite.yaml"}), "--json")
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    assert (told["run"]["status"], told["run"]["why"]) == ("evaluation_failed", "1 evaluation cases did not pass")
    assert told["evaluation"]["results"][0]["failed"] == ["contains"]


def test_a_model_that_cannot_be_reached_leaves_the_release_and_exits_8(cli, notes_recipe, faults, tmp_path):
    """One error with its cause; when the model is there again, the same command evaluates."""
    suite = {
        "name": "ward",
        "version": "1",
        "prompts": {"plain": "{context} {question}"},
        "defaults": {"assertions": [{"use": "contains", "any_of": ["nodule"]}]},
        "cases": [{"id": f"case-{n}", "question": "How large is the nodule?"} for n in range(3)],
    }
    (tmp_path / "suite.yaml").write_text(json.dumps(suite))
    recipe = notes_recipe(2, retrieval={"use": "bm25"}, evaluation={"suite": "suite.yaml", "model": "outside:small"})
    model = """
import time
time.sleep = lambda _: None
import llmops.evaluation.models as models
from langchain_core.language_models import FakeListChatModel
class Outside(FakeListChatModel):
    def _call(self, *args, **kwargs):
        {answer}
models.chat_model = lambda name="": Outside(responses=["x"])
"""
    done = cli("run", recipe, env=faults(model.format(answer="raise ConnectionRefusedError(111, 'Vossberg')")))
    assert done.returncode == 8, done.stderr
    assert "cannot be reached (ConnectionRefusedError, connection refused), tried 4 times" in done.stderr
    told = summary(tmp_path)
    assert (told["run"]["status"], told["evaluation"]) == ("model_unreachable", None)
    assert "Vossberg" not in done.stdout + done.stderr + json.dumps(told)
    assert len(open_release(tmp_path / "out" / "release" / "latest")) == 2
    again = cli("run", recipe, "--json", env=faults(model.format(answer="return 'a nodule'")))
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["evaluation"]["passed"] == 3


def test_a_log_changed_behind_the_release_exits_5(cli, notes_recipe, faults, tmp_path):
    """The last look of a run at its own log counts: the report says so, and so does the exit code."""
    code = """
import llmops.runner.orchestrate as orchestrate
real = orchestrate.open_release
def opened(path, keys):
    for stream in path.parents[1].joinpath("audit").glob("*-w0.jsonl"):
        stream.chmod(0o644)
        stream.write_bytes(stream.read_bytes().replace(b"safe_harbor", b"safe_harbox"))
    return real(path, keys)
orchestrate.open_release = opened
"""
    done = cli("run", notes_recipe(2, run={"workers": 1}), env=faults(code))
    assert done.returncode == 5, done.stderr
    assert summary(tmp_path)["run"]["status"] == "audit_failed"
    assert summary(tmp_path)["audit"]["status"] == "tampered"


def test_two_runs_into_one_folder_are_refused(cli, notes_recipe, tmp_path):
    """The second says that the first is still at work."""
    recipe = notes_recipe(24)
    first = cli.start("run", recipe)
    while not (tmp_path / "raw" / "vault.sqlite").exists() and first.poll() is None:
        time.sleep(0.01)
    second = cli("run", recipe)
    first.communicate(timeout=120)
    assert (first.returncode, second.returncode) == (0, 2)
    assert "another process" in second.stderr


def test_a_record_limit_reads_the_first_records_only(cli, notes_recipe, tmp_path):
    """For a trial run; what is read is accounted for."""
    done = cli("run", notes_recipe(9), "--limit", 4, "--json")
    assert json.loads(done.stdout)["counts"]["records"] == 4


def test_too_much_withheld_exits_1(cli, notes_recipe, tmp_path):
    """A run beyond its limit never looks like success."""
    recipe = notes_recipe(2, gate={"max_withheld_ratio": 0.2})
    for n in range(3):
        (tmp_path / "in" / f"empty{n}.txt").write_text(" ")
    done = cli("run", recipe, "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["run"]["status"] == "limit_exceeded"


def test_a_run_that_would_release_nothing_publishes_nothing_and_says_why(cli, notes_recipe, tmp_path):
    """Exit 1 whatever the limit says; terminal, summary and page name the reason that all share, and what to do."""
    recipe = notes_recipe(0, gate={"max_withheld_ratio": 1.0})
    for n in range(3):
        (tmp_path / "in" / f"dictation{n}.txt").write_text(f"IMPRESSION:\nStable {n} mm nodule, follow-up in a year.\n")
    done = cli("run", recipe)
    assert done.returncode == 1, done.stderr
    said = "3 of 3 withheld are no_subject; notes without a patient run with recipes/unlinked-notes.yaml"
    assert said in done.stderr
    assert not list((tmp_path / "out").glob("release/[0-9a-f]*"))
    told = summary(tmp_path)
    assert (told["run"]["status"], told["release"], told["counts"]["withheld"]) == ("nothing_released", None, 3)
    assert said in told["run"]["why"]
    page = (tmp_path / "out" / "report.html").read_text()
    assert "nothing released" in page
    assert said in page
    assert "finished" not in page
    audit = cli("audit", "verify", tmp_path / "out", "--key", tmp_path / "raw" / "keys" / "audit-signing.pem", "--json")
    assert json.loads(audit.stdout)["status"] != "tampered"


def test_a_document_that_a_stage_failed_on_is_no_success(cli, notes_recipe, faults, tmp_path):
    """One is withheld and the rest released, but the run exits 1 and the release's own page says so too."""
    recipe = notes_recipe(4, run={"workers": 1})
    victim = sorted((tmp_path / "in").iterdir())[1]
    victim.write_text(victim.read_text() + "\nPOISON PILL\n")
    fault = """
import llmops.quality.scorer as scorer
real = scorer.assess
def broken(document, *rest):
    if "POISON PILL" in document.text: raise ValueError("Vossberg")
    return real(document, *rest)
scorer.assess = broken
"""
    done = cli("run", recipe, "--json", env=faults(fault))
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    assert (told["run"]["status"], told["counts"]["released"]) == ("documents_failed", 3)
    assert "1 quality_failed" in told["run"]["why"]
    assert "Vossberg" not in done.stdout + done.stderr
    assert "documents failed" in (released(tmp_path) / "report.html").read_text()


def test_a_full_audit_disk_stops_the_run_before_anything_is_released(cli, notes_recipe, faults, tmp_path):
    """No durable log, no release: exit 5."""
    code = """
import llmops.audit.log.disk as disk
from llmops.errors import AuditWriteError
real, calls = disk.append, []
def append(descriptor, data):
    calls.append(1)
    if len(calls) > 3: raise AuditWriteError("audit: no space left on device")
    return real(descriptor, data)
disk.append = append
"""
    done = cli("run", notes_recipe(6), env=faults(code))
    assert done.returncode == 5
    assert not list((tmp_path / "out").glob("release/[0-9a-f]*"))


def test_the_vault_is_readable_with_its_key_alone(cli, notes_recipe, tmp_path):
    """Every value in the file is sealed; the tables hold tokens and ciphertext."""
    assert cli("run", notes_recipe(2)).returncode == 0
    rows = sqlite3.connect(tmp_path / "raw" / "vault.sqlite").execute("SELECT sealed FROM identity").fetchall()
    assert rows
    assert all(isinstance(value, bytes) and len(value) > 28 for (value,) in rows)


def test_a_log_rolled_back_with_its_checkpoints_is_noticed_by_the_next_run(cli, notes_recipe, tmp_path):
    """The raw zone keeps what the log was; a run over a log that no longer extends it publishes nothing."""
    recipe = notes_recipe(2)
    assert cli("run", recipe).returncode == 0
    shutil.copytree(tmp_path / "out" / "audit", tmp_path / "earlier")
    again = cli("run", recipe, "--json")
    assert json.loads(again.stdout)["audit"]["status"] == "intact"
    shutil.rmtree(tmp_path / "out" / "audit")
    shutil.copytree(tmp_path / "earlier", tmp_path / "out" / "audit")
    refused = cli("run", recipe)
    assert refused.returncode == 5
    assert "does not verify; nothing is published" in refused.stderr
