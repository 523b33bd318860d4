"""Prevent LangChain from sending data to a tracing service, whatever the environment says."""

from collections.abc import Iterator
from contextlib import contextmanager

from langsmith import tracing_context


@contextmanager
def untraced() -> Iterator[None]:
    """Disable LangSmith tracing inside the block: ``LANGSMITH_TRACING=true`` would send queries and passages out."""
    with tracing_context(enabled=False, parent=False):
        yield
