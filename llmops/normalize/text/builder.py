"""Assemble a document's text from pieces of a record, tracking the source of each piece."""

from collections import Counter
from typing import Final

from llmops.documents import AlignSegment, Reason
from llmops.normalize.errors import Refused
from llmops.normalize.text.cleaning import Cleaned, clean
from llmops.normalize.text.decode import byte_length

_RTF: Final = "{\\rtf"


class TextBuilder:
    """Collect cleaned pieces of text, and return the text with its alignment.

    Args:
        encoding: encoding of the payload, to convert code points of exact pieces to byte offsets.
    """

    def __init__(self, encoding: str = "utf-8") -> None:
        self._encoding = encoding
        self._pieces: list[str] = []
        self._align: list[AlignSegment] = []
        self._changes: Counter[str] = Counter()
        self._length = 0

    def __len__(self) -> int:
        """Return the code points collected so far: the offset of the next piece."""
        return self._length

    @property
    def changes(self) -> tuple[tuple[str, int], ...]:
        """Counts of cleaning changes, by rule, sorted by name; for `Provenance`."""
        return tuple(sorted(self._changes.items()))

    def count(self, rule: str, times: int = 1) -> None:
        """Count a further change, e.g. ``"dropped:Claim"``."""
        if times:
            self._changes[rule] += times

    def add(self, text: str, *, path: str, source_start: int = 0, source_end: int = 0, exact: bool = False) -> None:
        """Append a piece of the record, cleaned.

        Args:
            text: the piece, decoded and unescaped. PHI.
            path: source element, in the source's terms; no values.
            source_start: first byte of the piece in the payload (or of the element that holds it).
            source_end: one past the last byte.
            exact: whether ``text`` is those bytes decoded and otherwise unchanged.

        Raises:
            Refused: ``UNKNOWN_FORMAT`` if it contains RTF, whose control words split names and numbers.
        """
        if not text:
            return
        if _RTF in text:
            raise Refused(Reason.UNKNOWN_FORMAT)
        cleaned = clean(text)
        self._changes.update(dict(cleaned.changes))
        exact = exact and byte_length(text, self._encoding) == source_end - source_start
        for segment, (lo, hi) in zip(cleaned.segments, self._byte_ranges(text, cleaned, source_start), strict=True):
            self._align.append(
                AlignSegment(
                    start=self._length + segment.start,
                    end=self._length + segment.end,
                    path=path,
                    source_start=lo if exact else source_start,
                    source_end=hi if exact else source_end,
                    exact=exact and segment.exact,
                )
            )
        self._append(cleaned.text)

    def glue(self, text: str) -> None:
        """Append our own text (a label, a separator), without source and without PHI."""
        self._append(text)

    def newline(self) -> None:
        """End the line, unless it is empty."""
        if self._pieces and not self._pieces[-1].endswith("\n"):
            self._append("\n")

    def blank_line(self) -> None:
        """End the paragraph: the next piece starts after one empty line."""
        if not self._pieces:
            return
        self.newline()
        tail = "".join(self._pieces[-2:])
        if not tail.endswith("\n\n"):
            self._append("\n")

    def build(self) -> tuple[str, tuple[AlignSegment, ...]]:
        """Return the text and its alignment, without trailing white space."""
        text = "".join(self._pieces).rstrip()
        return text, tuple(_cut(segment, len(text)) for segment in self._align if segment.start < len(text))

    def _append(self, text: str) -> None:
        if text:
            self._pieces.append(text)
            self._length += len(text)

    def _byte_ranges(self, text: str, cleaned: Cleaned, source_start: int) -> list[tuple[int, int]]:
        """Return the byte ranges of the segments, assuming that ``text`` is the decoded bytes at ``source_start``."""
        ranges = []
        at_char, at_byte = 0, source_start
        for segment in cleaned.segments:
            at_byte += byte_length(text[at_char : segment.raw_start], self._encoding)
            # Two segments may share a source range that was replaced and then partly edited.
            at_byte -= byte_length(text[segment.raw_start : at_char], self._encoding)
            end = at_byte + byte_length(text[segment.raw_start : segment.raw_end], self._encoding)
            ranges.append((at_byte, end))
            at_char, at_byte = segment.raw_end, end
        return ranges


def _cut(segment: AlignSegment, length: int) -> AlignSegment:
    if segment.end <= length:
        return segment
    bytes_per_point_is_one = segment.source_end - segment.source_start == segment.end - segment.start
    shorter = segment.end - length if segment.exact and bytes_per_point_is_one else 0
    return AlignSegment(
        start=segment.start,
        end=length,
        path=segment.path,
        source_start=segment.source_start,
        source_end=segment.source_end - shorter,
        exact=segment.exact and bytes_per_point_is_one,
    )
