"""Cut a released document into passages."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from llmops.documents import ReleasedDocument, ScoredDocument
from llmops.retrieval.config import RetrievalConfig
from llmops.retrieval.sentences import Span, sentences, trim


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A passage of one released document, within one section.

    Args:
        chunk_id: ``"<document_id>#<n>"``, counted from 0 in reading order.
        document_id: the document it is cut from.
        section: normalised name of its section, or empty.
        start: first code point in the document's text.
        end: one past the last.
        text: ``document.text[start:end]``.
        sha256: hex digest of the text in UTF-8.
    """

    chunk_id: str
    document_id: str
    section: str
    start: int
    end: int
    text: str = field(repr=False)
    sha256: str


def chunks(document: ReleasedDocument | ScoredDocument, config: RetrievalConfig) -> tuple[Chunk, ...]:
    """Cut a document into chunks of about ``config.chunk_words`` words; deterministic.

    Whole sentences are packed, never across sections; a table stays whole up to twice the target size.
    """
    found: list[Chunk] = []
    for section, start, end in _regions(document):
        for span in _pack(document.text, _units(document.text, start, end, config.chunk_words), config):
            found.append(_chunk(document, section, span, len(found)))
    return tuple(found)


def digest(text: str) -> str:
    """Hex SHA-256 of a chunk's text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _chunk(document: ReleasedDocument | ScoredDocument, section: str, span: Span, number: int) -> Chunk:
    text = document.text[span.start : span.end]
    return Chunk(
        chunk_id=f"{document.document_id}#{number}",
        document_id=document.document_id,
        section=section,
        start=span.start,
        end=span.end,
        text=text,
        sha256=digest(text),
    )


def _regions(document: ReleasedDocument | ScoredDocument) -> Iterator[tuple[str, int, int]]:
    """The sections in order, and the unnamed text between them, so that no text is lost."""
    position = 0
    for section in document.sections:
        if section.start > position:
            yield "", position, section.start
        yield section.name, max(section.start, position), section.end
        position = max(position, section.end)
    if position < len(document.text):
        yield "", position, len(document.text)


def _units(text: str, start: int, end: int, target: int) -> Iterator[Span]:
    for span in sentences(text, start, end):
        limit = 2 * target if span.table else target
        if _word_count(text, span) <= limit:
            yield span
        else:
            yield from _cut(text, span, target)


def _cut(text: str, span: Span, target: int) -> Iterator[Span]:
    """Split a unit too long for one chunk: a table between rows, prose between words."""
    breaks = [span.start]
    count = 0
    for position in range(span.start + 1, span.end):
        if text[position].isspace() and not text[position - 1].isspace():
            count += 1
            if count >= target and (not span.table or text[position] == "\n"):
                breaks.append(position)
                count = 0
    for begin, stop in pairwise([*breaks, span.end]):
        piece = trim(text, begin, stop)
        if piece.start < piece.end:
            yield piece


def _pack(text: str, units: Iterator[Span], config: RetrievalConfig) -> Iterator[Span]:
    held: list[Span] = []
    for unit in units:
        if held and _word_count(text, Span(held[0].start, unit.end)) > config.chunk_words:
            yield Span(held[0].start, held[-1].end)
            held = _overlap(text, held, unit, config)
        held.append(unit)
    if held:
        yield Span(held[0].start, held[-1].end)


def _overlap(text: str, held: Sequence[Span], unit: Span, config: RetrievalConfig) -> list[Span]:
    """The sentences to repeat before ``unit``; none if they would leave no room for it."""
    repeated = list(held[len(held) - config.overlap_sentences :]) if config.overlap_sentences else []
    while repeated and (
        len(repeated) == len(held) or _word_count(text, Span(repeated[0].start, unit.end)) > config.chunk_words
    ):
        repeated.pop(0)
    return repeated


def _word_count(text: str, span: Span) -> int:
    return len(text[span.start : span.end].split())
