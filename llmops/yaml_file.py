"""Reads the YAML that people write: recipes, policies and suites."""

import os
import re
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, NodeEvent

from llmops.errors import RecipeError

# A tag that does not fit its value (``!!bool perhaps``), a date that is none, or nesting without end.
_UNREADABLE: Final = (YAMLError, ValueError, LookupError, TypeError, AttributeError, RecursionError)


_MAX_BYTES: Final = 2**20
_MAX_VALUES: Final = 50_000
_MAX_DEPTH: Final = 64
_LONG_TAG: Final = re.compile(r"!\S{1000}")
"""Costs the square of its length to be read."""


class _TooMuchError(Exception):
    """What a document has too much of."""


def read_yaml(path: Path, what: str) -> tuple[Any, bytes]:
    """YAML 1.2, safe: ``0123`` stays what it is and a key that stands twice is refused.

    So is a file of more than 1 MiB, 50,000 values or 64 levels, counted as if aliases and merge keys were written out
    but before they are: whoever reads the result would write them out (CWE-776).

    Args:
        path: the file.
        what: how errors call it.

    Returns:
        What it says, and its bytes.

    Raises:
        RecipeError: it cannot be read, or not as such; names the line where that is known, never what stands there.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
        if len(raw) > _MAX_BYTES:
            raise _TooMuchError(f"larger than {_MAX_BYTES:,} bytes")
        text = raw.decode("utf-8")  # read from bytes, a long word costs the square of its length
        _measure(text)
        return YAML(typ="safe", pure=True).load(text), raw
    except OSError as error:
        raise RecipeError(f"{what}: cannot be read ({os.strerror(error.errno or 0)})") from None
    except _TooMuchError as error:
        raise RecipeError(f"{what}: {error}") from None
    except _UNREADABLE as error:
        mark = getattr(error, "problem_mark", None)
        place = f" at line {mark.line + 1}" if mark is not None else ""
        raise RecipeError(f"{what}: not valid YAML 1.2 in UTF-8{place} (or a key stands twice)") from None


def _measure(text: str) -> None:
    """Refuse what holds too much or is too deep once its aliases are written out, without writing them out."""
    if _LONG_TAG.search(text):
        raise _TooMuchError("a tag of over 1,000 characters")
    anchors: dict[str, tuple[int, int]] = {}  # values and levels of each finished node that has a name
    open_nodes: list[tuple[str | None, int, int]] = [(None, 0, 0)]
    for event in YAML(typ="safe", pure=True).parse(text):
        if isinstance(event, CollectionStartEvent):
            open_nodes.append((event.anchor, 1, 0))
            if len(open_nodes) > _MAX_DEPTH:
                raise _TooMuchError(f"nested deeper than {_MAX_DEPTH} levels")
            continue
        if isinstance(event, CollectionEndEvent):
            anchor, size, depth = open_nodes.pop()
        elif isinstance(event, AliasEvent):
            anchor, (size, depth) = None, anchors.get(str(event.anchor), (0, _MAX_DEPTH))
        elif isinstance(event, NodeEvent):
            anchor, size, depth = event.anchor, 1, 0
        else:
            continue
        if anchor:
            anchors[anchor] = size, depth
        holder, beside, deepest = open_nodes.pop()
        open_nodes.append((holder, beside + size, max(deepest, depth + 1)))
        if beside + size > _MAX_VALUES:
            raise _TooMuchError(f"more than {_MAX_VALUES:,} values, aliases written out")
        if len(open_nodes) + depth > _MAX_DEPTH:
            raise _TooMuchError(f"nested deeper than {_MAX_DEPTH} levels, aliases written out")
