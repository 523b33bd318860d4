"""Run a suite: retrieve, build the prompt, check egress, call the model, check assertions."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage

from llmops.errors import ModelError, ReleaseError
from llmops.evaluation.assertions import Answer, AssertionResult
from llmops.evaluation.chat_calls import Calling, Failure, ask_all
from llmops.evaluation.extractive import ExtractiveChatModel
from llmops.evaluation.prompt import Passage, passages, render
from llmops.evaluation.result import CaseResult, EvaluationResult, Status
from llmops.evaluation.resume import Partial
from llmops.evaluation.suite import Case, Prices, Suite
from llmops.release import Release, verified
from llmops.retrieval.hits import Filter, Hit
from llmops.retrieval.index import Index
from llmops.retrieval.released_text import released_passage
from llmops.retrieval.tracing_off import untraced
from llmops.stage import PhiScanner

Clock = Callable[[], float]


class Search(Protocol):
    """The part of `llmops.retrieval.Searcher` that the runner uses."""

    release: Release
    index: Index

    def search(self, query: str, k: int | None = None, where: Filter | None = None) -> tuple[Hit, ...]:
        """Find passages."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reply:
    """Response to a prompt, or the reason for none."""

    status: Status
    code: str = "ok"
    text: str = ""
    input_tokens: int = 0
    output_tokens: int = 0


def evaluate(
    suite: Suite,
    release: Release,
    searcher: Search,
    model: BaseChatModel,
    *,
    scanner: PhiScanner | None = None,
    clock: Clock = time.perf_counter,
    calling: Calling | None = None,
    partial: Path | None = None,
    progress: Callable[[], None] = lambda: None,
) -> EvaluationResult:
    """Run every case of a suite and check the answers.

    A prompt is sent to an external model only after ``scanner`` has found nothing in it; without a scanner nothing is
    sent. Tracing is off, whatever the environment says. An answer in which the scanner finds PHI is checked but not
    kept.

    Args:
        suite: the cases.
        release: the opened release; verified again here.
        searcher: a search over this release.
        model: any LangChain chat model.
        scanner: looks for PHI in prompts and answers.
        clock: monotonic seconds.
        calling: limits for an external model; one prompt at a time by default.
        partial: a file that stores finished cases, without answers, until all are done; the same evaluation resumes
            from it. None stores nothing.
        progress: called after each case.

    Raises:
        ReleaseError: the release does not verify, or the searcher is over another one.
        ModelError: the model cannot be reached, or refuses all calls.
        RecipeError: the partial file cannot be used.
    """
    verified(release)
    if searcher.release is not release and verified(searcher.release).id != release.id:
        raise ReleaseError("evaluation: the search is over another release")
    asked = [(name, case) for case in suite.cases for name in case.prompts or suite.prompts]
    run = _Run(
        suite=suite, release=release, searcher=searcher, model=model, scanner=scanner, clock=clock, progress=progress
    )
    key = "/".join((suite.digest, release.id, searcher.index.digest, model_name(model)))
    with Partial(partial, key) if partial else nullcontext() as kept:
        found = run.cases(asked, calling or Calling(), kept)
    return EvaluationResult(
        suite=suite.name,
        suite_version=suite.version,
        suite_digest=suite.digest,
        release_id=release.id,
        index_digest=searcher.index.digest,
        model=model_name(model),
        currency=suite.prices.currency if suite.prices else "",
        cases=tuple(found[at][0] for at in range(len(asked))),
        seconds=tuple(found[at][1] for at in range(len(asked))),
    )


def model_name(model: BaseChatModel) -> str:
    """Name of a model in results: its type and, if present, its provider's name for it."""
    named = getattr(model, "model_name", None) or getattr(model, "model", None)
    return f"{model._llm_type}:{named}" if isinstance(named, str) else model._llm_type  # noqa: SLF001 - LangChain's id


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A pending case: its hits and start time."""

    name: str
    case: Case
    context: tuple[Passage, ...] = field(repr=False)
    started: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """State shared by all cases of a run."""

    suite: Suite
    release: Release
    searcher: Search
    model: BaseChatModel
    scanner: PhiScanner | None
    clock: Clock
    progress: Callable[[], None]

    def cases(
        self, asked: Sequence[tuple[str, Case]], calling: Calling, kept: Partial | None
    ) -> dict[int, tuple[CaseResult, float]]:
        """Yield every case with its seconds, by its position in the suite."""
        before = kept.read() if kept else {}
        places = {(name, case.id): at for at, (name, case) in enumerate(asked)}
        found = {places[known]: result for known, result in before.items() if known in places}
        under_way: dict[int, _Asked] = {}

        def answered(at: int, reply: _Reply) -> None:
            one = under_way.pop(at)
            found[at] = self._result(one, reply), round(self.clock() - one.started, 4)
            if kept and reply.status == "answered":
                kept.add(*found[at])
            self.progress()

        def prompts() -> Iterator[tuple[int, str]]:
            for at, (name, case) in enumerate(asked):
                if at in found:
                    self.progress()
                    continue
                under_way[at] = one = self._retrieved(name, case)
                if (code := self._egress(one)) == "ok":
                    yield at, render(self.suite.prompts[name], case.question, one.context)
                else:
                    answered(at, _Reply(status="not_sent", code=code))

        try:
            for at, prompt, answer in self._answers(prompts(), calling):
                answered(at, _reply(prompt, answer))
        except (ModelError, KeyboardInterrupt) as stopped:
            done = sum(case.status == "answered" for case, _ in found.values())
            goes_on = " and kept; the same command goes on" if kept and done else ""
            what = str(stopped) or "interrupted"
            raise type(stopped)(f"{what}; {done} of {len(asked)} cases are answered{goes_on}") from None
        return found

    def _answers(
        self, prompts: Iterator[tuple[int, str]], calling: Calling
    ) -> Iterator[tuple[int, str, AIMessage | Failure]]:
        if type(self.model) is ExtractiveChatModel:
            yield from ((at, prompt, self._invoke(prompt)) for at, prompt in prompts)
            return
        keyed = (((at, prompt), prompt) for at, prompt in prompts)
        yield from ((at, prompt, answer) for (at, prompt), answer in ask_all(keyed, self._invoke, calling))

    def _invoke(self, prompt: str) -> AIMessage:
        with untraced():
            return self.model.invoke([HumanMessage(prompt)], {"callbacks": []})

    def _retrieved(self, name: str, case: Case) -> _Asked:
        started = self.clock()
        hits = self.searcher.search(case.question, case.k or self.suite.defaults.k, case.filter.filter())
        context = passages([self._from_release(hit) for hit in hits])
        return _Asked(name=name, case=case, context=context, started=started)

    def _result(self, one: _Asked, reply: _Reply) -> CaseResult:
        answer = Answer(text=reply.text, context=one.context, scanner=self.scanner)
        withheld = self.scanner is not None and bool(self.scanner.scan(answer.prose))
        return CaseResult(
            case_id=one.case.id,
            prompt=one.name,
            question=one.case.question,
            status=reply.status,
            code=reply.code,
            answer="" if withheld else reply.text,
            answer_withheld=withheld,
            hits=tuple(passage.chunk_id for passage in one.context),
            outcomes=self._judge(one.case, answer) if reply.status == "answered" else (),
            input_tokens=reply.input_tokens,
            output_tokens=reply.output_tokens,
            cost=_cost(reply, self.suite.prices),
        )

    def _from_release(self, hit: Hit) -> Hit:
        """Replace the hit's text by the release's: a searcher selects passages and never writes them."""
        chunk, document = released_passage(
            self.release, hit.chunk.chunk_id, hit.chunk.sha256, self.searcher.index.config
        )
        return replace(hit, chunk=chunk, subject=document.subject, kind=document.kind, title=document.title)

    def _judge(self, case: Case, answer: Answer) -> tuple[AssertionResult, ...]:
        return tuple(assertion.check(answer) for assertion in self.suite.assertions_of(case))

    def _egress(self, one: _Asked) -> str:
        """Check whether a prompt may be sent; numbers replace chunk ids for the check, as these are random."""
        if type(self.model) is ExtractiveChatModel:
            return "ok"
        if self.scanner is None:
            return "no_scanner"
        plain = [replace(item, chunk_id=str(number)) for number, item in enumerate(one.context)]
        return (
            "phi_in_prompt"
            if self.scanner.scan(render(self.suite.prompts[one.name], one.case.question, plain))
            else "ok"
        )


def _reply(prompt: str, answer: AIMessage | Failure) -> _Reply:
    if isinstance(answer, str):
        return _Reply(status="model_failed", code=answer)
    text, usage = str(answer.text), answer.usage_metadata
    return _Reply(
        status="answered",
        text=text,
        input_tokens=usage["input_tokens"] if usage else len(prompt.split()),
        output_tokens=usage["output_tokens"] if usage else len(text.split()),
    )


def _cost(reply: _Reply, prices: Prices | None) -> float | None:
    if prices is None:
        return None
    spent = reply.input_tokens * prices.input_per_million + reply.output_tokens * prices.output_per_million
    return round(spent / 1e6, 8)
