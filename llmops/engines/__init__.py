"""Engines map one shard function over shards; each calls the same function and the same commit."""

from llmops.engines.local import Failure, LocalEngine, Outcome
from llmops.engines.worker import Job

__all__ = ["Failure", "Job", "LocalEngine", "Outcome"]
