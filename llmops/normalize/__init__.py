"""From source records to clinical documents: one file a format, and the rules of what a purpose needs."""

from llmops.normalize.config import NormalizeConfig, TableColumns
from llmops.normalize.keep import Keep, KeepConfig
from llmops.normalize.normalizer import Normalizer

__all__ = ["Keep", "KeepConfig", "NormalizeConfig", "Normalizer", "TableColumns"]
