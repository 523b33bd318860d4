"""Decode attachments of FHIR, HL7 v2 and C-CDA records: base64 to bytes, and bytes to text if they are text."""

import base64
import binascii
import codecs
from typing import Final

from llmops.documents import Reason
from llmops.normalize.errors import Refused
from llmops.normalize.text.html_text import html_to_text

# First bytes of binary formats, whatever the declared type.
_BINARY_MARKS: Final = (
    *(b"%PDF", b"{\\rtf", b"PK\x03\x04", b"\x1f\x8b"),
    *(b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\x00", b"MM\x00*"),
)
_XML: Final = b"<?xml"
# Python also has codecs that are no character set ("unicode_escape" builds lone surrogates): only these are accepted.
_CODECS: Final = frozenset(
    {"utf-8", "ascii", "utf-16", "utf-16-le", "utf-16-be", "cp437", "cp850", "mac-roman", "shift_jis", "gb18030"}
    | {f"iso8859-{n}" for n in range(1, 17)}
    | {f"cp{n}" for n in range(1250, 1259)}
)


def from_base64(written: str) -> bytes:
    """Decode base64 strictly: a truncated attachment is an error, not shorter.

    Args:
        written: base64, white space allowed. PHI.

    Raises:
        Refused: ``BAD_ATTACHMENT`` if empty or not base64.
    """
    packed = "".join(written.split())
    if not packed:
        raise Refused(Reason.BAD_ATTACHMENT)
    try:
        return base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        raise Refused(Reason.BAD_ATTACHMENT) from None


def plain_text(data: bytes, *, html: bool = False, charset: str = "") -> str:
    """Read attached bytes as text: in the declared encoding, else UTF-8, else Windows-1252.

    Args:
        data: the attachment. PHI.
        html: whether it is declared as HTML; tags are then removed.
        charset: the declared encoding, or empty.

    Raises:
        Refused: ``UNSUPPORTED_ATTACHMENT`` if not text, ``BAD_ATTACHMENT`` if not in its declared encoding, ``EMPTY``
            if blank.
    """
    wide = charset.startswith("utf-16")
    if data.lstrip().startswith(_BINARY_MARKS) or (b"\x00" in data and not wide):
        raise Refused(Reason.UNSUPPORTED_ATTACHMENT)
    if data.lstrip().startswith(_XML) and not html:
        raise Refused(Reason.UNSUPPORTED_ATTACHMENT)
    text = _declared(data, charset) if charset else _undeclared(data)
    text = html_to_text(text) if html else text
    if not text.strip():
        raise Refused(Reason.EMPTY)
    return text


def _declared(data: bytes, charset: str) -> str:
    try:
        codec = codecs.lookup(charset).name
        if codec not in _CODECS:
            raise Refused(Reason.BAD_ATTACHMENT)
        return data.decode(codec)
    except (UnicodeDecodeError, LookupError, ValueError):
        raise Refused(Reason.BAD_ATTACHMENT) from None


def _undeclared(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
