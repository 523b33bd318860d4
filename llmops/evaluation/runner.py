"""Runs a suite: retrieve, prompt, check what leaves, ask, judge."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage

from llmops.errors import LlmopsError, ReleaseError
from llmops.evaluation.assertions import Answer, Outcome
from llmops.evaluation.extractive import ExtractiveChatModel
from llmops.evaluation.prompt import Passage, passages, render
from llmops.evaluation.result import CaseResult, EvaluationResult, Status
from llmops.evaluation.suite import Case, Prices, Suite
from llmops.release import Release, verified
from llmops.retrieval.hits import Filter, Hit
from llmops.retrieval.index import Index
from llmops.retrieval.serve import serve
from llmops.retrieval.untraced import untraced
from llmops.stage import PhiScanner

Clock = Callable[[], float]


class Search(Protocol):
    """What the runner needs of a `llmops.retrieval.Searcher`."""

    release: Release
    index: Index

    def search(self, query: str, k: int | None = None, where: Filter | None = None) -> tuple[Hit, ...]:
        """Find passages."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reply:
    """What came back for a prompt, or why nothing did."""

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
) -> EvaluationResult:
    """Ask every case of a suite and judge the answers.

    A prompt goes to a model outside this process only after ``scanner`` has found nothing in it; without a scanner
    nothing is sent. Nothing is traced, whatever the environment says. An answer in which the scanner finds PHI is
    judged but not kept.

    Args:
        suite: what to ask.
        release: the opened release; verified again here.
        searcher: a search over this release.
        model: any LangChain chat model.
        scanner: looks for PHI in prompts and answers.
        clock: monotonic seconds.

    Raises:
        ReleaseError: the release does not verify, or the search is over another one.
    """
    verified(release)
    if searcher.release is not release and verified(searcher.release).id != release.id:
        raise ReleaseError("evaluation: the search is over another release")
    run = _Run(suite=suite, release=release, searcher=searcher, model=model, scanner=scanner)
    cases, seconds = [], []
    for name, case in _asked(suite):
        started = clock()
        cases.append(run.case(name, case))
        seconds.append(round(clock() - started, 4))
    return EvaluationResult(
        suite=suite.name,
        suite_version=suite.version,
        suite_digest=suite.digest,
        release_id=release.id,
        index_digest=searcher.index.digest,
        model=model_name(model),
        currency=suite.prices.currency if suite.prices else "",
        cases=tuple(cases),
        seconds=tuple(seconds),
    )


def model_name(model: BaseChatModel) -> str:
    """What a result calls a model: its type and, where it has one, the name its provider knows it by."""
    named = getattr(model, "model_name", None) or getattr(model, "model", None)
    return f"{model._llm_type}:{named}" if isinstance(named, str) else model._llm_type  # noqa: SLF001 - LangChain's id


def _asked(suite: Suite) -> Iterator[tuple[str, Case]]:
    for case in suite.cases:
        for name in case.prompts or suite.prompts:
            yield name, case


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """The parts that every case of a run shares."""

    suite: Suite
    release: Release
    searcher: Search
    model: BaseChatModel
    scanner: PhiScanner | None

    def case(self, name: str, case: Case) -> CaseResult:
        found = self.searcher.search(case.question, case.k or self.suite.defaults.k, case.filter.filter())
        context = passages([self._from_release(hit) for hit in found])
        reply = self._ask(self.suite.prompts[name], case.question, context)
        answer = Answer(text=reply.text, context=context, scanner=self.scanner)
        withheld = self.scanner is not None and bool(self.scanner.scan(answer.prose))
        return CaseResult(
            case_id=case.id,
            prompt=name,
            question=case.question,
            status=reply.status,
            code=reply.code,
            answer="" if withheld else reply.text,
            answer_withheld=withheld,
            hits=tuple(passage.chunk_id for passage in context),
            outcomes=self._judge(case, answer) if reply.status == "answered" else (),
            input_tokens=reply.input_tokens,
            output_tokens=reply.output_tokens,
            cost=_cost(reply, self.suite.prices),
        )

    def _from_release(self, hit: Hit) -> Hit:
        """The hit with the text that the release holds: whoever searched chooses passages and never writes them."""
        chunk, document = serve(self.release, hit.chunk.chunk_id, hit.chunk.sha256, self.searcher.index.config)
        return replace(hit, chunk=chunk, subject=document.subject, kind=document.kind, title=document.title)

    def _judge(self, case: Case, answer: Answer) -> tuple[Outcome, ...]:
        return tuple(assertion.check(answer) for assertion in self.suite.assertions_of(case))

    def _ask(self, template: str, question: str, context: Sequence[Passage]) -> _Reply:
        if type(self.model) is not ExtractiveChatModel:
            code = self._egress(template, question, context)
            if code != "ok":
                return _Reply(status="not_sent", code=code)
        prompt = render(template, question, context)
        try:
            with untraced():
                message = self.model.invoke([HumanMessage(prompt)], {"callbacks": []})
        except LlmopsError:
            raise
        except Exception:  # noqa: BLE001 - a provider may raise anything, and its text may hold the prompt
            return _Reply(status="model_failed", code="model_raised")
        return _reply(prompt, message)

    def _egress(self, template: str, question: str, context: Sequence[Passage]) -> str:
        """Whether a prompt may leave the process; chunk ids are ours and random, so numbers stand in for them here."""
        if self.scanner is None:
            return "no_scanner"
        plain = [replace(item, chunk_id=str(number)) for number, item in enumerate(context)]
        return "phi_in_prompt" if self.scanner.scan(render(template, question, plain)) else "ok"


def _reply(prompt: str, message: AIMessage) -> _Reply:
    text = str(message.text)
    usage = message.usage_metadata
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
