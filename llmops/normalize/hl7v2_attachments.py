"""Attachments of HL7 v2 observations: encapsulated data (ED) that is text becomes a document, all else is withheld."""

import base64
import binascii
from typing import Final

from llmops.documents import Reason
from llmops.normalize.errors import Refused
from llmops.normalize.hl7v2_parse import Segment

_TEXT_TYPES: Final = frozenset({"TEXT", "TX", "TXT", "PLAIN", "ASCII", "FT", "MD", "MARKDOWN"})
# First bytes of what is no text, whatever its label says.
_BINARY_MARKS: Final = (
    b"%PDF",
    b"{\\rtf",
    b"PK\x03\x04",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"II*\x00",
    b"MM\x00*",
    b"<?xml",
)


def attached_text(segment: Segment) -> str:
    """The text that an OBX of type ED or RP carries.

    Args:
        segment: the OBX. PHI.

    Raises:
        Refused: ``EXTERNAL_ATTACHMENT`` (RP: a pointer to elsewhere), ``BAD_ATTACHMENT`` (no or broken data) or
            ``UNSUPPORTED_ATTACHMENT`` (PDF, RTF, images: not text).
    """
    if segment.get(2).upper() == "RP":
        raise Refused(Reason.EXTERNAL_ATTACHMENT)
    value = segment.first(5)
    kinds = {value.component(2).upper(), value.component(3).upper()}
    data = _data(value.component(4).upper(), value.component(5))
    if data.lstrip().startswith(_BINARY_MARKS) or (not kinds & _TEXT_TYPES and kinds - {""}):
        raise Refused(Reason.UNSUPPORTED_ATTACHMENT)
    return _decoded(data)


def _data(encoding: str, text: str) -> bytes:
    """The bytes behind ED.5 by its encoding in ED.4: Base64, Hex or A (as is)."""
    packed = "".join(text.split())
    if not packed:
        raise Refused(Reason.BAD_ATTACHMENT)
    if encoding == "A":
        return text.encode()
    try:
        return bytes.fromhex(packed) if encoding == "HEX" else base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        raise Refused(Reason.BAD_ATTACHMENT) from None


def _decoded(data: bytes) -> str:
    if b"\x00" in data:
        raise Refused(Reason.UNSUPPORTED_ATTACHMENT)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    if not text.strip():
        raise Refused(Reason.BAD_ATTACHMENT)
    return text
