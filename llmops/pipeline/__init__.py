"""Shards, the two passes over a shard, its commit, and the gate over all shards.

Every engine calls the same `index_shard` and `run_shard`, so that the release does not depend on the engine.
"""

from llmops.pipeline.attempts import Stopped
from llmops.pipeline.coarse import in_blocks
from llmops.pipeline.commit import Done, Indexed, Workspace
from llmops.pipeline.flow import Pipeline, index_shard, run_shard
from llmops.pipeline.gating import GateCounts, pass_gate
from llmops.pipeline.ledger import NOWHERE, Decision, Ledger, LedgerWriter, Place, ledgers
from llmops.pipeline.meters import Meter
from llmops.pipeline.shards import Shard, plan_shards

__all__ = [
    "NOWHERE",
    "Decision",
    "Done",
    "GateCounts",
    "Indexed",
    "Ledger",
    "LedgerWriter",
    "Meter",
    "Pipeline",
    "Place",
    "Shard",
    "Stopped",
    "Workspace",
    "in_blocks",
    "index_shard",
    "ledgers",
    "pass_gate",
    "plan_shards",
    "run_shard",
]
