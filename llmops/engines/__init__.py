"""Engines map one shard function over shards; each calls the same function and the same commit."""

from llmops.engines.local import MAX_ATTEMPTS, Failure, LocalEngine, Outcome
from llmops.engines.worker import Job

__all__ = ["MAX_ATTEMPTS", "Failure", "Job", "LocalEngine", "Outcome"]
