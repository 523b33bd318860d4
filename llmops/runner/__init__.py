"""A whole run: plan, index, rewrite, gate, publish, index for search, evaluate, report."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmops.runner.orchestrate import RunResult, planned, run

__all__ = ["RunResult", "planned", "run"]


def __getattr__(name: str) -> Any:
    """Load on first use: a worker needs its job alone, not what reads the release and LangChain with it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("llmops.runner.orchestrate"), name)
