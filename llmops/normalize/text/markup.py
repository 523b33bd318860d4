"""Resolve HTML in text not declared as HTML: references become characters, known tags are removed, all else stays.

Notes contain ``<``, ``&`` and ``x < 5 > y`` freely, so nothing is parsed: only well-formed, known constructs are
markup.
"""

import re
from collections import Counter
from typing import Final

from llmops.characters import INLINE_TAGS, REFERENCE, referenced
from llmops.normalize.text.html_text import BLOCK, CELL, LINE

_HIDDEN: Final = ("script", "style")
# A title stays: pasted XML has its headings there.
_FRAMES: Final = frozenset({"html", "head", "title", "body", "thead", "tbody", "tfoot", "colgroup", "col", "center"})
_FOREIGN: Final = frozenset({"img", "meta", "link"})
_NAMES: Final = "|".join(INLINE_TAGS | BLOCK | LINE | CELL | _FRAMES | _FOREIGN | {*_HIDDEN})
# Only these attributes may lack a value: ``<a and b>`` is no tag.
_ATTRIBUTE: Final = (
    r"""\s++(?:[a-z_][\w:.-]{0,60}+\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'<>=`]++)|(?:nowrap|border|hidden|noshade)\b)"""
)
_MARKUP: Final = re.compile(
    rf"(?P<reference>{REFERENCE.pattern})|(?P<comment><!--)|<(?P<end>/?)(?P<tag>{_NAMES})(?:{_ATTRIBUTE}){{0,40}}\s*+/?>",
    re.IGNORECASE,
)
_COMMENT: Final = "!--"
_CLOSING: Final = {name: re.compile(rf"</{name}\s*+>", re.IGNORECASE) for name in _HIDDEN} | {
    _COMMENT: re.compile("-->")
}
_BLANKS: Final = " \t"


def markup_edits(text: str, changes: Counter[str]) -> list[tuple[int, int, str]]:
    """Return the markup of a text as ``(start, end, replacement)`` in order, not overlapping.

    Args:
        text: any text. PHI.
        changes: counts by rule (``markup``, ``reference``), updated.
    """
    edits: list[tuple[int, int, str]] = []
    open_ended: set[str] = set()
    done, before = 0, ""
    while (match := _MARKUP.search(text, done)) is not None:
        start, end = match.span()
        name = _COMMENT if match["comment"] else (match["tag"] or "").lower()
        replacement = ""
        if match["reference"]:
            replacement = _character(match.group())
        elif name in _CLOSING:
            end = _closed(text, match, name, open_ended)
            replacement = match.group() if name == _COMMENT and end == match.end() else ""
        elif name not in INLINE_TAGS | _FOREIGN:
            start, end = _without_space(text, done, start), _past_space(text, end)
            replacement = _layout(name, (before + text[done:start])[-2:], opens=not match["end"])
        if replacement != text[start:end]:
            changes["reference" if match["reference"] else "markup"] += 1
            edits.append((start, end, replacement))
        before = (before + text[done:start] + replacement)[-2:]
        done = end
    return edits


def _character(reference: str) -> str:
    match = REFERENCE.fullmatch(reference)
    return referenced(match) if match is not None else reference


def _closed(text: str, match: re.Match[str], name: str, open_ended: set[str]) -> int:
    """Return the end of a comment or invisible element; the end of its tag if nothing closes it.

    Args:
        text: the text. PHI.
        match: opening of the comment or the tag.
        name: name of the element to close.
        open_ended: names not closed in the rest of the text, updated, so that none is searched twice.
    """
    if match["end"] or name in open_ended:
        return match.end()
    closing = _CLOSING[name].search(text, match.end())
    if closing is None:
        open_ended.add(name)
        return match.end()
    return closing.end()


def _without_space(text: str, done: int, start: int) -> int:
    """Return the start of the blanks and one line end before a tag, which its own line break replaces."""
    kept = text[done:start].rstrip(_BLANKS)
    kept = kept.removesuffix("\n").removesuffix("\r")
    return done + len(kept)


def _past_space(text: str, end: int) -> int:
    while text[end : end + 1] in {" ", "\t"}:
        end += 1
    if text.startswith("\r\n", end):
        return end + 2
    return end + (text[end : end + 1] in {"\r", "\n"})


def _layout(name: str, before: str, *, opens: bool) -> str:
    r"""Return a tag's plain-text form, after the two characters ``before``: consistent with `html_to_text`."""
    new_line = "" if not before or before == "\n\n" else "\n"
    if name in CELL and opens:
        return " | " if before and before[-1] != "\n" else ""
    if name == "li" and opens:
        return new_line + "- "
    return new_line if name in BLOCK | {"br", "title"} or (name in LINE and opens) else ""
