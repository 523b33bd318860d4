"""Resolve HL7 v2 escape sequences (v2.9, 2.7): separators, hexadecimal data and FT formatting commands."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

_LONGEST_SPACE: Final = 80
# \Cxxyy\ and \Mxxyyzz\ switch character sets mid-text, \Zdd\ is local; they have no visible text.
_KNOWN: Final = r"[FSTREHNP]|\.(?:br|sp|sk|in|ti|fi|nf|ce)[+-]?\d{0,3}|X[0-9A-Fa-f]{2,}|[CM][0-9A-Fa-f]{4,6}|Z\w{1,8}"


def unescape(text: str, escape: str, marks: Mapping[str, str], encoding: str) -> str:
    r"""Resolve standard escape sequences; anything else stays unchanged, so that nothing is lost.

    Args:
        text: one field or component as sent. PHI.
        escape: the message's escape character.
        marks: the message's separators by the letter of their escape: F, S, T, R, E.
        encoding: encoding of the bytes of ``\Xhh\``.
    """
    if not escape or escape not in text:
        return text
    return _pattern(escape).sub(lambda match: _resolved(match.group(1), marks, encoding), text)


@lru_cache(maxsize=16)
def _pattern(escape: str) -> re.Pattern[str]:
    mark = re.escape(escape)
    return re.compile(f"{mark}({_KNOWN}){mark}")


def _resolved(sequence: str, marks: Mapping[str, str], encoding: str) -> str:
    if sequence in marks:
        return marks[sequence]
    if sequence.startswith("."):
        return _formatting(sequence[1:3], sequence[3:])
    if sequence.startswith("X"):
        return _hexadecimal(sequence[1:], encoding)
    return "#" if sequence == "P" else ""


def _formatting(command: str, number: str) -> str:
    """Return a formatting command as plain text: a line break or blanks."""
    count = min(int(number.lstrip("+-") or 0) or 1, _LONGEST_SPACE)
    if command in {"br", "ce"}:
        return "\n"
    if command == "sp":
        return "\n" * min(count, 2)
    return " " * count if command in {"sk", "ti"} else ""


def _hexadecimal(digits: str, encoding: str) -> str:
    data = bytes.fromhex(digits[: len(digits) // 2 * 2])
    # A lone line end is a line end in every encoding; UTF-16 would need two bytes for it.
    codec = "latin-1" if encoding.lower().startswith(("utf-16", "utf_16")) else encoding
    return data.decode(codec, "replace").replace("\r\n", "\n").replace("\r", "\n")
