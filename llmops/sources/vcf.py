"""Frame VCF: the whole file as one record, or its header alone if it is too large."""

from collections.abc import Iterator
from typing import Final

from llmops.documents import Reason
from llmops.sources.encoding import Encoding, text_encoding
from llmops.sources.errors import Unreadable
from llmops.sources.framed import Frame, Framed
from llmops.sources.lines import split_lines
from llmops.sources.spec import Head
from llmops.sources.stream import Stream

_HEADER_LINE: Final = b"#"


def is_vcf(head: Head) -> bool:
    """Say whether a file begins like VCF (VCF 4.5, section 1.1)."""
    return head.body.startswith(b"##fileformat=VCF")


def record(stream: Stream, cap: int) -> Iterator[Framed]:
    """Frame a VCF file.

    A whole-genome file has gigabytes of variant lines, not needed for header and samples: a file of more than ``cap``
    bytes is framed as its header lines, and the rest is not read. The locator's end shows it.

    Raises:
        Refused: the header alone is larger than ``cap``.
    """
    payload = stream.peek(cap + 1)
    if len(payload) <= cap:
        payload = stream.read()
        yield _frame(stream.origin, payload, text_encoding(payload))
        return
    lines = []
    size = 0
    for line in split_lines(stream, cap):
        if line.data is None or size > cap:
            raise Unreadable(Reason.TOO_LARGE)
        if not line.data.startswith(_HEADER_LINE):
            break
        lines.append(line.data)
        size += len(line.data)
    header = b"".join(lines)
    yield _frame(stream.origin, header, text_encoding(header))


def _frame(start: int, payload: bytes, encoding: Encoding) -> Frame:
    end = start + len(payload)
    return Frame(ordinal=0, payload=payload, start=start, end=end, encoding=encoding)
