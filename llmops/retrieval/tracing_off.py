"""Keeps LangChain from sending what it sees to a tracing service, whatever the environment says."""

from collections.abc import Iterator
from contextlib import contextmanager

from langsmith import tracing_context


@contextmanager
def untraced() -> Iterator[None]:
    """Switch LangSmith tracing off inside the block: ``LANGSMITH_TRACING=true`` would send queries and passages out."""
    with tracing_context(enabled=False, parent=False):
        yield
