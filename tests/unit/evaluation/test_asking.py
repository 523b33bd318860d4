"""A model outside: tried again, given up with one error, bounded in time; what is answered is kept."""

import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage

from llmops.errors import ModelError, RecipeError
from llmops.evaluation import Calling, EvaluationResult, Suite, evaluate
from llmops.evaluation.chat_calls import ask_all
from llmops.evaluation.resume import Partial
from llmops.release import Release
from llmops.retrieval import Searcher
from tests.unit.evaluation.test_runner import SUITE, Scanner

QUICK = Calling(wait_s=0.0)
PROMPTS = [(number, f"prompt {number}") for number in range(6)]


def asked(invoke: Callable[[str], AIMessage], **limits: Any) -> dict[int, str]:
    """What came back, by number: the text, or why there is none."""
    found = ask_all(PROMPTS, invoke, Calling(wait_s=0.0, **limits))
    return {key: answer if isinstance(answer, str) else str(answer.text) for key, answer in found}


def closed_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_model_that_cannot_be_reached_is_one_error_with_its_cause() -> None:
    """A real refused connection, as providers' libraries pass it on; tried as often as said, and nothing is quoted."""
    calls, url = [], f"http://127.0.0.1:{closed_port()}/v1/canary"

    def invoke(prompt: str) -> AIMessage:
        calls.append(prompt)
        try:
            httpx.post(url, json={"prompt": prompt})
        except httpx.HTTPError as error:
            raise RuntimeError(f"could not send {prompt}") from error
        raise AssertionError

    with pytest.raises(
        ModelError, match=r"cannot be reached \(RuntimeError, connection refused\), tried 3 times"
    ) as said:
        asked(invoke, attempts=3)
    assert calls == ["prompt 0"] * 3
    assert "prompt" not in str(said.value)
    assert said.value.exit_code == 8


def status_error(status: int) -> httpx.HTTPStatusError:
    request = httpx.Request("POST", "http://model.invalid/canary")
    return httpx.HTTPStatusError("canary", request=request, response=httpx.Response(status, request=request))


@pytest.mark.parametrize(
    ("error", "calls", "said"),
    [
        (status_error(401), 1, "refuses the call (HTTPStatusError, status 401)"),
        (status_error(404), 1, "refuses the call"),
        (status_error(429), 4, "cannot be reached (HTTPStatusError, status 429), tried 4 times"),
        (status_error(503), 4, "status 503"),
        (socket.gaierror(-2, "canary.example"), 4, "the host name is not known"),
        (TimeoutError("canary"), 4, "cannot be reached (TimeoutError)"),
    ],
)
def test_what_no_call_can_mend_is_not_tried_again(error: Exception, calls: int, said: str) -> None:
    """A wrong key or name at once; a busy or broken server after some attempts."""
    made = []

    def invoke(prompt: str) -> AIMessage:
        made.append(prompt)
        raise error

    with pytest.raises(ModelError) as raised:
        asked(invoke)
    assert said in str(raised.value)
    assert "canary" not in str(raised.value)
    assert len(made) == calls


def test_a_way_that_is_lost_for_a_moment_costs_nothing() -> None:
    """The third attempt gets through."""
    tries: list[str] = []

    def invoke(prompt: str) -> AIMessage:
        tries.append(prompt)
        if prompt == "prompt 2" and tries.count(prompt) < 3:
            raise ConnectionResetError
        return AIMessage(prompt.upper())

    assert asked(invoke) == {number: f"PROMPT {number}" for number in range(6)}


def test_a_model_that_fails_on_a_prompt_fails_on_that_alone() -> None:
    """A refusal of the content, say: not tried again."""

    def invoke(prompt: str) -> AIMessage:
        if prompt == "prompt 3":
            raise status_error(400)
        return AIMessage("said")

    assert asked(invoke) == dict.fromkeys(range(6), "said") | {3: "model_raised"}


def test_a_call_that_hangs_is_left_behind() -> None:
    """Twice for its prompt, which failed; three prompts in a row, and the model is given up."""
    over = threading.Event()

    def invoke(prompt: str) -> AIMessage:
        if prompt == "prompt 1":
            over.wait(60)
        return AIMessage("said")

    assert asked(invoke, timeout_s=0.05) == dict.fromkeys(range(6), "said") | {1: "timed_out"}
    with pytest.raises(ModelError, match=r"no answer within 0\.05 s"):
        asked(lambda _: AIMessage("late") if over.wait(60) else AIMessage("never"), timeout_s=0.05)
    over.set()


def test_prompts_are_under_way_together() -> None:
    """As many as said, and no more: each waits for the others."""
    meet = threading.Barrier(3, timeout=30)
    most, now, lock = 0, 0, threading.Lock()

    def invoke(prompt: str) -> AIMessage:
        nonlocal most, now
        with lock:
            now += 1
            most = max(most, now)
        meet.wait()
        with lock:
            now -= 1
        return AIMessage(prompt)

    assert len(asked(invoke, concurrency=3)) == 6
    assert most == 3


class Flaky(FakeListChatModel):
    """Answers until the way to it is lost."""

    good: int = 2
    made: list[str]

    def _call(self, *args: Any, **kwargs: Any) -> str:
        self.made.append("call")
        if len(self.made) > self.good:
            raise ConnectionRefusedError(111, "canary")
        return "Apixaban, it is said."


def run(release: Release, searcher: Searcher, model: Any, partial: Path | None, **options: Any) -> EvaluationResult:
    return evaluate(SUITE, release, searcher, model, scanner=Scanner(), calling=QUICK, partial=partial, **options)


def test_an_evaluation_that_was_stopped_goes_on_where_it_stopped(
    release: Release, searcher: Searcher, tmp_path: Path
) -> None:
    """Nothing is asked twice, and the result is that of an unbroken one; then the file is gone."""
    place = tmp_path / "partial.jsonl"
    with pytest.raises(ModelError, match="2 of 3 cases are answered and kept; the same command goes on"):
        run(release, searcher, Flaky(responses=["x"], made=[]), place)
    assert b"Apixaban, it is said" not in place.read_bytes()
    told: list[int] = []
    again = Flaky(responses=["x"], made=[], good=9)
    result = run(release, searcher, again, place, progress=lambda: told.append(1))
    assert len(again.made) == 1
    assert len(told) == 3
    assert not place.exists()
    whole = run(release, searcher, Flaky(responses=["x"], made=[], good=9), None)
    assert result.to_json(timing=False) == whole.to_json(timing=False)


def test_nothing_answered_leaves_no_file(release: Release, searcher: Searcher, tmp_path: Path) -> None:
    """A wrong host name, say: nothing is kept, and nothing is said to be."""
    with pytest.raises(ModelError, match=r"0 of 3 cases are answered$"):
        run(release, searcher, Flaky(responses=["x"], made=[], good=0), tmp_path / "partial")
    assert not (tmp_path / "partial").exists()


def test_ctrl_c_says_what_is_kept(release: Release, searcher: Searcher, tmp_path: Path) -> None:
    """And leaves it there."""

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="1 of 3 cases are answered and kept"):
        run(release, searcher, Flaky(responses=["x"], made=[], good=9), tmp_path / "partial", progress=stop)
    assert (tmp_path / "partial").stat().st_size


def test_what_was_answered_under_other_terms_is_asked_again(
    release: Release, searcher: Searcher, tmp_path: Path
) -> None:
    """Another suite, release, index or model; and a line that a crash cut short."""
    place = tmp_path / "partial"
    with pytest.raises(ModelError):
        run(release, searcher, Flaky(responses=["x"], made=[]), place)
    with place.open("ab") as file:
        file.write(b'{"key": "torn')
    other = Suite.model_validate({**SUITE.model_dump(by_alias=True), "version": "2"})
    model = Flaky(responses=["x"], made=[], good=9)
    evaluate(other, release, searcher, model, scanner=Scanner(), calling=QUICK, partial=place)
    assert len(model.made) == 3


def test_a_partial_file_is_a_plain_file_of_our_own(tmp_path: Path) -> None:
    """It may lie where others write: a link, a second name or a pipe is refused, and nothing is written through it."""
    (tmp_path / "victim").write_text("untouched")
    (tmp_path / "link").symlink_to(tmp_path / "victim")
    (tmp_path / "second").hardlink_to(tmp_path / "victim")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "second", "pipe"):
        with pytest.raises(RecipeError):
            Partial(tmp_path / name, "key")
    assert (tmp_path / "victim").read_text() == "untouched"
    with Partial(tmp_path / "own", "key"):
        assert (tmp_path / "own").stat().st_mode & 0o777 == 0o600


def test_the_wait_grows_between_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    """One second, two, four: a server that is busy is not pressed."""
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)

    def invoke(_: str) -> AIMessage:
        raise ConnectionResetError

    with pytest.raises(ModelError):
        list(ask_all(PROMPTS, invoke, Calling()))
    assert waits == [0.0, 1.0, 2.0, 4.0]
