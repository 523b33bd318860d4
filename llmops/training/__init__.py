"""Feeds verified releases to training jobs."""

from llmops.training.stream import ReleaseStream, StreamConfig, stream
from llmops.training.windows import Window

__all__ = ["ReleaseStream", "StreamConfig", "Window", "stream"]
