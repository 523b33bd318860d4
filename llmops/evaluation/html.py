"""An evaluation result as one self-contained page."""

from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template

from llmops.evaluation.comparison import compare
from llmops.evaluation.result import EvaluationResult


def to_html(result: EvaluationResult, previous: EvaluationResult | None = None) -> str:
    """Show a result, and what changed since ``previous``, as a page that needs no network, script or other file.

    The same result always gives the same page. Answers and questions are escaped.
    """
    comparison = compare(previous, result) if previous is not None else None
    seconds = result.seconds or (None,) * result.total
    return _template().render(
        result=result, comparison=comparison, rows=tuple(zip(result.cases, seconds, strict=True)), previous=previous
    )


@cache
def _template() -> Template:
    source = files("llmops.evaluation").joinpath("page.html.j2").read_text("utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(source)
