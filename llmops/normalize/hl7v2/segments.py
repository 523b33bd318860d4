"""Represent HL7 v2 messages, segments and fields with their byte ranges, uninterpreted (HL7 v2.9, chapter 2)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from llmops.normalize.text.decode import byte_length


@dataclass(frozen=True, slots=True, kw_only=True)
class Delimiters:
    """The separators declared in MSH-1 and MSH-2; undeclared ones are the standard's."""

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
        delimiters: separators of its message.
        encoding: encoding of the payload, for hexadecimal escapes.
    """

    raw: str = field(repr=False)
    start: int
    end: int
    delimiters: Delimiters
    encoding: str

    def component(self, number: int, subcomponent: int = 0) -> str:
        """Return one component, unescaped and stripped; ``""`` if absent.

        Args:
            number: one-based.
            subcomponent: one-based; 0 for the whole component, subcomponents joined by blanks.
        """
        part = _nth(self.raw.split(self.delimiters.component), number)
        if subcomponent:
            return self._plain(_nth(part.split(self.delimiters.subcomponent), subcomponent))
        return " ".join(filter(None, map(self._plain, part.split(self.delimiters.subcomponent))))

    def components(self) -> tuple[str, ...]:
        """Return all components, unescaped."""
        return tuple(self.component(n + 1) for n in range(self.raw.count(self.delimiters.component) + 1))

    def text(self) -> str:
        """Return the field as running text: escapes resolved, separators the sender did not escape kept."""
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
        ordinal: one-based position among the message's segments of that name.
        raw: the characters as sent, line end excluded.
        start: first byte in the payload.
        end: one past the last byte.
        delimiters: separators of its message.
        encoding: encoding of the payload.
        is_joined: whether ``raw`` was joined from two segments, so that its fields can only be located as ``start`` to
            ``end``.
    """

    name: str
    ordinal: int
    raw: str = field(repr=False)
    start: int
    end: int
    delimiters: Delimiters
    encoding: str
    is_joined: bool = False

    def repetitions(self, number: int) -> tuple[FieldText, ...]:
        """Return the non-empty repetitions of a field, in order.

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
            at += byte_length(self.raw[done:lo], self.encoding)
            values.append(self._field(lo, hi, at))
            done = lo
        return tuple(values)

    def first(self, number: int) -> FieldText:
        """Return the first repetition of a field; if absent, an empty one at the end of the segment."""
        repetitions = self.repetitions(number)
        return repetitions[0] if repetitions else self._field(len(self.raw), len(self.raw))

    def whole(self, number: int) -> FieldText:
        """Return a field with all repetitions as one running text."""
        found = self._span(number)
        return self._field(*(found or (len(self.raw), len(self.raw))))

    def get(self, number: int, component: int = 1, subcomponent: int = 0) -> str:
        """Return one component of the first repetition of a field, unescaped; ``""`` if absent."""
        return self.first(number).component(component, subcomponent)

    def field_numbers(self) -> tuple[int, ...]:
        """Return the numbers of the non-empty fields."""
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
        """Return the field at a range of ``raw``; ``at`` is its first byte, if known."""
        if self.is_joined:
            raw = self.raw[start:end]
            return FieldText(
                raw=raw, start=self.start, end=self.end, delimiters=self.delimiters, encoding=self.encoding
            )
        first = self.start + byte_length(self.raw[:start], self.encoding) if at is None else at
        raw = self.raw[start:end]
        last = first + byte_length(raw, self.encoding)
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
        """Return the segments of these names, in message order."""
        return tuple(segment for segment in self.segments if segment.name in names)


def _spans(raw: str, mark: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the non-empty pieces of a range between separators."""
    while start <= end:
        at = raw.find(mark, start, end)
        stop = end if at < 0 else at
        if stop > start:
            yield start, stop
        start = stop + 1


def _nth(parts: list[str], number: int) -> str:
    return parts[number - 1] if 0 < number <= len(parts) else ""


_LONGEST_SPACE: Final = 80
# \Cxxyy\ and \Mxxyyzz\ switch character sets mid-text, \Zdd\ is local: nothing a reader would see.
_KNOWN: Final = r"[FSTREHNP]|\.(?:br|sp|sk|in|ti|fi|nf|ce)[+-]?\d{0,3}|X[0-9A-Fa-f]{2,}|[CM][0-9A-Fa-f]{4,6}|Z\w{1,8}"


def unescape(text: str, escape: str, marks: Mapping[str, str], encoding: str) -> str:
    r"""Resolve standard escape sequences; anything else stays unchanged, so that nothing is lost.

    Args:
        text: one field or component as sent. PHI.
        escape: the message's escape character.
        marks: the message's separators by the letter of their escape: F, S, T, R, E.
        encoding: encoding of the bytes of ``\Xhh\``.
    """
    if not escape or escape not in text:
        return text
    return _pattern(escape).sub(lambda match: _resolved(match.group(1), marks, encoding), text)


@lru_cache(maxsize=16)
def _pattern(escape: str) -> re.Pattern[str]:
    mark = re.escape(escape)
    return re.compile(f"{mark}({_KNOWN}){mark}")


def _resolved(sequence: str, marks: Mapping[str, str], encoding: str) -> str:
    if sequence in marks:
        return marks[sequence]
    if sequence.startswith("."):
        return _formatting(sequence[1:3], sequence[3:])
    if sequence.startswith("X"):
        return _hexadecimal(sequence[1:], encoding)
    return "#" if sequence == "P" else ""


def _formatting(command: str, number: str) -> str:
    """Return a formatting command as plain text: a line break or blanks."""
    count = min(int(number.lstrip("+-") or 0) or 1, _LONGEST_SPACE)
    if command in {"br", "ce"}:
        return "\n"
    if command == "sp":
        return "\n" * min(count, 2)
    return " " * count if command in {"sk", "ti"} else ""


def _hexadecimal(digits: str, encoding: str) -> str:
    data = bytes.fromhex(digits[: len(digits) // 2 * 2])
    # A lone line end is a line end in every encoding; UTF-16 would need two bytes for it.
    codec = "latin-1" if encoding.lower().startswith(("utf-16", "utf_16")) else encoding
    return data.decode(codec, "replace").replace("\r\n", "\n").replace("\r", "\n")
