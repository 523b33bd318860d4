"""``llmops eval``."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from langchain_core.language_models import FakeListChatModel
from typer.testing import CliRunner

from llmops.cli.app import app
from llmops.errors import ModelError, RecipeError
from llmops.release import Release
from llmops.retrieval import RetrievalConfig, build_index, index_folder
from llmops.retrieval.files import file_digests

CASES = {"ef": "What was the ejection fraction?", "drug": "Which anticoagulant is taken?"}
Evaluate = Callable[..., Result]


@pytest.fixture
def evaluate(release: Release, tmp_path: Path) -> Evaluate:
    """Runs a suite of the cases named, all of which pass but ``wrong``, on a release with an index by words."""
    build_index(release, index_folder(release), RetrievalConfig(use="bm25"))

    def run(cases: Sequence[str], *options: object) -> Result:
        said = [
            {
                "id": case,
                "question": CASES.get(case, CASES["ef"]),
                "assertions": [{"use": "refuses"} if case == "wrong" else {"use": "cites"}],
            }
            for case in cases
        ]
        suite = tmp_path / "suite.yaml"
        suite.write_text(
            json.dumps({"name": "small", "version": "1", "prompts": {"plain": "{context} {question}"}, "cases": said})
        )
        arguments = ["eval", suite, "--release", release.path, *options]
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return run


def test_cases_left_out_and_new_failures_are_said_and_fail(
    evaluate: Evaluate, release: Release, tmp_path: Path
) -> None:
    """Exit 1 and a line for each, and the index of the run is left as it was."""
    before = file_digests(index_folder(release))
    assert evaluate(["ef", "drug"], "--out", tmp_path / "before.json").exit_code == 0
    same = evaluate(["ef", "drug"], "--compare", tmp_path / "before.json")
    assert same.exit_code == 0, same.output
    done = evaluate(["ef", "wrong"], "--compare", tmp_path / "before.json")
    assert done.exit_code == 1
    assert "no longer asked: plain/drug" in done.output
    assert "new, and fails: plain/wrong" in done.output
    assert file_digests(index_folder(release)) == before


@pytest.mark.parametrize("option", ["--out", "--html"])
def test_a_result_that_cannot_be_written_is_no_bug(
    evaluate: Evaluate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    """A folder that is not there is said before a question is asked; what fails later is no bug either."""
    (tmp_path / "taken").mkdir()
    assert isinstance(evaluate(["ef"], option, tmp_path / "taken").exception, RecipeError)
    monkeypatch.setattr("llmops.runner.consumers.evaluate_release", lambda *_: pytest.fail("it was evaluated"))
    refused = evaluate(["ef"], option, tmp_path / "none" / "result").exception
    assert isinstance(refused, RecipeError)
    assert option in str(refused)


class Outside(FakeListChatModel):
    """A model outside that answers so many times and is then not there."""

    good: int
    made: list[str]

    def _call(self, *args: Any, **kwargs: Any) -> str:
        self.made.append("call")
        if len(self.made) > self.good:
            raise ConnectionRefusedError(111, "canary")
        return "55 % [x#1]"


def test_a_model_that_cannot_be_reached_stops_the_command_which_then_goes_on(
    evaluate: Evaluate, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 8 and one sentence; the second time only what is missing is asked."""
    monkeypatch.setattr("llmops.evaluation.chat_calls.time.sleep", lambda _: None)
    first, second = Outside(responses=["x"], good=1, made=[]), Outside(responses=["x"], good=9, made=[])
    monkeypatch.setattr("llmops.runner.consumers.chat_model", lambda _: first)
    stopped = evaluate(["ef", "drug"], "--concurrency", 1)
    assert isinstance(stopped.exception, ModelError)
    assert "1 of 2 cases are answered and kept" in str(stopped.exception)
    assert "canary" not in str(stopped.exception)
    monkeypatch.setattr("llmops.runner.consumers.chat_model", lambda _: second)
    done = evaluate(["ef", "drug"], "--concurrency", 1)
    assert "of 2 cases passed" in done.output
    assert len(second.made) == 1
    assert not list(release.path.parents[1].glob(".evaluation-*"))
