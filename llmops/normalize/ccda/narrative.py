"""Render a section's narrative block as text: tables by header and value, lists, paragraphs, footnotes."""

from collections.abc import Iterator
from typing import Final

from llmops.normalize.ccda.tables import grid, table_lines
from llmops.normalize.ccda.xml import Element, children, name_of

# Narrative markup, and the HTML that senders use instead.
_PARAGRAPHS: Final = frozenset({"paragraph", "p", "div", "caption", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "text"})
_LISTS: Final = frozenset({"list", "ul", "ol"})
_ITEMS: Final = ("item", "li")
_SPACE_PRESERVED: Final = "{http://www.w3.org/XML/1998/namespace}space"


def narrative(text: Element) -> Iterator[tuple[Element, str]]:
    """Return the blocks of a section's ``<text>`` in order, each with its source element and text.

    Args:
        text: the ``<text>`` element. PHI.
    """
    blocks = [block for block in text if name_of(block) in _PARAGRAPHS | _LISTS | {"table"}]
    has_loose_text = any((part or "").strip() for part in (text.text, *(block.tail for block in text)))
    if has_loose_text or len(blocks) != len(text):
        yield text, "\n".join(lines(text))
        return
    for block in blocks:
        yield block, "\n".join(_block(block))


def lines(element: Element) -> list[str]:
    """Return an element's lines of text, white space collapsed."""
    flow = _Flow()
    flow.inside(element)
    flow.end_line()
    return flow.lines


class _Flow:
    """Running text: inline pieces accumulate on a line until a block or a break ends it."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._line: list[str] = []

    def end_line(self) -> None:
        text = " ".join("".join(self._line).split())
        self._line = []
        if text:
            self.lines.append(text)

    def inside(self, element: Element) -> None:
        """Add everything within an element."""
        preserved = name_of(element) == "pre" or element.get(_SPACE_PRESERVED) == "preserve"
        self._text(element.text, preserved=preserved)
        for part in element:
            self._element(part)
            self._text(part.tail, preserved=preserved)

    def _text(self, text: str | None, *, preserved: bool) -> None:
        if text and preserved:
            for n, line in enumerate(text.split("\n")):
                if n:
                    self.end_line()
                self._line.append(line)
        elif text:
            self._line.append(text)

    def _element(self, element: Element) -> None:
        name = name_of(element)
        if name == "br":
            self.end_line()
        elif name in _PARAGRAPHS | _LISTS | {"table"}:
            self.end_line()
            self.lines += _block(element)
        elif element.get("revised") == "delete":
            # Deleted by the author; the standard only keeps it visible as struck through.
            return
        elif name == "renderMultiMedia":
            self._line.append(" [image] ")
            self.inside(element)
        elif name == "footnote":
            self._line.append(" (")
            self.inside(element)
            self._line.append(") ")
        else:
            # "10<sup>9</sup>" is not 109.
            self._line.append("^" if name == "sup" and (element.text or "").strip()[:1].isdigit() else "")
            self.inside(element)


def _block(element: Element) -> list[str]:
    name = name_of(element)
    if name in _LISTS:
        return list(_list_lines(element))
    if name == "table":
        captions = [line for caption in children(element, "caption") for line in lines(caption)]
        return [*captions, *table_lines(grid(element, _cell))]
    return lines(element)


def _list_lines(element: Element) -> Iterator[str]:
    ordered = element.get("listType") == "ordered" or name_of(element) == "ol"
    number = 0
    for part in element:
        if name_of(part) not in _ITEMS:
            yield from lines(part)
            continue
        number += 1
        mark = f"{number}. " if ordered else "- "
        for n, line in enumerate(lines(part)):
            yield ("  " if n else mark) + line


def _cell(element: Element) -> str:
    """Return a table cell on one line."""
    pieces = [line.rstrip(";") for line in lines(element)]
    return "".join(piece if n == 0 else _joint(pieces[n - 1]) + piece for n, piece in enumerate(pieces))


def _joint(before: str) -> str:
    return " " if before.endswith((":", ",", "-")) else "; "
