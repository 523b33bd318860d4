"""``python -m tests.benchmarks.attacks``: the attack matrix: attacker, target, expected and observed result.

Every attack starts from the same run over invented notes, uses only the commands and files its attacker has, and is
judged by user commands. A row also holds if the attack is known to succeed: the threat model documents it, so that
nobody relies on a missing control. ``--some N --seed S`` draws N rows.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

NOTE = """RADIOLOGY REPORT
MRN: 77310{n:02d}
Patient: {name}
DOB: 03/04/1951
Date: 02/11/2024

FINDINGS:
The heart is enlarged. There is a {n} mm nodule in the right upper lobe, stable since the last study. {name} was called.
"""
NAMES = ("Quillona Vossberg", "Tamsin Okonkwo", "Ruprecht Abernathy")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One row of the matrix.

    Args:
        who: ``consumer`` (writes the output), ``operator`` (supplies recipes and input) or ``thief`` (of named files).
        name: the attack.
        where: target file or folder.
        expected: expected observation.
        attack: performs it in a site and returns the observation.
    """

    who: str
    name: str
    where: str
    expected: str
    attack: Callable[["Site"], str]


@dataclass(frozen=True)
class Site:
    """Folder of one run: input, recipe, output, raw zone; `restore` resets it."""

    root: Path

    @property
    def recipe(self) -> Path:
        return self.root / "at" / "recipe.yaml"

    @property
    def output(self) -> Path:
        return self.root / "at" / "out"

    @property
    def raw(self) -> Path:
        return self.root / "at" / "raw"

    @property
    def release(self) -> Path:
        (path,) = (
            path
            for path in self.output.glob("release/*")
            if (path / "manifest.json").exists() and not path.is_symlink()
        )
        return path

    @property
    def keys(self) -> tuple[str, ...]:
        """The public keys given to an auditor."""
        names = ("audit-signing.pem", "release-signing.pem")
        return tuple(word for name in names for word in ("--key", str(self.root / "kept" / "raw" / "keys" / name)))

    def restore(self) -> None:
        """Restore the state after the run, at the same path."""
        shutil.rmtree(self.root / "at", ignore_errors=True)
        shutil.copytree(self.root / "kept", self.root / "at", symlinks=True)

    def cli(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run a user command; kill it after 2 minutes."""
        command = [sys.executable, "-c", "from llmops.cli import main; main()", *map(str, arguments)]
        environment = {**os.environ, "HOME": str(self.root)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)

    def other(self) -> "Site":
        """The attacker's own site beside this one: same code, other keys, other people."""
        other = Site(self.root / "other")
        if not other.root.exists():
            build(other, [name[::-1].title() for name in NAMES])
        other.restore()
        return other


def build(site: Site, names: Sequence[str] = NAMES) -> Site:
    """Make the run that every attack starts from."""
    at = site.root / "at"
    (at / "in").mkdir(parents=True)
    for n, name in enumerate(names):
        (at / "in" / f"{n}.txt").write_text(NOTE.format(n=n + 3, name=name))
    recipe = {
        "recipe": 1,
        "name": "site",
        "input": {"paths": ["in"]},
        "output": "out",
        "raw_zone": "raw",
        "gate": {"max_withheld_ratio": 1.0},
        "run": {"workers": 1},
    }
    site.recipe.write_text(json.dumps(recipe))
    done = site.cli("run", site.recipe)
    if done.returncode:
        raise RuntimeError(f"the run to attack failed: {done.stderr}")
    shutil.copytree(at, site.root / "kept", symlinks=True)
    return site


def matrix(cases: Iterable[Case], root: Path) -> Iterator[tuple[Case, str]]:
    """Yield each case with its observation."""
    site = build(Site(root))
    for case in cases:
        site.restore()
        try:
            seen = case.attack(site)
        except subprocess.TimeoutExpired:
            seen = "hangs"
        yield case, seen


def main() -> int:
    """Print the table; return 1 if a row fails."""
    from tests.attacks.cases import CASES

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--some", type=int, default=len(CASES), help="how many attacks, drawn at random; default: all")
    parser.add_argument("--seed", type=int, default=16)
    options = parser.parse_args()
    drawn = set(Random(options.seed).sample(range(len(CASES)), min(options.some, len(CASES))))
    wrong = 0
    print("| attacker | attack | where | expected | seen |\n| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for case, seen in matrix((case for n, case in enumerate(CASES) if n in drawn), Path(folder) / "site"):
            bad = seen != case.expected
            wrong += bad
            said = f"**{seen}**" if bad else seen
            print(f"| {case.who} | {case.name} | {case.where} | {case.expected} | {said} |", flush=True)
    print(f"\n{len(drawn)} attacks, {wrong} not as expected")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
