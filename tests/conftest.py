"""What several test packages share: corpora, small recipes, the command line as a user starts it, injected faults."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import llmops  # noqa: F401 - first of all: it keeps ONNX Runtime from reporting to its vendor

ROOT = Path(__file__).resolve().parents[1]
QUICKSTART = ROOT / "recipes" / "data" / "quickstart"
NOTE = """RADIOLOGY REPORT
MRN: {mrn}
Patient: {name}
DOB: 03/04/1951
Date: 02/1{n}/2024

FINDINGS:
The heart is enlarged. There is a {n} mm nodule in the right upper lobe, stable since the last study, and a small left
effusion. {name} was called at (555) 555-01{n}{n}.

IMPRESSION:
Stable {n} mm nodule. Follow-up CT in {n} months.
"""


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of development corpora, where this machine has one."""
    named = os.environ.get("LLMOPS_CORPORA")
    if not named or not Path(named).is_dir():
        pytest.skip("LLMOPS_CORPORA does not name a folder of corpora")
    return Path(named)


@dataclass(frozen=True)
class Cli:
    """Starts ``llmops`` in a process of its own, with nothing of this machine's environment that could help it."""

    home: Path

    def __call__(self, *arguments: object, env: dict[str, str] | None = None, stdin: str | None = None):
        return subprocess.run(
            self.command(*arguments),
            env=self.environment(env),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=280,
        )

    def start(self, *arguments: object, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments),
            env=self.environment(env),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def command(self, *arguments: object) -> list[str]:
        return [sys.executable, "-c", "from llmops.cli import main; main()", *map(str, arguments)]

    def environment(self, extra: dict[str, str] | None) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.home), "PYTHONPATH": str(ROOT), **(extra or {})}


@pytest.fixture(scope="session")
def cli(tmp_path_factory) -> Cli:
    """The command line."""
    return Cli(home=tmp_path_factory.mktemp("home"))


@pytest.fixture
def notes_recipe(tmp_path) -> Callable[..., Path]:
    """Writes a recipe over ``count`` invented radiology notes, one file each, and gives its path."""

    def write(count: int = 12, **parts: object) -> Path:
        folder = tmp_path / "in"
        folder.mkdir(exist_ok=True)
        for n in range(count):
            mrn, name = f"77310{n:03d}", f"Quillon{'abcdefghijklmnopqrstuvwxyz'[n % 26]} Vossberg"
            (folder / f"{name.replace(' ', '_')}_{n:03d}.txt").write_text(
                NOTE.format(mrn=mrn, name=name, n=n % 10), encoding="utf-8"
            )
        recipe = {
            "recipe": 1,
            "name": "notes",
            "input": {"paths": ["in"]},
            "output": "out",
            "raw_zone": "raw",
            "gate": {"max_withheld_ratio": 1.0},
            "run": {"workers": 2, "shard_records": 3},
            **parts,
        }
        path = tmp_path / "recipe.yaml"
        path.write_text(json.dumps(recipe), encoding="utf-8")
        return path

    return write


@pytest.fixture
def faults(tmp_path) -> Callable[[str], dict[str, str]]:
    """Gives an environment in which every Python process, workers too, first runs the code given.

    The product has no hooks for faults; this is Python's own ``sitecustomize``.
    """

    def inject(code: str) -> dict[str, str]:
        folder = tmp_path / "faults"
        folder.mkdir(exist_ok=True)
        (folder / "sitecustomize.py").write_text(code, encoding="utf-8")
        return {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}

    return inject
