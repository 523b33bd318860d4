"""A whole run: plan, index, rewrite, gate, publish, index for search, evaluate, report."""

from llmops.runner.orchestrate import RunResult, planned, run

__all__ = ["RunResult", "planned", "run"]
