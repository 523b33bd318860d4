"""A process that opens raw data writes no core file and lets no process of its user look into its memory."""

import json
import subprocess
import sys

import pytest

# Asked when an input or the vault is opened: the kernel's own word on the process that opens it.
ASK = """
import ctypes, json, os, sys
seen = set()
def hook(event, arguments):
    if event not in ("open", "sqlite3.connect") or not isinstance(arguments[0], (str, bytes)):
        return
    path = os.fsdecode(arguments[0])
    what = "input" if "/in/" in path else "vault" if path.endswith("vault.sqlite") or "vault.sqlite?" in path else ""
    if not what or (what, os.getpid()) in seen:
        return
    seen.add((what, os.getpid()))
    with open("/proc/self/limits") as file:
        (limit,) = [line.split()[4:6] for line in file if line.startswith("Max core file size")]
    dumpable = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)  # PR_GET_DUMPABLE
    answer = {{"what": what, "process": os.getpid(), "core": limit, "dumpable": dumpable}}
    with open({mark!r}, "a") as file:
        file.write(json.dumps(answer) + "\\n")
sys.addaudithook(hook)
"""


@pytest.fixture
def asked(faults, tmp_path):
    """An environment in which every process answers, and what they answered."""
    mark = tmp_path / "answers.jsonl"
    env = faults(ASK.format(mark=str(mark)))

    def answers() -> list[dict]:
        found = [json.loads(line) for line in mark.read_text().splitlines()]
        mark.unlink()
        return found

    return env, answers


def _closed(answers: list[dict]) -> bool:
    return all(answer["core"] == ["0", "0"] and answer["dumpable"] == 0 for answer in answers)


def test_command_line_and_workers_cannot_be_dumped(cli, notes_recipe, asked):
    """The main process and both workers, before they open an input or the vault."""
    env, answers = asked
    recipe = notes_recipe(6)
    assert cli("run", recipe, env=env).returncode == 0
    ran = answers()
    assert len({answer["process"] for answer in ran if answer["what"] == "input"}) == 2
    assert len({answer["process"] for answer in ran if answer["what"] == "vault"}) == 3
    assert _closed(ran)
    assert cli("vault", "rotate", recipe, env=env).returncode == 0
    assert _closed(answers())


def test_detection_cannot_be_dumped(cli, tmp_path, asked):
    """`llmops deid` reads notes, too."""
    env, answers = asked
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.jsonl").write_text('{"id": 1, "text": "Seen by Dr. Amy Vossberg."}\n')
    assert cli("deid", "detect", tmp_path / "in" / "notes.jsonl", tmp_path / "found.jsonl", env=env).returncode == 0
    assert _closed(answers())


def test_library_run_cannot_be_dumped(cli, notes_recipe, asked):
    """From a program of somebody else's: documented, since it changes their process."""
    env, answers = asked
    code = f"import llmops; assert llmops.run({str(notes_recipe(6))!r}).status == 'finished'"
    subprocess.run([sys.executable, "-c", code], env=cli.environment(env), check=True, timeout=280)
    ran = answers()
    assert len({answer["process"] for answer in ran}) >= 3
    assert _closed(ran)


ASK_MYSELF = """
import ctypes, resource
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE)[0])
"""


def test_a_program_that_de_identifies_cannot_be_dumped_and_one_that_only_imports_can():
    """An import changes nothing of the program."""

    def ask(code: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", f"{code}\n{ASK_MYSELF}"], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    assert ask("import llmops; llmops.Deidentifier, llmops.run, llmops.stream") == ask("")
    assert ask("").startswith("1 ")
    assert ask("import llmops; llmops.Deidentifier()") == "0 0"


def test_nothing_is_read_where_the_system_refuses(cli, notes_recipe, faults, tmp_path):
    """Fails closed: exit 4, no output."""
    refuse = "import resource\ndef refuse(*_):\n    raise ValueError\nresource.setrlimit = refuse\n"
    done = cli("run", notes_recipe(2), env=faults(refuse))
    assert done.returncode == 4
    assert "core files" in done.stderr
    assert not (tmp_path / "out").exists()
