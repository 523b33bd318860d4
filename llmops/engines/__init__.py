"""Engines map one shard function over shards; all call the same function and the same commit."""

from llmops.engines.engine import Engine, Failure, MakeEngine, TaskOutcome
from llmops.engines.local import LocalEngine
from llmops.engines.worker import Job

__all__ = ["Engine", "Failure", "Job", "LocalEngine", "MakeEngine", "TaskOutcome"]
