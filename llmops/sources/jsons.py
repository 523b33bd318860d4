"""Frame JSON: one document, one object per line, or an array of objects."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final, TypeAlias

import orjson

from llmops.documents import Reason
from llmops.sources.encoding import utf8_only
from llmops.sources.errors import Unreadable
from llmops.sources.framed import Broken, Frame, Framed
from llmops.sources.lines import line_end, split_lines
from llmops.sources.spec import ROW, Formats, of_keys
from llmops.sources.stream import Stream

JsonObject: TypeAlias = dict[str, object]

_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]:,]', re.DOTALL)
_HEAD: Final = 65536
_HALF: Final = re.compile(
    # Match escape by escape, so that an escaped backslash before "ud800" is no surrogate and a pair stays whole.
    rb"\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|(u[dD][89a-fA-F][\da-fA-F]{2})|.)",
    re.DOTALL,
)
_PHENOPACKET_PARTS: Final = frozenset({"phenotypicFeatures", "metaData", "interpretations", "diseases", "biosamples"})


def json_object(data: bytes) -> JsonObject | None:
    """Parse ``data`` as a JSON object; ``None`` if it is another value or broken."""
    try:
        value = orjson.loads(whole_characters(data))
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def whole_characters(data: bytes) -> bytes:
    """Replace every escaped lone surrogate by U+FFFD; all byte offsets stay the same."""
    if rb"\ud" not in data and rb"\uD" not in data:
        return data
    return _HALF.sub(lambda match: rb"\ufffd" if match[1] else match[0], data)


def top_keys(head: bytes) -> frozenset[str]:
    """Return the keys of the outermost object within ``head``; works for truncated and broken JSON."""
    keys, depth, last = set(), 0, b""
    for match in _TOKEN.finditer(head):
        token = match[0]
        if token in b"{[":
            depth += 1
        elif token in b"}]":
            depth -= 1
        elif token == b":" and depth == 1:
            keys.add(last[1:-1].decode("utf-8", "replace"))
        last = token
    return frozenset(keys)


def is_fhir(keys: frozenset[str]) -> bool:
    """Say whether a JSON object with these keys is a FHIR resource."""
    return "resourceType" in keys


def is_phenopacket(keys: frozenset[str]) -> bool:
    """Say whether a JSON object with these keys is a phenopacket, a family or a cohort."""
    subject = keys & {"subject", "proband", "members"}
    return bool(subject and keys & (_PHENOPACKET_PARTS | {"pedigree", "relatives"}))


def lines(stream: Stream, cap: int, *, rows: bool) -> Iterator[Framed]:
    """Yield each non-blank line as a record; its ordinal is its offset, so that ranges agree.

    Args:
        rows: whether lines are rows, which must be objects (``BAD_ROW``); resources are validated by their reader.
    """
    for line in split_lines(stream, cap, line_end(stream.peek(_HEAD))):
        if line.data is None:
            yield Broken(ordinal=line.start, reason=Reason.TOO_LARGE)
        elif line.data.strip():
            yield _object(line.start, line.start, line.end, line.data.rstrip(b"\r\n"), row=rows)


def array(stream: Stream, cap: int, formats: Formats) -> Iterator[Framed]:
    """Yield each element of an array of objects as a record of the matching format, else as a row.

    Raises:
        Refused: the array is larger than ``cap`` (``TOO_LARGE``), broken (``MALFORMED``) or empty.
    """
    payload = stream.whole(cap)
    utf8_only(payload)
    try:
        elements = orjson.loads(whole_characters(payload))
    except orjson.JSONDecodeError:
        raise Unreadable(Reason.MALFORMED) from None
    for number, element in enumerate(elements if isinstance(elements, list) else [elements]):
        yield _element(number, element, formats)


def _element(number: int, element: object, formats: Formats) -> Framed:
    try:
        data = orjson.dumps(element)
    except orjson.JSONEncodeError:  # orjson parses deeper nesting than it serialises
        return Broken(ordinal=number, reason=Reason.TOO_DEEP, rows=True)
    claimed = of_keys(formats, frozenset(element)) if isinstance(element, dict) else None
    framed = replace(_object(number, number, number + 1, data, row=claimed is None), rows=True)
    return framed if isinstance(framed, Broken) else replace(framed, format=claimed.name if claimed else ROW)


def _object(ordinal: int, start: int, end: int, data: bytes, *, row: bool) -> Framed:
    try:
        utf8_only(data)
    except Unreadable as refused:
        return Broken(ordinal=ordinal, reason=refused.reason, data=data)
    data = whole_characters(data)
    if row and json_object(data) is None:
        return Broken(ordinal=ordinal, reason=Reason.BAD_ROW, data=data)
    return Frame(ordinal=ordinal, payload=data, start=start, end=end)
