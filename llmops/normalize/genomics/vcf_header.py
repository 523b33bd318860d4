"""Read a VCF header: meta lines, samples and the number of records, which never become text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from llmops.documents import Reason, SourceRecord
from llmops.normalize.errors import Refused

_FIXED_COLUMNS: Final = 9
_KEY: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.\-]{0,40}")
_PAIR: Final = re.compile(r'([A-Za-z0-9_.\-]{1,64})=("(?:[^"\\]|\\.)*"?|[^,]*)(?:,|$)')
_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetaLine:
    """One ``##key=value`` line. PHI.

    Args:
        key: e.g. ``"INFO"``; ``"other"`` if not a plain word.
        value: text after the first ``=``.
        ordinal: one-based position among the lines of that key.
        start: first byte of the value in the payload.
        end: one past the last.
    """

    key: str
    value: str = field(repr=False)
    ordinal: int
    start: int
    end: int

    def attributes(self) -> dict[str, str]:
        """The pairs of a structured line (``<ID=DP,Number=1,...>``); empty for a plain line."""
        if not self.value.startswith("<"):
            return {}
        inside = self.value[1:].removesuffix(">")
        return {key: _unquoted(value) for key, value in _PAIR.findall(inside)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The part before the records. PHI.

    Args:
        lines: the meta lines in order.
        samples: sample names of the ``#CHROM`` line with their bytes, in order.
        records: number of records.
    """

    lines: tuple[MetaLine, ...] = field(repr=False)
    samples: tuple[tuple[str, int, int], ...] = field(repr=False)
    records: int

    def named(self, key: str) -> tuple[MetaLine, ...]:
        """Return the meta lines of one key."""
        return tuple(line for line in self.lines if line.key == key)

    def first(self, key: str) -> MetaLine | None:
        """Return the first meta line of a key."""
        return next(iter(self.named(key)), None)


def read_header(record: SourceRecord) -> Header:
    """Read the header; records are counted by line ends and not parsed.

    Args:
        record: the file, decompressed. PHI.

    Raises:
        Refused: ``EMPTY``; ``MALFORMED`` if it does not begin like a VCF; ``TRUNCATED`` if it ends before its
            ``#CHROM`` line.
    """
    payload = record.payload
    if not payload.strip():
        raise Refused(Reason.EMPTY)
    first = len(_BOM) if payload.startswith(_BOM) else 0
    if not payload.startswith((b"##fileformat=VCF", b"#CHROM"), first):
        raise Refused(Reason.MALFORMED)
    lines: list[MetaLine] = []
    seen: dict[str, int] = {}
    for start, end in _header_lines(payload, first):
        if payload.startswith(b"##", start):
            lines.append(_meta_line(payload, start, end, seen))
        elif payload.startswith(b"#CHROM", start):
            return Header(lines=tuple(lines), samples=_samples(payload, start, end), records=_count(payload, end))
        else:
            raise Refused(Reason.MALFORMED)
    raise Refused(Reason.TRUNCATED)


def _header_lines(payload: bytes, at: int) -> Iterator[tuple[int, int]]:
    """Yield start and end of each non-empty line, without line ends (LF or CRLF)."""
    while at < len(payload):
        stop = payload.find(b"\n", at)
        stop = len(payload) if stop < 0 else stop
        end = stop - 1 if payload[at:stop].endswith(b"\r") else stop
        if end > at:
            yield at, end
        at = stop + 1


def _meta_line(payload: bytes, start: int, end: int, seen: dict[str, int]) -> MetaLine:
    key, separator, value = _decoded(payload[start + 2 : end]).partition("=")
    # A line without "=" is all value: the meaning of its words is unknown.
    if not separator or _KEY.fullmatch(key) is None:
        key, value = "other", _decoded(payload[start + 2 : end])
        value_start = start + 2
    else:
        value_start = start + 2 + len(key) + 1
    seen[key] = seen.get(key, 0) + 1
    return MetaLine(key=key, value=value, ordinal=seen[key], start=value_start, end=end)


def _samples(payload: bytes, start: int, end: int) -> tuple[tuple[str, int, int], ...]:
    found = []
    at = start
    for n, name in enumerate(payload[start:end].split(b"\t")):
        if n >= _FIXED_COLUMNS and name.strip():
            found.append((_decoded(name).strip(), at, at + len(name)))
        at += len(name) + 1
    return tuple(found)


def _count(payload: bytes, at: int) -> int:
    """Return the number of records after the header: lines, without an empty last one."""
    lines = payload.count(b"\n", at)
    last = payload[payload.rfind(b"\n", at) + 1 :] if lines else b""
    return max(lines - 1, 0) + (1 if last.strip() else 0)


def _decoded(data: bytes) -> str:
    # VCF 4.3 is UTF-8; older files may hold anything in descriptions, which must not cost the whole file.
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value.strip()
    return value[1:].removesuffix('"').replace('\\"', '"').replace("\\\\", "\\")
