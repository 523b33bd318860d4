"""Attached data of HL7 v2 and C-CDA records: base64 to bytes, and bytes to text where they are text."""

import base64
import binascii
from typing import Final

from llmops.documents import Reason
from llmops.normalize.errors import Refused
from llmops.normalize.html_text import html_to_text

# First bytes of what is no text, whatever its label says.
_BINARY_MARKS: Final = (
    *(b"%PDF", b"{\\rtf", b"PK\x03\x04", b"\x1f\x8b", b"<?xml"),
    *(b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\x00", b"MM\x00*"),
)


def from_base64(written: str) -> bytes:
    """Decode strictly: a cut-off attachment is broken, not shorter.

    Args:
        written: base64, white space allowed. PHI.

    Raises:
        Refused: ``BAD_ATTACHMENT`` where it is empty or not base64.
    """
    packed = "".join(written.split())
    if not packed:
        raise Refused(Reason.BAD_ATTACHMENT)
    try:
        return base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        raise Refused(Reason.BAD_ATTACHMENT) from None


def plain_text(data: bytes, *, html: bool = False) -> str:
    """Read attached bytes as text: UTF-8, else Windows text, which is what is left undeclared.

    Args:
        data: the attachment. PHI.
        html: whether it is declared as HTML, whose tags are then removed.

    Raises:
        Refused: ``UNSUPPORTED_ATTACHMENT`` for what is not text, ``BAD_ATTACHMENT`` for what holds none.
    """
    if data.lstrip().startswith(_BINARY_MARKS) or b"\x00" in data:
        raise Refused(Reason.UNSUPPORTED_ATTACHMENT)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    text = html_to_text(text) if html else text
    if not text.strip():
        raise Refused(Reason.BAD_ATTACHMENT)
    return text
