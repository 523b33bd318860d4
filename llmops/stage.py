"""Interfaces between the parts: source, stage, sink and scanner."""

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

from llmops.documents import SourceRecord, Withheld
from llmops.phi import PhiFinding

In_contra = TypeVar("In_contra", contravariant=True)
Out_co = TypeVar("Out_co", covariant=True)


class Source(Protocol):
    """Yields the records of one input, in a fixed order, each opened, size-limited and framed but not interpreted."""

    def records(self) -> Iterator[SourceRecord | Withheld]:
        """Yield every record; an unreadable one is yielded as `Withheld`, never skipped."""
        ...


class Stage(Protocol[In_contra, Out_co]):
    """Maps each input to one output or the reason it is withheld, in order; never raises for one record."""

    def process(self, batch: Sequence[In_contra]) -> Sequence[Out_co | Withheld]:
        """Process a batch; ``len(answer) == len(batch)``."""
        ...


class Sink(Protocol[In_contra]):
    """Takes finished documents and makes them durable."""

    def write(self, batch: Sequence[In_contra]) -> None:
        """Write a batch; durable only after `close`."""
        ...

    def close(self) -> None:
        """Make everything written durable."""
        ...


class PhiScanner(Protocol):
    """Finds PHI in text that is about to leave (a prompt, an answer). The released zone gets one injected."""

    def scan(self, text: str) -> Sequence[PhiFinding]:
        """Find PHI in ``text``; offsets are code points. Placeholders of a policy are not PHI."""
        ...
