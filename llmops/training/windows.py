"""Fixed-size windows of a document's text, counted in whitespace tokens."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from llmops.documents import ReleasedDocument

_TOKEN: Final = re.compile(r"\S+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A window ``[start, end)`` of a released document, with its text; offsets are code points."""

    document_id: str
    start: int
    end: int
    text: str = field(repr=False)


def windows(document: ReleasedDocument, tokens: int, stride: int) -> Iterator[Window]:
    """Yield windows of ``tokens`` whitespace tokens, one every ``stride`` tokens, until the last token is covered.

    The last window may be shorter. Every token is in at least one window if ``stride <= tokens``; a text without tokens
    has none.
    """
    spans = [match.span() for match in _TOKEN.finditer(document.text)]
    for first in range(0, len(spans), stride):
        last = min(first + tokens, len(spans)) - 1
        start, end = spans[first][0], spans[last][1]
        yield Window(document_id=document.document_id, start=start, end=end, text=document.text[start:end])
        if last == len(spans) - 1:
            return
