"""Read bytes into `SourceRecord`: open, cap, sniff and frame files and archives, without interpreting records."""

from llmops.sources.config import FilesConfig
from llmops.sources.cut import ShardSize
from llmops.sources.framed import Frame, Framed
from llmops.sources.input_unit import InputUnit
from llmops.sources.plan import plan_units
from llmops.sources.reader import UnitSource, first_row
from llmops.sources.spec import ROW, TABLE_LAYOUTS, TEXT, Formats, Framer, Head
from llmops.sources.stream import Stream

__all__ = [
    "ROW",
    "TABLE_LAYOUTS",
    "TEXT",
    "FilesConfig",
    "Formats",
    "Frame",
    "Framed",
    "Framer",
    "Head",
    "InputUnit",
    "ShardSize",
    "Stream",
    "UnitSource",
    "first_row",
    "plan_units",
]
