"""Read YAML written by people: recipes, policies and suites."""

import os
import re
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, NodeEvent

from llmops.errors import RecipeError

# A tag that does not fit its value (``!!bool perhaps``), an invalid date, or unlimited nesting.
_UNREADABLE: Final = (YAMLError, ValueError, LookupError, TypeError, AttributeError, RecursionError)


_MAX_BYTES: Final = 2**20
_MAX_VALUES: Final = 50_000
_MAX_DEPTH: Final = 64
_LONG_TAG: Final = re.compile(r"!\S{1000}")
"""A tag that takes time quadratic in its length to read."""


class _TooMuchError(Exception):
    """Raised with the name of an exceeded limit."""


def read_yaml(path: Path, what: str) -> tuple[Any, bytes]:
    """Read YAML 1.2 safely: ``0123`` is kept as written and a duplicate key is refused.

    A file of more than 1 MiB, 50,000 values or 64 levels is refused, too. Values are counted as if aliases and merge
    keys were expanded, but before expansion: a reader of the result would expand them (CWE-776).

    Args:
        path: the file.
        what: name of the file in errors.

    Returns:
        The content, and the bytes of the file.

    Raises:
        RecipeError: it cannot be read or is not valid; names the line if known, never its content.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
        if len(raw) > _MAX_BYTES:
            raise _TooMuchError(f"larger than {_MAX_BYTES:,} bytes")
        text = raw.decode("utf-8")  # parsing bytes takes time quadratic in a long word
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
    """Refuse content that is too large or too deep after alias expansion, without expanding it."""
    if _LONG_TAG.search(text):
        raise _TooMuchError("a tag of over 1,000 characters")
    anchors: dict[str, tuple[int, int]] = {}  # values and levels of each finished node with an anchor
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
