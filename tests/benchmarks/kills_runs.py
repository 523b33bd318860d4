"""``kill -9`` of whole runs: the same command given again releases what an undisturbed run does."""

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
"""A vault serves so many runs, of which the first makes it under the kills; they share one undisturbed run."""
REACH = 0.7
"""Moments are drawn from this part of an undisturbed run: one that goes on has less to do, so its end is hit too."""


@dataclass
class Tally:
    """What the kills came to; kept beside the work, so that an interrupted benchmark goes on where it was.

    Args:
        kills: moments at which SIGKILL was sent; ``by_kind`` says to whom.
        starts: how often the command was given; runs: how often it came to its end.
        duration: wall seconds of the last undisturbed run, which the random moments are drawn from.
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
    """Where a run is killed.

    Args:
        recipe: what is run; its output is ``out`` and its raw zone ``raw`` below ``root``.
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
        """The command as a user gives it; always the same."""
        command = [sys.executable, "-c", "from llmops.cli import main; main()", "run", str(self.recipe), "--json"]
        command += ["--output", str(self.output), "--raw-zone", str(self.raw), "--workers", str(WORKERS)]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.root), "PYTHONPATH": str(ROOT)}
        quiet = subprocess.PIPE
        return subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet, text=True, start_new_session=True)

    def forget(self, *, vault: bool) -> None:
        """As if it had never run; keys stay, so that records keep their ids."""
        shutil.rmtree(self.output, ignore_errors=True)
        shutil.rmtree(self.raw / "work", ignore_errors=True)
        if vault:
            for path in self.raw.glob("vault.sqlite*"):
                path.unlink()


def quickstart(root: Path) -> Path:
    """The quickstart sample in many small shards, without the evaluation: written to ``root``, its path."""
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
    """So many kills at random moments; ``told`` hears of each run that came to its end."""
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
    """Start and kill and start again, until a start comes to its end; its summary."""
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
            # Nobody was asked and nothing was mended: whoever must give the command again is counted.
            tally.people.append(f"exit {process.returncode}: {(stderr.strip().splitlines() or [''])[-1]}")
            if len(tally.people) > 2:
                tally.failures.append("a run that was killed does not go on by itself")
                return {}
            continue
        return dict(json.loads(stdout))


def _slept(process: "subprocess.Popen[str]", seconds: float) -> bool:
    """Wait; whether the run is still at work then."""
    try:
        process.wait(timeout=max(0.0, seconds))
    except subprocess.TimeoutExpired:
        return True
    return False


def _kill_workers(process: "subprocess.Popen[str]", rng: Random, tally: Tally) -> None:
    """Kill one or more workers at one instant; once a start, since a shard that kills two workers is given up."""
    workers = _children(process.pid)
    if workers:
        victims = rng.sample(workers, rng.randrange(1, len(workers) + 1))
        for pid in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        _count(tally, f"{len(victims)} of its workers")


def _kill_run(process: "subprocess.Popen[str]", rng: Random, tally: Tally) -> None:
    """Kill the parent alone, whose workers must then end by themselves; or all of the run at once."""
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
    """Right after a kill: a release that has its name is whole, and the log is torn at most."""
    for path in scene.releases:
        open_release(path, (_key(scene, RELEASE_KEY_FILE, "llmops-release"),))
    if (scene.output / "audit").is_dir() and (scene.raw / "keys" / AUDIT_KEY_FILE).exists():
        verdict = verify(scene.output / "audit", (_key(scene, AUDIT_KEY_FILE, "llmops-audit"),))
        if verdict.status is Status.TAMPERED:
            tally.failures.append("right after a kill the log looks tampered")


def _undisturbed(scene: Scene, tally: Tally) -> object:
    """What a run releases that nobody kills."""
    began = time.monotonic()
    process = scene.start()
    with _reaped(process):
        stdout, stderr = process.communicate(timeout=PATIENCE_S)
    if process.returncode != 0:
        raise RuntimeError(f"an undisturbed run exits {process.returncode}: {stderr.strip()[-300:]}")
    tally.duration = time.monotonic() - began
    return _content(scene, json.loads(stdout), tally)


def _content(scene: Scene, summary: dict[str, Any], tally: Tally) -> object:
    """Release id, digests of its data, counts; and what must hold of every finished run's log."""
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
    """Every released document has its whole path in the log, whichever start wrote it."""
    audit = scene.output / "audit"
    for kind in ("document_normalized", "document_deidentified", "document_scored", "document_released"):
        known = {seen.entry.event.document_id for seen in events_in(audit, kinds=(kind,))}
        if any(document.document_id not in known for document in release.documents()):
            tally.failures.append(f"a released document has no {kind} event")


def _key(scene: Scene, file: str, name: str) -> Any:
    return load_verify_key(scene.raw / "keys" / file, name=name)


def _children(parent: int) -> list[int]:
    """The processes that a process has started and not yet seen end."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent_of = path.read_text().rpartition(")")[2].split()[:2]
            if int(parent_of) == parent and state != "Z":
                found.append(int(path.parent.name))
    return found


@contextlib.contextmanager
def _reaped(process: "subprocess.Popen[str]") -> Iterator[None]:
    """Leave no run behind, whatever happens here."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
