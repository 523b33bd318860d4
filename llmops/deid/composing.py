"""A text whose accents stand with their letters (Unicode NFC), and where each of its characters stood before."""

import re
import unicodedata
from dataclasses import dataclass, field, replace
from typing import Final

from llmops.deid.spans import Span

_ACCENTED: Final = re.compile(r"[^\u0300-\u036f][\u0300-\u036f]{1,30}")
"""A character and the accents behind it, at most as many as stream-safe text has (UAX 15, D4)."""


@dataclass(frozen=True, slots=True)
class Composed:
    """A text to search, with the way back to the one that was given.

    Args:
        text: the same in NFC. PHI.
        edges: where each of its characters began, and the end of the last; None where nothing moved.
    """

    text: str = field(repr=False)
    edges: tuple[int, ...] | None

    def placed(self, span: Span) -> Span:
        """Give a find in `text` the place that it has in the text that was given."""
        return span if self.edges is None else replace(span, start=self.edges[span.start], end=self.edges[span.end])


def composed(text: str) -> Composed:
    """Compose the letters and accents of a text; what the pipeline normalised comes back as it is.

    Args:
        text: any text. PHI.
    """
    if text.isascii() or _ACCENTED.search(text) is None:
        return Composed(text, None)
    parts: list[str] = []
    edges: list[int] = []
    done = 0
    for match in _ACCENTED.finditer(text):
        start, end = match.span()
        whole = unicodedata.normalize("NFC", match.group())
        parts += (text[done:start], whole)
        edges += (*range(done, start + 1), *[end] * (len(whole) - 1))
        done = end
    return Composed("".join([*parts, text[done:]]), (*edges, *range(done, len(text) + 1)))
