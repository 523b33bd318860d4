"""Bytes to `SourceRecord`: files and archives are opened, capped, sniffed and framed here, and never interpreted."""

from llmops.sources.config import FilesConfig
from llmops.sources.cut import ShardSize
from llmops.sources.plan import plan_units
from llmops.sources.reader import UnitSource, first_row
from llmops.sources.unit import Unit

__all__ = ["FilesConfig", "ShardSize", "Unit", "UnitSource", "first_row", "plan_units"]
