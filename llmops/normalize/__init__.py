"""From source records to clinical documents: one file a format, and the rules of what a purpose needs."""

from llmops.normalize.config import NormalizeConfig, TableColumns
from llmops.normalize.keep import Keep, KeepConfig
from llmops.normalize.normalizer import Normalizer
from llmops.normalize.table_columns import USUAL, USUAL_IDENTITY, missing_columns

__all__ = [
    "USUAL",
    "USUAL_IDENTITY",
    "Keep",
    "KeepConfig",
    "NormalizeConfig",
    "Normalizer",
    "TableColumns",
    "missing_columns",
]
