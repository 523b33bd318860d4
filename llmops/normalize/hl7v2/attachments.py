"""Read HL7 v2 attachments: encapsulated data (ED) that is text becomes a document, all else is withheld."""

from typing import Final

from llmops.documents import Reason
from llmops.normalize.attachments import from_base64, plain_text
from llmops.normalize.errors import Refused
from llmops.normalize.hl7v2.segments import Segment

_TEXT_TYPES: Final = frozenset({"TEXT", "TX", "TXT", "PLAIN", "ASCII", "FT", "MD", "MARKDOWN"})
_HTML: Final = frozenset({"HTML", "HTM"})
# Subtypes of non-text formats, although the type says "TEXT".
_OTHER: Final = frozenset({"RTF", "XML", "PDF", "X-HL7-CDA-LEVEL-ONE"})


def attached_text(segment: Segment) -> str:
    """Return the text carried by an OBX of type ED or RP.

    Args:
        segment: the OBX. PHI.

    Raises:
        Refused: ``EXTERNAL_ATTACHMENT`` (RP: a pointer to elsewhere), ``BAD_ATTACHMENT`` (no or broken data) or
            ``UNSUPPORTED_ATTACHMENT`` (PDF, RTF, images: not text).
    """
    if segment.get(2).upper() == "RP":
        raise Refused(Reason.EXTERNAL_ATTACHMENT)
    value = segment.first(5)
    kinds = {value.component(2).upper(), value.component(3).upper()} - {""}
    data = _data(value.component(4).upper(), value.component(5))
    is_text = not kinds or (kinds & (_TEXT_TYPES | _HTML) and not kinds & _OTHER)
    if not is_text:
        raise Refused(Reason.UNSUPPORTED_ATTACHMENT)
    return plain_text(data, html=bool(kinds & _HTML))


def _data(encoding: str, written: str) -> bytes:
    """Decode ED.5 by its encoding in ED.4: Base64, Hex or A (as is)."""
    if encoding == "A":
        return written.encode()
    if encoding != "HEX":
        return from_base64(written)
    try:
        return bytes.fromhex(written)
    except ValueError:
        raise Refused(Reason.BAD_ATTACHMENT) from None
