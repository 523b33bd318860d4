"""Evaluation results, ordered and serialised so that two runs are comparable."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

import orjson
from pydantic import TypeAdapter, ValidationError

from llmops.errors import RecipeError
from llmops.evaluation.assertions.result import AssertionResult
from llmops.plain_files import read_file

Status: TypeAlias = Literal["answered", "not_sent", "model_failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """Result of one case with one prompt.

    Args:
        case_id: the case.
        prompt: name of the prompt.
        question: what was asked.
        status: ``not_sent`` where the egress check stopped the prompt, ``model_failed`` where the model raised.
        code: reason for no answer; ``"ok"`` otherwise.
        answer: the answer; empty if ``answer_withheld``, and in a result read from a file.
        answer_withheld: the scanner found PHI in the answer, so it is not kept.
        hits: ids of the retrieved chunks, by rank.
        outcomes: the result of each assertion.
        input_tokens: of the prompt, counted by the model or else in words.
        output_tokens: of the answer, likewise.
        cost: by the suite's prices, in its currency; ``None`` without prices.
    """

    case_id: str
    prompt: str
    question: str = field(repr=False)
    status: Status
    code: str
    answer: str = field(default="", repr=False)
    answer_withheld: bool
    hits: tuple[str, ...]
    outcomes: tuple[AssertionResult, ...]
    input_tokens: int
    output_tokens: int
    cost: float | None

    @property
    def passed(self) -> bool:
        """Whether the case was answered and every assertion holds."""
        return self.status == "answered" and all(item.passed for item in self.outcomes)

    @property
    def failed(self) -> tuple[str, ...]:
        """The failed assertions, or the code for no answer; empty for a pass."""
        if self.status != "answered":
            return (self.code,)
        return tuple(item.assertion for item in self.outcomes if not item.passed)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationResult:
    """Result of a suite on a release with a model; all but ``seconds`` is reproducible if the model is.

    Args:
        suite: its name.
        suite_version: its version.
        suite_digest: hex SHA-256 of its content.
        release_id: the verified release that was searched.
        index_digest: hex SHA-256 of the index manifest.
        model: name of the chat model, with the version of our own models.
        currency: of the costs; empty without prices.
        cases: in the suite's order.
        seconds: time taken by each case, in the same order.
    """

    suite: str
    suite_version: str
    suite_digest: str
    release_id: str
    index_digest: str
    model: str
    currency: str
    cases: tuple[CaseResult, ...]
    seconds: tuple[float, ...] = ()

    @property
    def passed(self) -> int:
        """Number of passed cases."""
        return sum(case.passed for case in self.cases)

    @property
    def total(self) -> int:
        """Number of cases."""
        return len(self.cases)

    @property
    def cost(self) -> float | None:
        """Cost of all cases; ``None`` without prices."""
        costs = [case.cost for case in self.cases if case.cost is not None]
        return round(sum(costs), 6) if costs else None

    def to_dict(self, *, timing: bool = True, answers: bool = False) -> dict[str, Any]:
        """Convert to plain data, with a summary first.

        Args:
            timing: False makes equal runs give equal data.
            answers: include the answers. An answer quotes the release, so it must not be stored where it would outlive
                a revocation.
        """
        data = asdict(self)
        if not timing:
            del data["seconds"]
        for case, item in zip(data["cases"], self.cases, strict=True):
            case["passed"] = item.passed
            if not answers:
                del case["answer"]
        return {"passed": self.passed, "total": self.total, "cost": self.cost, **data}

    def to_json(self, *, timing: bool = True) -> bytes:
        """Serialise to JSON without answers: keys sorted, newline at the end."""
        options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
        return orjson.dumps(self.to_dict(timing=timing), option=options)


def read_result(path: Path) -> EvaluationResult:
    """Read an earlier result.

    Raises:
        RecipeError: it is missing or no evaluation result.
    """
    try:
        data = orjson.loads(read_file(path))
        for derived in ("passed", "total", "cost"):
            data.pop(derived, None)
        for case in data["cases"]:
            case.pop("passed", None)
        return TypeAdapter(EvaluationResult).validate_json(orjson.dumps(data))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, ValidationError):
        raise RecipeError("evaluation: the earlier result cannot be read; give the JSON of an earlier eval") from None
