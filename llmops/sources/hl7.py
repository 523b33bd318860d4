"""Frame HL7 v2: one record per message, from single messages, batch files and MLLP captures."""

import re
from collections.abc import Iterator
from typing import Final

from llmops.documents import Reason
from llmops.sources.encoding import text_encoding
from llmops.sources.errors import Unreadable
from llmops.sources.framed import Broken, Frame, Framed
from llmops.sources.spec import Head
from llmops.sources.stream import Stream

# MLLP wraps a message in <VT> ... <FS><CR> (HL7 v2 Transport, appendix C); both also end up in files.
_BLANK: Final = b" \t\r\n\x0b\x1c\x00"
# A segment begins at a line start; the character after MSH is the field separator, so no letter, digit or blank.
_START: Final = re.compile(rb"(?:^|(?<=[\r\n\x0b\x1c]))[ \t]{0,16}(MSH|FHS|BHS|BTS|FTS)(?=[^A-Za-z0-9\s])")
_HEAD: Final = re.compile(rb"(?:MSH|FHS|BHS)[^A-Za-z0-9\s]|[A-Z][A-Z0-9]{2}\|\^~\\")
_LOOKBACK: Final = 32
_ENVELOPE: Final = (b"FHS", b"BHS", b"BTS", b"FTS")


def is_hl7(head: Head) -> bool:
    """Say whether a file begins with a message, a batch or a bare segment with the usual separators."""
    return _HEAD.match(head.body) is not None


def messages(stream: Stream, cap: int) -> Iterator[Framed]:
    """Yield every message; envelopes (FHS, BHS, BTS, FTS) are dropped, other text outside a message is a record.

    Args:
        stream: the file.
        cap: maximum bytes of one message; a longer one yields ``TOO_LARGE`` and is skipped.
    """
    for ordinal, (start, data) in enumerate(_blocks(stream, cap)):
        yield Broken(ordinal=ordinal, reason=Reason.TOO_LARGE) if data is None else _frame(ordinal, start, data)


def _frame(ordinal: int, start: int, data: bytes) -> Framed:
    try:
        encoding = text_encoding(data)
    except Unreadable as refused:
        return Broken(ordinal=ordinal, reason=refused.reason, data=data)
    end = start + len(data)
    return Frame(ordinal=ordinal, payload=data, start=start, end=end, encoding=encoding)


def _blocks(stream: Stream, cap: int) -> Iterator[tuple[int, bytes | None]]:
    """Yield position and bytes between consecutive starts, without framing bytes and envelopes."""
    position, held, too_large = stream.origin, b"", False
    while True:
        chunk = stream.chunk()
        seen = max(0, len(held) - _LOOKBACK)
        held += chunk
        at = 0
        for match in _START.finditer(held, seen):
            if match.start(1) > at or too_large:
                yield from _block(position + at, held[at : match.start(1)], cap, too_large=too_large)
                at, too_large = match.start(1), False
        held, position = held[at:], position + at
        if not chunk:
            yield from _block(position, held, cap, too_large=too_large)
            return
        if len(held) > cap + _LOOKBACK:
            position, held, too_large = position + len(held) - _LOOKBACK, held[-_LOOKBACK:], True


def _block(start: int, data: bytes, cap: int, *, too_large: bool) -> Iterator[tuple[int, bytes | None]]:
    if too_large or len(data) > cap:
        yield start, None
        return
    body = data.lstrip(_BLANK)
    if data.startswith(_ENVELOPE):
        body = _after_line(body)
    start += len(data) - len(body)
    body = body.rstrip(b" \t\x0b\x1c\x00\r\n")
    if body:
        yield start, body


def _after_line(data: bytes) -> bytes:
    """Return what follows the envelope's own segment: segments of no message, kept so that they are accounted for."""
    match = re.search(rb"[\r\n\x1c]", data)
    return data[match.end() :].lstrip(_BLANK) if match else b""
