"""Nothing needs the network and nothing tries it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.traced import reached_out, traced, written

ROOT = Path(__file__).resolve().parents[2]

SUITE = (
    "name: small\nversion: '1'\nprompts:\n  plain: \"{context}\\n{question}\"\n"
    "cases:\n  - id: nodule\n    question: How large is the nodule?\n    assertions: [{use: cites}]\n"
)

WATCH = """
import socket, traceback
mark = {mark!r}
def tried(what):
    def stop(*arguments, **named):
        if what == "connect" and arguments[0].family == socket.AF_UNIX:
            return real_connect(*arguments, **named)
        with open(mark, "a") as file:
            file.write(what + "\\n" + "".join(traceback.format_stack()[-6:]))
        raise OSError("no network here")
    return stop
real_connect = socket.socket.connect
socket.socket.connect = tried("connect")
socket.socket.connect_ex = tried("connect_ex")
socket.socket.sendto = tried("sendto")
socket.getaddrinfo = tried("getaddrinfo")
socket.gethostbyname = tried("gethostbyname")
socket.create_connection = tried("create_connection")
"""


def test_no_part_of_a_run_tries_the_network(cli, notes_recipe, faults, tmp_path):
    """Run, search and evaluation with every way out of Python watched, in the workers too."""
    suite = tmp_path / "suite.yaml"
    suite.write_text(SUITE)
    recipe = notes_recipe(4, retrieval={"use": "hybrid"}, evaluation={"suite": str(suite)})
    mark = tmp_path / "tried.txt"
    done = cli("run", recipe, "--json", env=faults(WATCH.format(mark=str(mark))))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["evaluation"]["cases"] == 1
    assert not mark.exists(), mark.read_text()


def test_a_run_succeeds_in_a_network_namespace_of_its_own(notes_recipe, cli):
    """`unshare -n`: not even loopback is up."""
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-n", "true"], capture_output=True).returncode:
        pytest.skip("unshare -n is not permitted here")
    recipe = notes_recipe(4, retrieval={"use": "hybrid"})
    done = subprocess.run(
        [unshare, "-n", *cli.command("run", recipe)],
        env=cli.environment(None),
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr


SHARED_MEMORY = Path("/dev/shm/sem.")  # joblib tries a semaphore


@pytest.fixture
def watched(cli, tmp_path):
    """Runs Python under strace and says what it reached and what it wrote outside output, raw zone and temp."""
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "temp").mkdir()

    def run(*arguments: object, stdin: str = "", env: dict[str, str] | None = None):
        log = tmp_path / "strace.log"
        environment = {**cli.environment(env), "HOME": str(home), "TMPDIR": str(tmp_path / "temp")}
        command = [sys.executable, *map(str, arguments)]
        done = traced(command, log, env=environment, cwd=tmp_path, stdin=stdin)
        outside = written(log, tmp_path, [tmp_path / name for name in ("out", "raw", "temp")])
        return done, reached_out(log), [path for path in outside if not path.startswith(str(SHARED_MEMORY))]

    return run


CLI = ("-c", "from llmops.cli import main; main()")


def test_no_system_call_of_a_run_reaches_out_or_writes_elsewhere(watched, notes_recipe, tmp_path):
    """Run with search index and evaluation, workers and native libraries: ONNX Runtime has its own way out, which no
    patched Python sees, and wrote a device id into the home folder."""
    suite = tmp_path / "suite.yaml"
    suite.write_text(SUITE)
    recipe = notes_recipe(4, retrieval={"use": "hybrid"}, evaluation={"suite": str(suite)})
    done, reached, outside = watched(*CLI, "run", recipe)
    assert done.returncode == 0, done.stderr
    assert reached == []
    assert outside == []
    assert "strace: " not in done.stderr


def test_no_system_call_of_library_use_reaches_out_or_writes_elsewhere(watched):
    """`import llmops` is enough: nothing else has to be set."""
    code = "import llmops; print(llmops.Deidentifier().text('Seen by Dr. Amy Vossberg on 3/14/24.').text)"
    done, reached, outside = watched("-c", code)
    assert done.stdout == "Seen by Dr. [NAME] on [DATE 2024].\n", done.stderr
    assert (reached, outside) == ([], [])


PLANTED = """
import ctypes, os, sys
libc = ctypes.CDLL(None)
def look_up():
    # what getaddrinfo does first; then a datagram to a documentation address (RFC 5737), past Python's socket module
    open_socket = libc.socket(2, 2, 0)
    address = (2).to_bytes(2, sys.byteorder) + (53).to_bytes(2, "big") + bytes([192, 0, 2, 1]) + bytes(8)
    libc.{call}
    libc.close(open_socket)
{where}
"""


@pytest.mark.parametrize(
    "call",
    [
        "connect(open_socket, address, 16)",
        "sendto(open_socket, b'x', 1, 0, address, 16)",
        "gethostbyname(b'x.invalid')",
    ],
)
def test_the_watch_sees_native_code(watched, call):
    """A connection, a datagram and a name looked up by libc itself, in a child of the process watched."""
    code = PLANTED.format(call=call, where="child = os.fork()\nlook_up() if child == 0 else os.wait()")
    done, reached, _ = watched("-c", code)
    assert done.returncode == 0, done.stderr
    assert reached


@pytest.mark.parametrize(
    "change",
    [
        "libc.open(path, os.O_WRONLY | os.O_CREAT, 0o600)",
        "libc.mkdir(path, 0o700)",
        "os.close(os.open('made', os.O_CREAT, dir_fd=os.open(folder, os.O_RDONLY)))",
        "libc.symlink(b'/nowhere', path)",
        "libc.rename(b'temp/moved', path)",
    ],
)
def test_the_watch_sees_files_written_elsewhere(watched, tmp_path, change):
    """By name, or relative to an opened folder."""
    (tmp_path / "temp" / "moved").touch()
    code = f"import ctypes, os; libc = ctypes.CDLL(None); folder = {str(tmp_path / 'home')!r}\n"
    done, _, outside = watched("-c", code + f"path = os.fsencode(folder) + b'/made'; {change}")
    assert done.returncode == 0, done.stderr
    assert outside == [str(tmp_path / "home" / "made")]


@pytest.mark.parametrize("name", ["llmops", "training.__main__", "llmops.engines.worker", "llmops.cli"])
def test_onnx_runtime_is_told_to_report_nothing_before_it_can_be_imported(name):
    """Whatever part of the package comes first, and whatever the environment said."""
    code = f"import os, sys, {name}; print(os.environ['ORT_DISABLE_TELEMETRY'], 'onnxruntime' in sys.modules)"
    environment = {"ORT_DISABLE_TELEMETRY": "0", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1 False"


def test_who_imports_onnx_runtime_first_is_warned():
    """Nothing can be done about it by then."""
    code = "import sys; sys.modules['onnxruntime'] = None\nimport llmops"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert "import llmops first" in done.stderr


def test_importing_the_package_loads_no_model_and_no_heavy_library():
    """The public names load on first use."""
    heavy = ("spacy", "presidio_analyzer", "pyarrow", "torch", "onnxruntime")
    code = f"import sys, llmops; print([name for name in {heavy} if name in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
