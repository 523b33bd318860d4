"""One run of the quickstart recipe, shared by the tests that look at what it left."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Quickstart:
    """What a run of ``recipes/quickstart.yaml`` left behind."""

    output: Path
    raw: Path
    stdout: str
    stderr: str
    returncode: int

    @property
    def release(self) -> Path:
        (path,) = self.output.joinpath("release").glob("[0-9a-f]*")
        return path

    @property
    def audit_key(self) -> Path:
        return self.raw / "keys" / "audit-signing.pem"

    @property
    def release_key(self) -> Path:
        return self.raw / "keys" / "release-signing.pem"

    def copy(self, to: Path) -> "Quickstart":
        """A copy that a test may damage."""
        shutil.copytree(self.output, to / "out")
        return Quickstart(output=to / "out", raw=self.raw, stdout="", stderr="", returncode=0)


@pytest.fixture(scope="session")
def quickstart(cli, tmp_path_factory) -> Quickstart:
    """The quickstart recipe, run once with the network watched."""
    folder = tmp_path_factory.mktemp("quickstart")
    done = cli("run", ROOT / "recipes" / "quickstart.yaml", "--output", folder / "out", "--raw-zone", folder / "raw")
    return Quickstart(folder / "out", folder / "raw", done.stdout, done.stderr, done.returncode)
