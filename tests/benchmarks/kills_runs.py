"""``kill -9`` of whole runs: the repeated command must release the same as an undisturbed run."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from llmops.audit import Status
from llmops.audit.explain import events_in
from llmops.audit.verify.directory import verify
from llmops.keys import AUDIT_KEY_FILE, RELEASE_KEY_FILE, load_verify_key
from llmops.release import Release, open_release

ROOT = Path(__file__).resolve().parents[2]
WORKERS = 4
PATIENCE_S = 1200
VAULT_RUNS = 5
"""Runs per vault; the first makes it under the kills, and all share one undisturbed run."""
REACH = 0.7
"""Kill moments are drawn from this share of an undisturbed run: a resumed one is shorter, so its end is hit too."""


@dataclass
class Tally:
    """Counts of the kills; stored in the work folder, so that an interrupted benchmark resumes.

    Args:
        kills: number of moments at which SIGKILL was sent; ``by_kind`` gives the targets.
        starts: number of times the command was started; runs: number of times it finished.
        duration: wall seconds of the last undisturbed run; random moments are drawn from it.
    """

    kills: int = 0
    by_kind: dict[str, int] = field(default_factory=dict)
    starts: int = 0
    runs: int = 0
    same: int = 0
    duration: float = 0.0
    people: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def save(self, path: Path) -> None:
        path.with_suffix(".new").write_text(json.dumps(asdict(self)))
        path.with_suffix(".new").replace(path)


@dataclass(frozen=True)
class Scene:
    """Folder of a killed run.

    Args:
        recipe: the recipe; its output is ``out`` and its raw zone ``raw`` below ``root``.
    """

    root: Path
    recipe: Path

    @property
    def output(self) -> Path:
        return self.root / "out"

    @property
    def raw(self) -> Path:
        return self.root / "raw"

    @property
    def releases(self) -> list[Path]:
        return sorted((self.output / "release").glob("[0-9a-f]*"))

    def start(self) -> "subprocess.Popen[str]":
        """The user's command; always the same."""
        command = [sys.executable, "-c", "from llmops.cli import main; main()", "run", str(self.recipe), "--json"]
        command += ["--output", str(self.output), "--raw-zone", str(self.raw), "--workers", str(WORKERS)]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.root), "PYTHONPATH": str(ROOT)}
        quiet = subprocess.PIPE
        return subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet, text=True, start_new_session=True)

    def forget(self, *, vault: bool) -> None:
        """Reset to before the run; keys stay, so that records keep their ids."""
        shutil.rmtree(self.output, ignore_errors=True)
        shutil.rmtree(self.raw / "work", ignore_errors=True)
        if vault:
            for path in self.raw.glob("vault.sqlite*"):
                path.unlink()


def quickstart(root: Path) -> Path:
    """Write the quickstart sample in many small shards, without evaluation, to ``root``; return its path."""
    recipe = {
        "recipe": 1,
        "name": "kills",
        "input": {"paths": [str(ROOT / "recipes" / "data" / "quickstart")]},
        "output": "out",
        "raw_zone": "raw",
        "gate": {"policy": "deduplicated", "max_withheld_ratio": 0.5},
        "retrieval": {"use": "bm25"},
        "run": {"shard_records": 4},
    }
    path = root / "kills.yaml"
    path.write_text(json.dumps(recipe))
    return path


def kill_runs(
    scene: Scene, kills: int, seed: int = 4, told: Callable[[Tally], None] = lambda _: None, tally: Tally | None = None
) -> Tally:
    """Kill at random moments, up to the given number; ``told`` is called for each finished run."""
    kept = scene.root / "tally.json"
    tally = tally or (Tally(**json.loads(kept.read_text())) if kept.exists() else Tally())
    if not tally.duration:
        _undisturbed(scene, tally)
        scene.forget(vault=True)
        tally.save(kept)
    expected: object = None
    while tally.kills < kills and not tally.failures:
        summary = _until_done(scene, Random(f"{seed}-{tally.starts}"), kills, tally, lambda: tally.save(kept))
        killed = _content(scene, summary, tally)
        scene.forget(vault=False)
        expected = expected or _undisturbed(scene, tally)
        tally.same += expected == killed
        tally.runs += 1
        if tally.same != tally.runs:
            tally.failures.append("a killed run released something else than an undisturbed one")
        renewed = tally.runs % VAULT_RUNS == 0
        scene.forget(vault=renewed)
        expected = None if renewed else expected
        tally.save(kept)
        told(tally)
    return tally


def _until_done(scene: Scene, rng: Random, kills: int, tally: Tally, save: Callable[[], None]) -> dict[str, Any]:
    """Start and kill repeatedly until a start finishes; return its summary."""
    while True:
        process = scene.start()
        tally.starts += 1
        moment = time.monotonic() + rng.uniform(0, REACH * tally.duration)
        with _reaped(process):
            if tally.kills < kills and rng.random() < 0.5 and _slept(process, rng.uniform(0, REACH * tally.duration)):
                _kill_workers(process, rng, tally)
            if tally.kills < kills and _slept(process, moment - time.monotonic()):
                _kill_run(process, rng, tally)
                _nothing_half(scene, tally)
                save()
                continue
            stdout, stderr = process.communicate(timeout=PATIENCE_S)
        if process.returncode != 0:
            # No manual repair is allowed: a repeated start after a failure is counted.
            tally.people.append(f"exit {process.returncode}: {(stderr.strip().splitlines() or [''])[-1]}")
            if len(tally.people) > 2:
                tally.failures.append("a run that was killed does not go on by itself")
                return {}
            continue
        return dict(json.loads(stdout))


def _slept(process: "subprocess.Popen[str]", seconds: float) -> bool:
    """Wait; return whether the run is still active."""
    try:
        process.wait(timeout=max(0.0, seconds))
    except subprocess.TimeoutExpired:
        return True
    return False


def _kill_workers(process: "subprocess.Popen[str]", rng: Random, tally: Tally) -> None:
    """Kill one or more workers at once; once per start, since a shard that kills two workers fails."""
    workers = _children(process.pid)
    if workers:
        victims = rng.sample(workers, rng.randrange(1, len(workers) + 1))
        for pid in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        _count(tally, f"{len(victims)} of its workers")


def _kill_run(process: "subprocess.Popen[str]", rng: Random, tally: Tally) -> None:
    """Kill only the parent, whose workers must then end by themselves; or all processes at once."""
    everything = rng.random() < 0.5
    os.kill(process.pid, signal.SIGSTOP)  # so that it starts no worker while they are listed
    victims = [process.pid, *(_children(process.pid) if everything else ())]
    for pid in victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()
    _count(tally, "the whole run" if everything else "the parent alone")


def _count(tally: Tally, kind: str) -> None:
    tally.kills += 1
    tally.by_kind[kind] = tally.by_kind.get(kind, 0) + 1


def _nothing_half(scene: Scene, tally: Tally) -> None:
    """Check right after a kill: a named release is complete, and the log is at most torn."""
    for path in scene.releases:
        open_release(path, (_key(scene, RELEASE_KEY_FILE, "llmops-release"),))
    if (scene.output / "audit").is_dir() and (scene.raw / "keys" / AUDIT_KEY_FILE).exists():
        verdict = verify(scene.output / "audit", (_key(scene, AUDIT_KEY_FILE, "llmops-audit"),))
        if verdict.status is Status.TAMPERED:
            tally.failures.append("right after a kill the log looks tampered")


def _undisturbed(scene: Scene, tally: Tally) -> object:
    """The release of an undisturbed run."""
    began = time.monotonic()
    process = scene.start()
    with _reaped(process):
        stdout, stderr = process.communicate(timeout=PATIENCE_S)
    if process.returncode != 0:
        raise RuntimeError(f"an undisturbed run exits {process.returncode}: {stderr.strip()[-300:]}")
    tally.duration = time.monotonic() - began
    return _content(scene, json.loads(stdout), tally)


def _content(scene: Scene, summary: dict[str, Any], tally: Tally) -> object:
    """Release id, digests of its data, counts; also checks the log of every finished run."""
    if not summary:
        return None
    release, *others = scene.releases
    opened = open_release(release, (_key(scene, RELEASE_KEY_FILE, "llmops-release"),))
    if others:
        tally.failures.append("more than one release was published")
    if summary["audit"]["exit_code"] != 0:
        tally.failures.append(f"the log of a finished run is {summary['audit']['status']}")
    _logged(scene, opened, tally)
    manifest = opened.manifest
    parts = tuple((part.path, part.sha256) for part in (*manifest.content.data, *manifest.content.withheld))
    return release.name, parts, tuple(sorted(summary["counts"].items()))


def _logged(scene: Scene, release: Release, tally: Tally) -> None:
    """Check that every released document has all its events in the log, whichever start wrote them."""
    audit = scene.output / "audit"
    for kind in ("document_normalized", "document_deidentified", "document_scored", "document_released"):
        known = {seen.entry.event.document_id for seen in events_in(audit, kinds=(kind,))}
        if any(document.document_id not in known for document in release.documents()):
            tally.failures.append(f"a released document has no {kind} event")


def _key(scene: Scene, file: str, name: str) -> Any:
    return load_verify_key(scene.raw / "keys" / file, name=name)


def _children(parent: int) -> list[int]:
    """Child processes that have not been reaped."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent_of = path.read_text().rpartition(")")[2].split()[:2]
            if int(parent_of) == parent and state != "Z":
                found.append(int(path.parent.name))
    return found


@contextlib.contextmanager
def _reaped(process: "subprocess.Popen[str]") -> Iterator[None]:
    """Kill remaining processes of the run on exit."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
