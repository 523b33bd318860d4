"""Running suites, and comparing and showing what came out."""

import itertools
import socket
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel, FakeListChatModel
from langsmith.utils import tracing_is_enabled

from llmops.errors import RecipeError, ReleaseError
from llmops.evaluation import EvaluationResult, ExtractiveChatModel, Suite, compare, evaluate, read_result, to_html
from llmops.phi import PhiFinding, PhiLabel
from llmops.release import Release
from llmops.retrieval import Searcher

GROUNDED = [{"use": "cites"}, {"use": "supported"}, {"use": "no_phi"}]
SUITE = Suite.model_validate(
    {
        "name": "small",
        "version": "1",
        "prompts": {"plain": "Records:\n{context}\n{question}"},
        "defaults": {"k": 3},
        "prices": {"input_per_million": 1.0, "output_per_million": 2.0},
        "cases": (
            {
                "id": "ef",
                "question": "What was the ejection fraction?",
                "assertions": (*GROUNDED, {"use": "numeric", "value": 55.0, "unit": "%"}),
            },
            {
                "id": "anticoagulant",
                "question": "Which anticoagulant is taken?",
                "assertions": (*GROUNDED, {"use": "contains", "any_of": ("apixaban",)}),
            },
            {"id": "shoe", "question": "What is the shoe size?", "assertions": ({"use": "refuses"},)},
        ),
    }
)


class Scanner:
    """Finds one word and remembers what it was shown."""

    def __init__(self, word: str = "\0") -> None:
        self.word = word
        self.seen: list[str] = []

    def scan(self, text: str) -> Sequence[PhiFinding]:
        """Find the word."""
        self.seen.append(text)
        at = text.find(self.word)
        if at < 0:
            return []
        return [PhiFinding(start=at, end=at + len(self.word), label=PhiLabel.NAME)]


def run(release: Release, searcher: Searcher, model: BaseChatModel | None = None, **options: Any) -> EvaluationResult:
    """Evaluate with a clock that ticks once a call."""
    options.setdefault("scanner", Scanner())
    ticks = itertools.count()
    return evaluate(
        SUITE, release, searcher, model or ExtractiveChatModel(), clock=lambda: float(next(ticks)), **options
    )


def test_the_embedded_model_passes(release: Release, searcher: Searcher) -> None:
    """Answers rest on the records, and the result names all that it is bound to."""
    result = run(release, searcher)
    assert [(case.case_id, case.passed) for case in result.cases] == [
        ("ef", True),
        ("anticoagulant", True),
        ("shoe", True),
    ]
    assert (result.release_id, result.suite_digest) == (release.id, SUITE.digest)
    assert result.model.startswith("llmops-extractive-")
    assert result.cost is not None
    assert result.seconds == (1.0, 1.0, 1.0)


def test_two_runs_give_the_same_bytes(release: Release, searcher: Searcher) -> None:
    """All but the time taken."""
    first, again = (run(release, searcher).to_dict(timing=False, answers=True) for _ in range(2))
    assert first == again


def test_a_result_is_read_back(release: Release, searcher: Searcher, tmp_path: Path) -> None:
    """As it was written, without the answers; what is no result is refused without showing it."""
    result = run(release, searcher)
    (tmp_path / "result.json").write_bytes(result.to_json())
    kept = replace(result, cases=tuple(replace(case, answer="") for case in result.cases))
    assert read_result(tmp_path / "result.json") == kept != result
    (tmp_path / "other.json").write_text('{"canary": 1}')
    for name in ("other.json", "absent.json"):
        with pytest.raises(RecipeError, match="cannot be read") as caught:
            read_result(tmp_path / name)
        assert "canary" not in str(caught.value)


def test_a_model_outside_gets_nothing_without_a_scanner(release: Release, searcher: Searcher) -> None:
    """Nobody looked, so nothing leaves and every case fails."""
    model = FakeListChatModel(responses=["said"])
    result = run(release, searcher, model, scanner=None)
    assert {(case.status, case.code, case.passed) for case in result.cases} == {("not_sent", "no_scanner", False)}
    assert model.i == 0


def test_a_prompt_with_phi_does_not_leave(release: Release, searcher: Searcher) -> None:
    """Only the prompts that hold it are kept back; what was scanned is what the records say."""
    scanner = Scanner("ejection fraction is")
    result = run(release, searcher, FakeListChatModel(responses=["Apixaban"]), scanner=scanner)
    held = {case.case_id for case in result.cases if case.status == "not_sent"}
    sent = {case.case_id for case in result.cases if case.status == "answered"}
    assert (held, sent) == ({"ef"}, {"anticoagulant", "shoe"})
    assert all(case.code == "phi_in_prompt" for case in result.cases if case.case_id in held)


def test_an_answer_with_phi_is_not_kept(release: Release, searcher: Searcher) -> None:
    """Not in the result, not on the page."""
    result = run(release, searcher, FakeListChatModel(responses=["It was Canary Roe."]), scanner=Scanner("Canary"))
    assert all(case.answer_withheld and not case.passed for case in result.cases if case.case_id != "shoe")
    assert b"Canary" not in result.to_json()
    assert "Canary" not in to_html(result)


def test_a_model_that_raises_fails_its_case_alone(release: Release, searcher: Searcher) -> None:
    """And what it raised, which may hold the prompt, is not repeated."""

    class Failing(FakeListChatModel):
        def _call(self, *args: Any, **kwargs: Any) -> str:
            raise RuntimeError("canary")

    result = run(release, searcher, Failing(responses=["x"]))
    assert {(case.status, case.passed) for case in result.cases} == {("model_failed", False)}
    assert b"canary" not in result.to_json()


def test_nothing_is_traced_or_sent(release: Release, searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tracing asked for by the environment stays off, and no socket is opened."""
    seen = []

    class Watched(FakeListChatModel):
        def _call(self, *args: Any, **kwargs: Any) -> str:
            seen.append(tracing_is_enabled())
            return "x"

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    monkeypatch.setenv("LANGCHAIN_TRACING_V2", "true")
    monkeypatch.setattr(socket, "socket", refuse)
    run(release, searcher, Watched(responses=["x"]))
    run(release, searcher)
    assert seen == [False] * 3


def test_only_a_release_and_its_own_search_are_taken(release: Release, searcher: Searcher) -> None:
    """A look-alike is refused before a question is asked."""
    with pytest.raises(ReleaseError, match="open_release"):
        evaluate(SUITE, object(), searcher, ExtractiveChatModel())  # type: ignore[arg-type]


def test_a_comparison_finds_what_broke(release: Release, searcher: Searcher) -> None:
    """Regressions, fixes, new and missing cases by prompt and id."""
    good = run(release, searcher)
    bad = run(release, searcher, FakeListChatModel(responses=["The records provided do not answer this."]))
    assert not compare(good, good).regressed
    broken = compare(good, bad)
    assert broken.regressed
    assert broken.regressions == ("plain/anticoagulant", "plain/ef")
    assert broken.model_changed
    assert compare(bad, good).fixes == broken.regressions


def test_cases_left_out_and_new_failures_are_regressions(release: Release, searcher: Searcher) -> None:
    """A case that is no longer asked is not a pass, nor is a new one that fails; a new one that passes is fine."""
    good = run(release, searcher)
    fewer = replace(good, cases=good.cases[:1], seconds=good.seconds[:1])
    assert compare(good, fewer).missing == ("plain/anticoagulant", "plain/shoe")
    assert compare(good, fewer).regressed
    more = compare(fewer, good)
    assert (more.new, more.new_failures) == (("plain/anticoagulant", "plain/shoe"), ())
    assert not more.regressed
    bad = run(release, searcher, FakeListChatModel(responses=["The records provided do not answer this."]))
    worse = compare(replace(good, cases=good.cases[2:], seconds=good.seconds[2:]), bad)
    assert (worse.regressions, worse.new_failures) == ((), ("plain/anticoagulant", "plain/ef"))
    assert worse.regressed


def test_the_page_stands_alone_and_escapes(release: Release, searcher: Searcher) -> None:
    """No script, no other file; what a model says is text, never markup."""
    good = run(release, searcher)
    hostile = run(release, searcher, FakeListChatModel(responses=["<script>alert(1)</script>"]))
    page = to_html(hostile, previous=good)
    tags: list[tuple[str, dict[str, str | None]]] = []

    class Collect(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.append((tag, dict(attrs)))

    Collect().feed(page)
    assert "script" not in {tag for tag, _ in tags}
    assert not any("src" in attributes or "href" in attributes for _, attributes in tags)
    assert "&lt;script&gt;" in page
    assert "plain/ef" in page
    assert page == to_html(hostile, previous=good)
