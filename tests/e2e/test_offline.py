"""Nothing needs the network and nothing tries it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

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
    suite.write_text(
        "name: small\nversion: '1'\nprompts:\n  plain: \"{context}\\n{question}\"\n"
        "cases:\n  - id: nodule\n    question: How large is the nodule?\n    assertions: [{use: cites}]\n"
    )
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


def test_importing_the_package_loads_no_model_and_no_heavy_library():
    """The public names load on first use."""
    heavy = ("spacy", "presidio_analyzer", "pyarrow", "torch", "onnxruntime")
    code = f"import sys, llmops; print([name for name in {heavy} if name in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
