"""Reads the YAML that people write: recipes, policies and suites."""

import os
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from llmops.errors import RecipeError

# A tag that does not fit its value (``!!bool perhaps``), a date that is none, or nesting without end.
_UNREADABLE: Final = (YAMLError, ValueError, LookupError, TypeError, AttributeError, RecursionError)


def read_yaml(path: Path, what: str) -> tuple[Any, bytes]:
    """YAML 1.2, safe: ``0123`` stays what it is and a key that stands twice is refused.

    Args:
        path: the file.
        what: how errors call it.

    Returns:
        What it says, and its bytes.

    Raises:
        RecipeError: it cannot be read, or not as such; names the line where that is known, never what stands there.
    """
    try:
        raw = path.read_bytes()
        return YAML(typ="safe", pure=True).load(raw), raw
    except OSError as error:
        raise RecipeError(f"{what}: cannot be read ({os.strerror(error.errno or 0)})") from None
    except _UNREADABLE as error:
        mark = getattr(error, "problem_mark", None)
        place = f" at line {mark.line + 1}" if mark is not None else ""
        raise RecipeError(f"{what}: not valid YAML 1.2 in UTF-8{place} (or a key stands twice)") from None
