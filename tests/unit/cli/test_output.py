"""How much is said, and how: whole lines where a program reads, 80 columns where people do, progress in between."""

import io
import json
import os
import pty
import re
import subprocess
import threading

import pytest
from rich.console import Console
from rich.progress import Progress
from typer.testing import CliRunner

from llmops.cli import progress as shown
from llmops.cli.app import app
from llmops.cli.output import console, errors

LONGEST = 10**8 - 1


@pytest.mark.parametrize(
    "command", [[], ["run"], ["check"], ["eval"], ["search"], ["release"], ["release", "list"], ["audit", "verify"],
                ["vault", "erase"], ["deid", "text"]],
)  # fmt: skip
def test_h_is_help_everywhere(command):
    """As people type it."""
    done = CliRunner().invoke(app, [*command, "-h"])
    assert done.exit_code == 0, done.output
    assert "Usage:" in done.output


@pytest.mark.parametrize("place", ["before", "behind"])
def test_quiet_says_nothing_but_problems_and_verbose_says_more(cli, notes_recipe, tmp_path, place):
    """Before the command or behind it; exit code and JSON are not touched."""
    recipe = notes_recipe(2)

    def run(option, *more):
        words = ["run", recipe, "--output", tmp_path / option.strip("-"), *more]
        return cli(*([option, *words] if place == "before" else [*words, option]))

    quiet, verbose = run("--quiet"), run("-v")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")
    assert "cost of each stage" in verbose.stdout
    assert "de-identify: done in" in verbose.stderr
    asked = cli("check", recipe, "-q", "--json")
    assert json.loads(asked.stdout)["recipe"] == "notes"
    (tmp_path / "in" / "empty.txt").write_text("")
    failed = cli("run", notes_recipe(0, gate={"max_withheld_ratio": 0.1}), "-q", "--output", tmp_path / "bad")
    assert failed.returncode == 1
    assert failed.stderr.startswith("llmops: more was withheld than")


def test_digests_stay_whole_where_they_are_piped_and_fold_on_a_terminal(cli, notes_recipe):
    """A program reads lines; a terminal of 80 columns shows no line that is longer."""
    recipe = notes_recipe(1)
    piped = cli("check", recipe, env={"COLUMNS": "80"}).stdout
    assert re.search(r"^  fingerprint +[0-9a-f]{64}$", piped, re.MULTILINE)
    assert not re.search(r" $", piped, re.MULTILINE)
    parent, child = pty.openpty()
    seen = io.BytesIO()

    def read():
        while True:
            try:
                seen.write(os.read(parent, 4096))
            except OSError:
                return

    reader = threading.Thread(target=read)
    reader.start()
    environment = cli.environment({"COLUMNS": "80", "TERM": "dumb"})
    subprocess.run(cli.command("check", recipe), env=environment, stdout=child, stderr=child, timeout=120, check=True)
    os.close(child)
    reader.join()
    os.close(parent)
    lines = seen.getvalue().decode().split("\r\n")
    assert any("fingerprint" in line for line in lines)
    assert max(map(len, lines)) <= 80


def test_the_longest_counters_fit_80_columns():
    """Bytes, records, rate and time left of a long run in one line."""
    for step in ("index", "de-identify", "search index"):
        out = io.StringIO()
        terminal = Console(file=out, width=80, force_terminal=True, color_system=None)
        with Progress(*shown.columns(), console=terminal, auto_refresh=False) as bars:
            task = bars.add_task(step, total=LONGEST)
            bars.update(task, completed=LONGEST - 1)
            bars._tasks[task].finished_speed = 12345.6
            bars.refresh()
        line = re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue()).strip())[-1]
        assert "/s" in line
        assert "\u2026" not in line
        assert len(line.rstrip()) <= 80


def test_without_a_terminal_a_line_tells_how_far_a_step_is(monkeypatch):
    """With what is done, the rate and the time left; nothing before a step begins or behind the last."""
    moments = iter([100.0, 110.0, 120.0])
    monkeypatch.setattr(shown.time, "monotonic", lambda: next(moments))
    said = []
    lines = shown.Lines(say=said.append, steps=False)
    lines.tell()
    lines.begin("de-identify", 4_000)
    lines.advance(1_000)
    lines.tell()
    lines.end()
    lines.tell()
    assert said == ["de-identify: 1,000 of 4,000  100.0/s, 30 s left"]


def test_the_line_comes_on_its_own(monkeypatch):
    """Every ten seconds, also while nothing advances; here every hundredth."""
    said = threading.Event()
    monkeypatch.setattr(shown, "EVERY_S", 0.01)
    monkeypatch.setattr(errors, "print", lambda *_: said.set())
    with shown.progress() as watcher:
        watcher.begin("gate", 5)
        assert said.wait(30)
    assert not console.quiet
