"""Run a recipe: plan, index, rewrite, gate, publish, build the search index, evaluate, report."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmops.runner.orchestrate import RunResult, planned, run

__all__ = ["RunResult", "planned", "run"]


def __getattr__(name: str) -> Any:
    """Import on first use: a worker needs only its job, not the release readers and LangChain."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("llmops.runner.orchestrate"), name)
