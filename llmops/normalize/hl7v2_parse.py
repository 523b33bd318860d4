"""HL7 v2 messages as segments and fields that know their bytes; nothing of their meaning (HL7 v2.9, chapter 2)."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from llmops.documents import Reason, SourceRecord
from llmops.normalize.decode import decode
from llmops.normalize.errors import Refused
from llmops.normalize.hl7v2_escapes import unescape

# MLLP block characters, a byte order mark and blank lines may stand before, between and after messages.
_FRAMING: Final = "\x0b\x1c\ufeff\x00"
_LINE: Final = re.compile(r"[^\r\n]+")
_MSH: Final = re.compile(r"MSH([^A-Za-z0-9\s])")
_ENVELOPE: Final = frozenset({"FHS", "BHS", "BTS", "FTS"})
_SEGMENT_NAME: Final = re.compile(r"[A-Z][A-Z0-9]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delimiters:
    """The separators that a message declares in MSH-1 and MSH-2; what it does not declare is the standard's."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldText:
    """One repetition of one field, still escaped. PHI.

    Args:
        raw: the characters as sent.
        start: first byte in the payload.
        end: one past the last byte.
        delimiters: of its message.
        encoding: of the payload, for the bytes of hexadecimal escapes.
    """

    raw: str = field(repr=False)
    start: int
    end: int
    delimiters: Delimiters
    encoding: str

    def component(self, number: int, subcomponent: int = 0) -> str:
        """One component, unescaped and stripped; ``""`` where there is none.

        Args:
            number: one-based.
            subcomponent: one-based; 0 is the component as a whole with its subcomponents joined by blanks.
        """
        part = _nth(self.raw.split(self.delimiters.component), number)
        if subcomponent:
            return self._plain(_nth(part.split(self.delimiters.subcomponent), subcomponent))
        return " ".join(filter(None, map(self._plain, part.split(self.delimiters.subcomponent))))

    def components(self) -> tuple[str, ...]:
        """All components, unescaped."""
        return tuple(self.component(n + 1) for n in range(self.raw.count(self.delimiters.component) + 1))

    def text(self) -> str:
        """The field as running text: escapes resolved, separators that the sender forgot to escape left alone."""
        plain = unescape(self.raw, self.delimiters.escape, self._escapes(), self.encoding)
        return "" if plain.strip() == '""' else plain

    def _plain(self, part: str) -> str:
        plain = unescape(part, self.delimiters.escape, self._escapes(), self.encoding).strip()
        return "" if plain == '""' else plain

    def _escapes(self) -> dict[str, str]:
        marks = self.delimiters
        return {
            "F": marks.field,
            "S": marks.component,
            "T": marks.subcomponent,
            "R": marks.repetition,
            "E": marks.escape,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One segment. PHI.

    Args:
        name: three characters, e.g. ``"OBX"``.
        ordinal: its one-based place among the segments of that name in the message.
        raw: the characters as sent, line end excluded.
        start: first byte in the payload.
        end: one past the last byte.
        delimiters: of its message.
        encoding: of the payload.
    """

    name: str
    ordinal: int
    raw: str = field(repr=False)
    start: int
    end: int
    delimiters: Delimiters
    encoding: str

    def repetitions(self, number: int) -> tuple[FieldText, ...]:
        """The repetitions of a field that hold anything, in order.

        Args:
            number: one-based, as in the standard: MSH-1 is the separator itself.
        """
        found = self._span(number)
        if found is None:
            return ()
        start, end = found
        # MSH-2 lists the separators, so nothing in it separates.
        if self.name == "MSH" and number <= 2:
            return (self._field(start, end),)
        values = []
        done, at = 0, self.start
        for lo, hi in _spans(self.raw, self.delimiters.repetition, start, end):
            at += _byte_length(self.raw[done:lo], self.encoding)
            values.append(self._field(lo, hi, at))
            done = lo
        return tuple(values)

    def first(self, number: int) -> FieldText:
        """The first repetition of a field; an empty one at the end of the segment where there is none."""
        repetitions = self.repetitions(number)
        return repetitions[0] if repetitions else self._field(len(self.raw), len(self.raw))

    def whole(self, number: int) -> FieldText:
        """A field with all its repetitions as one run of text."""
        found = self._span(number)
        return self._field(*(found or (len(self.raw), len(self.raw))))

    def get(self, number: int, component: int = 1, subcomponent: int = 0) -> str:
        """One component of the first repetition of a field, unescaped; ``""`` where there is none."""
        return self.first(number).component(component, subcomponent)

    def field_numbers(self) -> tuple[int, ...]:
        """The numbers of the fields that hold anything."""
        shift = 1 if self.name == "MSH" else 0
        parts = self.raw.split(self.delimiters.field)
        return tuple(n + shift for n, part in enumerate(parts) if n and part.strip() not in {"", '""'})

    def _span(self, number: int) -> tuple[int, int] | None:
        if self.name == "MSH":
            if number == 1:
                return (3, 4)
            number -= 1
        start = 0
        for _ in range(number):
            start = self.raw.find(self.delimiters.field, start) + 1
            if not start:
                return None
        end = self.raw.find(self.delimiters.field, start)
        end = len(self.raw) if end < 0 else end
        return (start, end) if number > 0 and end > start else None

    def _field(self, start: int, end: int, at: int | None = None) -> FieldText:
        """The field at a range of ``raw``; ``at`` is its first byte, where that is known already."""
        first = self.start + _byte_length(self.raw[:start], self.encoding) if at is None else at
        raw = self.raw[start:end]
        last = first + _byte_length(raw, self.encoding)
        return FieldText(raw=raw, start=first, end=last, delimiters=self.delimiters, encoding=self.encoding)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message: its segments in order, the MSH first. PHI."""

    segments: tuple[Segment, ...] = field(repr=False)

    @property
    def code(self) -> str:
        """MSH-9.1, e.g. ``"ORU"``."""
        return self.segments[0].get(9, 1).upper()

    @property
    def event(self) -> str:
        """MSH-9.2, e.g. ``"R01"``."""
        return self.segments[0].get(9, 2).upper()

    def named(self, *names: str) -> tuple[Segment, ...]:
        """The segments of these names, in order of the message."""
        return tuple(segment for segment in self.segments if segment.name in names)


def parse(record: SourceRecord) -> tuple[Message, ...]:
    """Split a payload into messages; what a cut-off message still holds is kept.

    Segments end with CR, LF or both, in any mixture. A line that does not begin like a segment continues the one
    before it (free text with a bare line end inside). Batch envelopes (FHS, BHS, BTS, FTS) are passed over.

    Args:
        record: one message, or several with or without an envelope. PHI.

    Raises:
        Refused: ``WRONG_ENCODING``, ``EMPTY`` or, where there is no MSH segment, ``MALFORMED``.
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
        at += _byte_length(text[done:start], encoding)
        segment = _segment(text[start:end], at, delimiters, encoding)
        messages[-1].append(segment)
        at, done = segment.end, end
    if not messages:
        raise Refused(Reason.MALFORMED)
    return tuple(Message(segments=tuple(_numbered(segments))) for segments in messages)


def _segment_spans(text: str) -> Iterator[tuple[int, int, Delimiters]]:
    """Where each segment stands, continuation lines included, and the separators in force; the first is an MSH."""
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
        end=start + _byte_length(raw, encoding),
        delimiters=delimiters,
        encoding=encoding,
    )


def _numbered(segments: list[Segment]) -> Iterator[Segment]:
    """Give each segment its place among its namesakes."""
    seen: Counter[str] = Counter()
    for segment in segments:
        seen[segment.name] += 1
        yield replace(segment, ordinal=seen[segment.name])


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each line that holds anything, freed of framing characters."""
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


def _spans(raw: str, mark: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The pieces of a range between marks that hold anything."""
    while start <= end:
        at = raw.find(mark, start, end)
        stop = end if at < 0 else at
        if stop > start:
            yield start, stop
        start = stop + 1


def _byte_length(text: str, encoding: str) -> int:
    if text.isascii() and not encoding.lower().startswith(("utf-16", "utf-32", "utf_16", "utf_32")):
        return len(text)
    return len(text.encode(encoding))


def _nth(parts: list[str], number: int) -> str:
    return parts[number - 1] if 0 < number <= len(parts) else ""
