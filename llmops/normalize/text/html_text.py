"""Render HTML and XHTML narrative as text: paragraphs, lists and tables survive, markup and scripts do not."""

import re
from typing import Any, Final

from lxml import etree

SILENT: Final = frozenset({"script", "style", "head", "title", "template", "object", "noscript", "svg"})
BLOCK: Final = frozenset(
    {
        "p",
        "div",
        "section",
        "article",
        "table",
        "ul",
        "ol",
        "dl",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "pre",
        "blockquote",
    }
)
LINE: Final = frozenset({"br", "tr", "li", "dt", "dd", "caption", "hr"})
CELL: Final = frozenset({"td", "th"})
_SPACES: Final = re.compile(r"[ \t\r\f\v]+")
_AROUND_LINE: Final = re.compile(r" ?\n ?")
_BLANK_LINES: Final = re.compile(r"\n{3,}")


class _Reader:
    """Collect text from parser events, so that no tree is built and no nesting can exhaust the stack."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._silent = 0
        self._pre = 0

    def start(self, tag: str, _attributes: object) -> None:
        if tag in SILENT:
            self._silent += 1
        elif tag in BLOCK:
            self._pre += tag == "pre"
            self.pieces.append("\n\n" if tag != "table" else "\n")
        elif tag in LINE:
            self.pieces.append("\n- " if tag == "li" else "\n")
        elif tag in CELL and self.pieces and not self.pieces[-1].endswith("\n"):
            self.pieces.append(" | ")

    def end(self, tag: str) -> None:
        if tag in SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in BLOCK:
            self._pre = max(0, self._pre - (tag == "pre"))
            self.pieces.append("\n")

    def data(self, data: str) -> None:
        if self._silent:
            return
        text = data if self._pre else re.sub(r"\s+", " ", data)
        if text and (text != " " or (self.pieces and not self.pieces[-1].endswith(("\n", " ")))):
            self.pieces.append(text)

    def comment(self, _text: str) -> None:
        """Drop comments: they are markup."""

    def close(self) -> str:
        return "".join(self.pieces)


def html_to_text(markup: str) -> str:
    """Convert HTML or XHTML to readable text; nothing is fetched, no DOCTYPE entity is expanded.

    Args:
        markup: HTML, XHTML or a fragment of either. PHI.
    """
    if not markup.strip():
        return ""
    reader: Any = _Reader()
    parser = etree.HTMLParser(target=reader, no_network=True, huge_tree=False, encoding="utf-8")
    try:
        parser.feed(markup.encode("utf-8", "replace"))
        text = str(parser.close())
    except etree.LxmlError:
        return ""
    text = _AROUND_LINE.sub("\n", _SPACES.sub(" ", text))
    return _BLANK_LINES.sub("\n\n", text).strip()
