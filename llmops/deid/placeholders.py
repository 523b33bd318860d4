"""Create typed placeholders, and exclude them from findings."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

from llmops.deid.spans import Span
from llmops.phi import PLACEHOLDER, PhiLabel


def placeholder(label: PhiLabel, detail: str = "") -> str:
    """Return the placeholder of a label, with the surviving part of the surface."""
    return f"[{label} {detail}]" if detail else f"[{label}]"


def placeholder_ranges(text: str) -> tuple[tuple[int, int], ...]:
    """Find the placeholders of a text, in order."""
    return tuple(match.span() for match in PLACEHOLDER.finditer(text)) if "[" in text else ()


def outside_placeholders(spans: Iterable[Span], text: str) -> Iterator[Span]:
    """Cut placeholders out of findings: they are no PHI, so de-identification is idempotent."""
    taken = placeholder_ranges(text)
    if not taken:
        yield from spans
        return
    starts, ends = [start for start, _ in taken], [end for _, end in taken]
    for span in spans:
        position = span.start
        for start, end in taken[bisect_right(ends, span.start) : bisect_left(starts, span.end)]:
            yield from _piece(span, position, start, text)
            position = end
        yield from _piece(span, position, span.end, text)


def _piece(span: Span, start: int, end: int, text: str) -> Iterator[Span]:
    if start == span.start and end == span.end:
        yield span
        return
    while start < end and not text[start].isalnum():
        start += 1
    while end > start and not text[end - 1].isalnum():
        end -= 1
    if end > start:
        yield Span(start=start, end=end, label=span.label, score=span.score, recognizer=span.recognizer)
