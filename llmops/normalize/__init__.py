"""Turn source records into clinical documents: one package per format, shared code in `text`."""

from llmops.normalize.config import NormalizeConfig, TableColumns
from llmops.normalize.normalizer import FormatReader, Normalizer
from llmops.normalize.tables.columns import USUAL, USUAL_IDENTITY, missing_columns

__all__ = [
    "USUAL",
    "USUAL_IDENTITY",
    "FormatReader",
    "NormalizeConfig",
    "Normalizer",
    "TableColumns",
    "missing_columns",
]
