"""Split HL7 v2 payloads into messages and segments, with any line ends and framing (HL7 v2.9, chapter 2)."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from llmops.documents import Reason, SourceRecord
from llmops.normalize.errors import Refused
from llmops.normalize.hl7v2.segments import Delimiters, Message, Segment
from llmops.normalize.text.decode import byte_length, decode

# MLLP block characters, BOM and blank lines may occur before, between and after messages.
_FRAMING: Final = "\x0b\x1c\ufeff\x00"
_LINE: Final = re.compile(r"[^\r\n]+")
_MSH: Final = re.compile(r"MSH([^A-Za-z0-9\s])")
_ENVELOPE: Final = frozenset({"FHS", "BHS", "BTS", "FTS"})
# The free-text field that an ADD segment continues, if its segment has content after that field.
_VALUE: Final = MappingProxyType({"OBX": 5, "NTE": 3})
_SEGMENT_NAME: Final = re.compile(r"[A-Z][A-Z0-9]{2}")


def parse(record: SourceRecord) -> tuple[Message, ...]:
    """Split a payload into messages; a truncated message keeps its complete part.

    Segments end with CR, LF or both, in any mixture. A line that does not begin like a segment continues the one before
    it (free text with a bare line end inside). Batch envelopes (FHS, BHS, BTS, FTS) are skipped.

    Args:
        record: one message, or several with or without an envelope. PHI.

    Raises:
        Refused: ``WRONG_ENCODING``, ``EMPTY`` or, without an MSH segment, ``MALFORMED``.
    """
    decoded = decode(record)
    text, encoding, at = decoded.text, decoded.encoding, decoded.start
    if not text.strip(_FRAMING + "\r\n\t "):
        raise Refused(Reason.EMPTY)
    messages: list[list[Segment]] = []
    done = 0
    for start, end, delimiters in _segment_spans(text):
        if text.startswith("MSH", start):
            messages.append([])
        at += byte_length(text[done:start], encoding)
        segment = _segment(text[start:end], at, delimiters, encoding)
        if segment.name == "ADD" and len(messages[-1]) > 1:
            messages[-1][-1] = _continued(messages[-1][-1], segment)
        else:
            messages[-1].append(segment)
        at, done = segment.end, end
    if not messages:
        raise Refused(Reason.MALFORMED)
    return tuple(Message(segments=tuple(_numbered(segments))) for segments in messages)


def _segment_spans(text: str) -> Iterator[tuple[int, int, Delimiters]]:
    """Yield each segment's range, with continuation lines, and the separators in force; the first is an MSH."""
    delimiters = Delimiters()
    current: tuple[int, int, Delimiters] | None = None
    for start, end in _lines(text):
        line = text[start:end]
        match = _MSH.match(line)
        if match is not None:
            delimiters = _declared(line, match.group(1))
        elif line[:3] in _ENVELOPE:
            continue
        elif current is not None and not _begins_segment(line, delimiters):
            current = (current[0], end, current[2])
            continue
        if current is not None:
            yield current
        if match is not None or current is not None:
            current = (start, end, delimiters)
    if current is not None:
        yield current


def _begins_segment(line: str, delimiters: Delimiters) -> bool:
    return _SEGMENT_NAME.match(line) is not None and line[3:4] in {"", delimiters.field}


def _segment(raw: str, start: int, delimiters: Delimiters, encoding: str) -> Segment:
    return Segment(
        name=raw[:3],
        ordinal=0,
        raw=raw,
        start=start,
        end=start + byte_length(raw, encoding),
        delimiters=delimiters,
        encoding=encoding,
    )


def _continued(segment: Segment, addendum: Segment) -> Segment:
    """Return a segment extended by a following ADD, which continues its last field (v2.9, chapter 2).

    Senders also put an ADD after a complete observation; there it is a further line of the value.
    """
    mark = segment.delimiters.field
    added = addendum.raw[4:]
    parts = segment.raw.split(mark)
    value = _VALUE.get(segment.name, len(parts))
    if len(parts) - 1 > value:
        parts[value] = segment.delimiters.repetition.join(filter(None, (parts[value], added.split(mark)[0])))
        raw = mark.join(parts)
    else:
        raw = segment.raw + added
    return replace(segment, raw=raw, end=addendum.end, is_joined=True)


def _numbered(segments: list[Segment]) -> Iterator[Segment]:
    """Number segments among those of the same name."""
    seen: Counter[str] = Counter()
    for segment in segments:
        seen[segment.name] += 1
        yield replace(segment, ordinal=seen[segment.name])


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each non-empty line, without framing characters."""
    for match in _LINE.finditer(text):
        line = match.group()
        start = match.start() + len(line) - len(line.lstrip(_FRAMING))
        stripped = line.strip(_FRAMING)
        if stripped.strip():
            yield start, start + len(stripped)


def _declared(msh: str, separator: str) -> Delimiters:
    marks = msh[4:].split(separator, 1)[0]
    standard = Delimiters()
    return Delimiters(
        field=separator,
        component=marks[0:1] or standard.component,
        repetition=marks[1:2] or standard.repetition,
        escape=marks[2:3] or standard.escape,
        subcomponent=marks[3:4] or standard.subcomponent,
    )
