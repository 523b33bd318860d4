"""Decode a record's bytes to text, with the byte offset of the text."""

import codecs
from dataclasses import dataclass, field
from typing import Final

from llmops.documents import Reason, SourceRecord
from llmops.normalize.errors import Refused

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """The text of a payload.

    Args:
        text: the text without byte order mark. PHI.
        start: byte offset of the text.
        encoding: the encoding without byte order mark, so that re-encoding a range gives its bytes.
    """

    text: str = field(repr=False)
    start: int
    encoding: str


def decode(record: SourceRecord) -> Decoded:
    """Decode the payload strictly, in the encoding the source stage determined.

    Args:
        record: the record. PHI.

    Raises:
        Refused: ``WRONG_ENCODING`` if the bytes are not in that encoding.
    """
    bom, encoding = next(((bom, name) for bom, name in _BOMS if record.payload.startswith(bom)), (b"", record.encoding))
    try:
        text = record.payload[len(bom) :].decode(encoding or "utf-8")
    except (UnicodeDecodeError, LookupError):
        raise Refused(Reason.WRONG_ENCODING) from None
    return Decoded(text=text, start=len(bom), encoding=encoding or "utf-8")


def byte_length(text: str, encoding: str) -> int:
    """Return the number of bytes of a range of decoded text.

    Args:
        text: the range's text. PHI.
        encoding: as in `Decoded`.
    """
    wide = encoding.lower().startswith(("utf-16", "utf-32", "utf_16", "utf_32"))
    if text.isascii() and not wide:
        return len(text)
    return len(text.encode(encoding, "surrogatepass" if encoding.lower().startswith("utf") else "replace"))
