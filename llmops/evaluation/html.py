"""Render an evaluation result as one self-contained page."""

from llmops.evaluation.comparison import compare
from llmops.evaluation.result import EvaluationResult
from llmops.pages import render


def to_html(result: EvaluationResult, previous: EvaluationResult | None = None) -> str:
    """Render a result, and its changes since ``previous``, as a page without network access, scripts or other files.

    Deterministic. Answers and questions are escaped.
    """
    comparison = compare(previous, result) if previous is not None else None
    seconds = result.seconds or (None,) * result.total
    rows = tuple(zip(result.cases, seconds, strict=True))
    return render("evaluation.html.jinja", result=result, comparison=comparison, rows=rows)
