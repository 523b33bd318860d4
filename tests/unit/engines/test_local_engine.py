"""The local engine keeps going when workers die, blames only the guilty task, and drains."""

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from llmops.engines import Failure, LocalEngine
from llmops.errors import AuditWriteError, StageError

JOB = textwrap.dedent("""
    import os, signal, time
    from pathlib import Path
    from llmops.errors import AuditWriteError

    class Job:
        def __init__(self, folder):
            self.folder = folder

        def open(self, slot):
            if Path(self.folder, "broken").exists():
                raise ImportError("Jane Canary")
            return self.work

        def work(self, task, attempt, progress):
            progress(1, 10)
            if task == "die":
                os.kill(os.getpid(), signal.SIGKILL)
            if task == "die once" and attempt == 1:
                os._exit(3)
            if task == "raise":
                raise ValueError("Jane Canary")
            if task == "audit":
                raise AuditWriteError("stream w0 refused")
            if task == "hang":
                time.sleep(60)
            if task == "steady":
                for _ in range(8):
                    time.sleep(0.8)
                    progress(1, 10)
            if task == "slow":
                Path(self.folder, f"started-{os.getpid()}").touch()
                time.sleep(0.4)
            return f"{task} done at attempt {attempt}"
""")


@pytest.fixture
def job(tmp_path, monkeypatch):
    (tmp_path / "engine_job.py").write_text(JOB)
    monkeypatch.syspath_prepend(str(tmp_path))
    import engine_job

    return engine_job.Job(str(tmp_path))


def run(job, tasks, workers=2):
    with LocalEngine(job=job, workers=workers) as engine:
        return {tasks[outcome.task] + str(outcome.task): outcome for outcome in engine.map(tasks)}


def test_every_task_gets_its_result(job):
    """More tasks than workers: each is answered once."""
    tasks = [f"task {n}" for n in range(20)]
    outcomes = run(job, tasks)
    assert len(outcomes) == 20
    assert all(outcome.result == f"{tasks[outcome.task]} done at attempt 1" for outcome in outcomes.values())


def test_a_task_that_kills_its_worker_twice_fails_alone(job):
    """The others are done, by workers that replaced the dead ones."""
    outcomes = run(job, ["a", "die", "b", "c", "d"])
    assert outcomes["die1"].failure is Failure.WORKER_DIED
    assert [outcomes[key].failure for key in ("a0", "b2", "c3", "d4")] == [None] * 4


def test_a_worker_that_dies_once_costs_nothing(job):
    """The task is tried again and succeeds."""
    assert run(job, ["die once"])["die once0"].result == "die once done at attempt 2"


def test_a_worker_without_a_sign_of_progress_is_given_up_with_its_task(job):
    """Once, and alone; one that takes as long but reports is left to finish."""
    tasks = ["hang", "steady", "a", "b"]
    with LocalEngine(job=job, workers=2, silence_s=5) as engine:
        outcomes = {tasks[outcome.task]: outcome for outcome in engine.map(tasks)}
    assert outcomes["hang"].failure is Failure.WORKER_STALLED
    assert [outcomes[task].result for task in tasks[1:]] == [f"{task} done at attempt 1" for task in tasks[1:]]


def test_what_is_tried_again_is_said_by_whoever_gives_the_tasks(job):
    """With what the worker had done before it died or was killed, until nothing more is to be tried."""
    told = []

    def again(task, done, failure):
        told.append((task, done, failure))
        return {"die": "hang", "hang": "a"}.get(task)

    with LocalEngine(job=job, workers=1, silence_s=3, again=again) as engine:
        (outcome,) = engine.map(["die"])
    assert told == [("die", 1, Failure.WORKER_DIED), ("hang", 1, Failure.WORKER_STALLED)]
    assert outcome.result == "a done at attempt 3"


def test_a_worker_whose_answer_waits_to_be_read_is_not_given_up(job):
    """Whoever takes outcomes may be slow: silence is counted for those who have said nothing."""
    with LocalEngine(job=job, workers=2, silence_s=2) as engine:
        outcomes = engine.map(["a", "slow"])
        first = next(outcomes)
        time.sleep(4)
        assert [first.failure, *(outcome.failure for outcome in outcomes)] == [None, None]


def test_an_error_is_named_by_type_and_place_without_its_message(job):
    """The message of a foreign exception may hold PHI and does not leave the worker."""
    outcome = run(job, ["raise"])["raise0"]
    assert outcome.failure is Failure.STAGE_FAILED
    assert outcome.detail.startswith("ValueError at ")
    assert "Canary" not in repr(outcome)


def test_an_error_about_the_run_stops_it(job):
    """An error of ours keeps its class, and with it its exit code."""
    with pytest.raises(AuditWriteError, match="stream w0 refused"):
        run(job, ["audit", *["slow"] * 6])


def test_a_job_that_cannot_be_opened_stops_the_run(job, tmp_path):
    """A broken installation is no shard's fault; it is named by type and place."""
    (tmp_path / "broken").touch()
    with pytest.raises(StageError, match=r"ImportError at \w+\.py:\d+") as stopped:
        run(job, ["a", "b"])
    assert "Canary" not in str(stopped.value)


def test_progress_is_reported_to_the_parent(job):
    """Every worker's progress arrives."""
    seen = []
    with LocalEngine(job=job, workers=2, on_progress=lambda records, size: seen.append((records, size))) as engine:
        list(engine.map(["a", "b", "c"]))
    assert seen == [(1, 10)] * 3


def test_draining_finishes_what_is_in_flight_and_starts_nothing_new(job):
    """After the first outcome no further task is handed out."""
    with LocalEngine(job=job, workers=2) as engine:
        outcomes = []
        for outcome in engine.map(["slow"] * 10):
            outcomes.append(outcome)
            engine.drain()
    assert 1 <= len(outcomes) <= 3
    assert all(outcome.failure is None for outcome in outcomes)


def test_no_worker_outlives_the_engine(job, tmp_path):
    """Leaving the engine on an error kills what is running."""
    with contextlib.suppress(RuntimeError), LocalEngine(job=job, workers=2) as engine:
        for _ in engine.map(["slow"] * 4):
            raise RuntimeError
    for mark in tmp_path.glob("started-*"):
        with pytest.raises(ProcessLookupError):
            os.kill(int(mark.name.removeprefix("started-")), signal.SIG_DFL)


def test_a_worker_loads_no_langchain():
    """Thirty megabytes of each worker, for what only the parent does."""
    told = "import sys, llmops.runner.job; print([name for name in sys.modules if name.startswith('lang')])"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
