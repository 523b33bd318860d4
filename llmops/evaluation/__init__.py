"""Prompt evaluation on verified releases: suites, assertions, an extractive model, comparable results."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from llmops.evaluation.chat_calls import Calling
    from llmops.evaluation.comparison import Comparison, compare
    from llmops.evaluation.extractive import ExtractiveChatModel
    from llmops.evaluation.html import to_html
    from llmops.evaluation.models import chat_model
    from llmops.evaluation.result import CaseResult, EvaluationResult, read_result
    from llmops.evaluation.runner import evaluate
    from llmops.evaluation.suite import Suite, load_suite

__all__ = [
    "Calling",
    "CaseResult",
    "Comparison",
    "EvaluationResult",
    "ExtractiveChatModel",
    "Suite",
    "chat_model",
    "compare",
    "evaluate",
    "load_suite",
    "read_result",
    "to_html",
]

# These import LangChain, half a second that a run without evaluation should not pay.
_HOME: Final = {
    "Calling": "chat_calls",
    "CaseResult": "result",
    "Comparison": "comparison",
    "EvaluationResult": "result",
    "ExtractiveChatModel": "extractive",
    "Suite": "suite",
    "chat_model": "models",
    "compare": "comparison",
    "evaluate": "runner",
    "load_suite": "suite",
    "read_result": "result",
    "to_html": "html",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"llmops.evaluation.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
