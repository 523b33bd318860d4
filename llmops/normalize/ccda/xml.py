"""Parse C-CDA safely, and traverse its elements by local name."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final, TypeAlias

from lxml import etree

from llmops.documents import Reason, SourceRecord
from llmops.normalize.errors import Refused
from llmops.normalize.text.decode import decode

Element: TypeAlias = etree._Element  # noqa: SLF001  lxml gives its element type no public name

_XSI_TYPE: Final = "{http://www.w3.org/2001/XMLSchema-instance}type"
# Allowed before the root element or a DOCTYPE: white space, processing instructions, comments.
_PROLOG: Final = re.compile(r"\s+|<\?(?:[^?]|\?(?!>))*\?>|<!--(?:[^-]|-(?!->))*-->")
_DECLARED: Final = re.compile(rb"<\?xml[^>]{1,80}?encoding=[\"']([A-Za-z0-9._\-]{1,40})[\"']")
_LIMIT_ERRORS: Final = frozenset({1, 114})
_UNFINISHED: Final = 77


def parse(record: SourceRecord, max_depth: int) -> Element:
    """Parse a document without network, DTD or entities.

    Args:
        record: the document. PHI.
        max_depth: maximum nesting depth.

    Returns:
        The root element, without comments and processing instructions.

    Raises:
        Refused: ``DOCTYPE_REFUSED``, ``TOO_DEEP``, ``TOO_LARGE``, ``TRUNCATED``, ``EMPTY``, ``WRONG_ENCODING`` or
            ``MALFORMED``.
    """
    text = _text(record)
    if not text.strip():
        raise Refused(Reason.EMPTY)
    # Checked before the parser sees a byte: entity declarations are never read, let alone expanded.
    if text.startswith("<!", _prolog_end(text)):
        raise Refused(Reason.DOCTYPE_REFUSED)
    root = _parsed(text.lstrip())
    if root.getroottree().docinfo.doctype:  # type: ignore[attr-defined] # the stubs lack it
        raise Refused(Reason.DOCTYPE_REFUSED)
    _check_depth(root, max_depth)
    return root


def _text(record: SourceRecord) -> str:
    """Return the decoded document; if the source's encoding does not fit, by the document's own declaration."""
    try:
        return decode(record).text
    except Refused:
        declared = _DECLARED.match(record.payload)
        if declared is None:
            raise
        return decode(replace(record, encoding=declared.group(1).decode("ascii"))).text


def _parsed(text: str) -> Element:
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(text.encode("utf-8"), parser)
    except etree.XMLSyntaxError as error:
        reason = _reason(error)
    except (ValueError, UnicodeEncodeError):
        reason = Reason.MALFORMED
    raise Refused(reason) from None


def _reason(error: etree.XMLSyntaxError) -> Reason:
    """Map a parser error to a reason; only its kind is used, since its message may quote the input."""
    code: int | None = getattr(error, "code", None)
    if code in _LIMIT_ERRORS:
        return Reason.TOO_DEEP if "depth" in str(error.msg) else Reason.TOO_LARGE
    return Reason.TRUNCATED if code == _UNFINISHED else Reason.MALFORMED


def _prolog_end(text: str) -> int:
    at = 1 if text.startswith("\ufeff") else 0
    while (match := _PROLOG.match(text, at)) is not None:
        at = match.end()
    return at


def _check_depth(root: Element, max_depth: int) -> None:
    depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > max_depth:
            raise Refused(Reason.TOO_DEEP)


def name_of(element: Element) -> str:
    """Return the local name of an element, without namespace."""
    tag: object = element.tag  # for a comment or processing instruction it is a function
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def children(element: Element | None, *path: str) -> Iterator[Element]:
    """Yield all elements at a path of local names below an element."""
    if element is None:
        return
    head, *rest = path
    for child in element:
        if name_of(child) == head:
            if rest:
                yield from children(child, *rest)
            else:
                yield child


def child(element: Element | None, *path: str) -> Element | None:
    """Return the first element at a path of local names, or None."""
    return next(children(element, *path), None)


def attribute(element: Element | None, name: str) -> str:
    """Return an attribute's value, stripped; ``""`` if absent."""
    return element.get(name, "").strip() if element is not None else ""


def datatype(element: Element) -> str:
    """Return the HL7 datatype in ``xsi:type``, without prefix."""
    return element.get(_XSI_TYPE, "").rpartition(":")[2]


def text_of(element: Element | None) -> str:
    """Return all text of an element on one line."""
    return " ".join("".join(map(str, element.itertext())).split()) if element is not None else ""
