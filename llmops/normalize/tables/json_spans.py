"""Locate string values of a JSON payload in its bytes."""

from collections import Counter

import orjson

from llmops.normalize.text.builder import TextBuilder
from llmops.normalize.text.markup import markup_edits


def add_json_string(builder: TextBuilder, value: str, *, path: str, payload: bytes) -> None:
    """Add a string value line by line, exact if its bytes occur unescaped in the payload.

    A value that cannot be located (escaped differently, or twice in the payload) maps to the whole payload: a wrong
    range would be worse than a wide one. HTML maps to the whole value, since its tags do not keep to lines.

    Args:
        builder: takes the text.
        value: the parsed value. PHI.
        path: the element in the source's terms.
        payload: the record's bytes. PHI.
    """
    start = _find(value, payload)
    if start is None:
        builder.add(value, path=path, source_end=len(payload))
        return
    changes: Counter[str] = Counter()
    markup_edits(value, changes)
    if changes["markup"]:
        builder.add(value, path=path, source_start=start, source_end=start + len(orjson.dumps(value)) - 2)
        return
    for line in value.splitlines(keepends=True):
        encoded = orjson.dumps(line)[1:-1]
        body = line.rstrip("\r\n")
        plain = body.encode()
        end = start + len(encoded)
        exact = encoded.startswith(plain)
        builder.add(body, path=path, source_start=start, source_end=start + len(plain) if exact else end, exact=exact)
        rest = line[len(body) :]
        if rest:
            builder.add(rest, path=path, source_start=start + len(plain) if exact else start, source_end=end)
        start = end


def _find(value: str, payload: bytes) -> int | None:
    try:
        encoded = orjson.dumps(value)
    except orjson.JSONEncodeError:
        return None
    at = payload.find(encoded)
    return at + 1 if at >= 0 and payload.find(encoded, at + 1) < 0 else None
