"""Determine the encoding of a record's bytes, without guessing where it matters."""

import codecs
import re
from dataclasses import dataclass
from typing import Final

from llmops.documents import Reason
from llmops.sources.errors import Unreadable

# UTF-32-LE begins with the mark of UTF-16-LE, so longer marks come first.
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARATION: Final = re.compile(rb"""^\s{0,64}<\?xml[^>]{0,200}?\bencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_TEXT_CODECS: Final = frozenset(
    {"utf-8", "ascii", "iso8859-1", "iso8859-15", "cp1252", "cp1250", "cp437", "cp850", "mac-roman"}
    | {"utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"}
)
_LAYOUT: Final = "\t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85"
_SAMPLE: Final = 4096
_MAX_HIGH_SHARE: Final = 0.3
_MAX_UNPRINTABLE_SHARE: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """A text encoding and its evidence: ``bom``, ``declared``, ``utf-8``, ``detected``; ``mark`` is the BOM length."""

    name: str
    known_from: str
    mark: int = 0

    @property
    def wide(self) -> bool:
        """Whether ASCII characters take several bytes, so that the raw bytes cannot be searched for them."""
        return self.name.startswith(("utf-16", "utf-32"))


UTF8: Final = Encoding(name="utf-8", known_from="utf-8")


def byte_order_mark(head: bytes) -> Encoding | None:
    """Return the encoding of a byte order mark, or None."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return Encoding(name=name, known_from="bom", mark=len(mark))
    return None


def wide_encoding(head: bytes) -> Encoding | None:
    """Detect UTF-16 or UTF-32 by byte order mark or, for Latin text, by the position of zero bytes."""
    marked = byte_order_mark(head)
    if marked is not None:
        return marked if marked.wide else None
    sample = head[:_SAMPLE]
    half = len(sample) // 2
    if half < 2:
        return None
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > half * 0.8 and even < half * 0.05:
        return Encoding(name="utf-16-le", known_from="detected")
    if even > half * 0.8 and odd < half * 0.05:
        return Encoding(name="utf-16-be", known_from="detected")
    return None


def utf8_only(payload: bytes) -> None:
    """Require UTF-8, which RFC 8259 mandates for JSON.

    Raises:
        Refused: it is not (``WRONG_ENCODING``), or it ends inside a character (``TRUNCATED``).
    """
    cut = _utf8_error(payload)
    if cut is not None:
        raise Unreadable(cut)


def text_encoding(payload: bytes) -> Encoding:
    """Detect the encoding of text: BOM, XML declaration, strict UTF-8, UTF-16 without BOM, Windows-1252.

    Args:
        payload: the bytes of one record, BOM included. PHI.

    Raises:
        Refused: none is plausible (``WRONG_ENCODING``), or UTF-8 that ends inside a character.
    """
    marked = byte_order_mark(payload)
    if marked is not None:
        return _verified(payload, marked)
    wide = wide_encoding(payload)
    if wide is not None:
        return _verified(payload, wide)
    declared = _declared(payload)
    if declared is not None:
        return declared
    reason = _utf8_error(payload)
    if reason is None:
        return UTF8
    if reason is Reason.WRONG_ENCODING and _looks_like_cp1252(payload):
        return Encoding(name="cp1252", known_from="detected")
    raise Unreadable(reason)


def _verified(payload: bytes, encoding: Encoding) -> Encoding:
    try:
        payload[encoding.mark :].decode(encoding.name)
    except UnicodeDecodeError:
        raise Unreadable(Reason.WRONG_ENCODING) from None
    return encoding


def _declared(payload: bytes) -> Encoding | None:
    match = _DECLARATION.match(payload[:512])
    if match is None:
        return None
    try:
        name = codecs.lookup(match[1].decode("ascii")).name
        if name not in _TEXT_CODECS or name.startswith(("utf-16", "utf-32")):
            return None  # a wide declaration in narrow bytes is wrong; the bytes decide
        payload.decode(name)
    except (LookupError, UnicodeDecodeError):
        return None
    return Encoding(name=name, known_from="declared")


def _utf8_error(payload: bytes) -> Reason | None:
    try:
        payload.decode("utf-8")
    except UnicodeDecodeError as error:
        ends_inside = error.reason == "unexpected end of data" and len(payload) - error.start < 4
        # One stray Windows-1252 letter at the very end does not prove truncation; other multi-byte characters do.
        return Reason.TRUNCATED if ends_inside and not payload[: error.start].isascii() else Reason.WRONG_ENCODING
    return None


def _looks_like_cp1252(payload: bytes) -> bool:
    try:
        text = payload.decode("cp1252")
    except UnicodeDecodeError:
        return False
    high = sum(1 for char in text if char > "\x7f")
    unprintable = sum(1 for char in text if not char.isprintable() and char not in _LAYOUT)
    if high > len(text) * _MAX_HIGH_SHARE or unprintable > len(text) * _MAX_UNPRINTABLE_SHARE:
        return False
    # Mostly valid UTF-8 with a broken byte is damage, not Windows-1252: decoding it so would spoil every valid letter.
    valid = [char for char in payload.decode("utf-8", "ignore") if char > "\x7f"]
    stray_bytes = high - len("".join(valid).encode())
    return stray_bytes > len(valid)
