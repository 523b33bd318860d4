"""Third-party extensions: installed packages offer them as entry points, and a recipe names those it uses.

Only extensions named by a recipe are loaded; they are part of the fingerprint.
"""

import hashlib
from enum import StrEnum
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

from llmops.errors import RecipeError


class Extension(StrEnum):
    """Kinds of extension, by entry point group; the docstring of a value names the required type."""

    FORMAT = "llmops.formats"
    """A `llmops.formats.FormatSpec`."""
    RECOGNIZER = "llmops.recognizers"
    """A callable without arguments that returns a Presidio `EntityRecognizer`."""
    CHECK = "llmops.checks"
    """``check(document, policy) -> (score in [0, 1], evidence)``, like the modules of `llmops.quality.checks`."""
    ASSERTION = "llmops.assertions"
    """A class like those of `llmops.evaluation.assertions`, with its own ``use`` tag."""
    ENGINE = "llmops.engines"
    """A callable like `llmops.engines.LocalEngine` that returns an `llmops.engines.Engine`."""


def load(extension: Extension, name: str) -> object:
    """Load the extension that an installed package offers under a name.

    Raises:
        RecipeError: no installed package offers it, or it cannot be loaded.
    """
    point = _point(extension, name)
    try:
        return point.load()
    except Exception as error:  # noqa: BLE001 - a third-party module may raise anything
        raise RecipeError(f"plug-in {name!r} ({extension}): cannot be loaded ({type(error).__name__})") from None


def digest(extension: Extension, name: str) -> str:
    """Return the SHA-256 (hex) of a plug-in: entry point, version of its package, source of its module.

    Raises:
        RecipeError: no installed package offers it.
    """
    point = _point(extension, name)
    spec = find_spec(point.module)
    source = Path(spec.origin).read_bytes() if spec is not None and spec.origin else b""
    version = point.dist.version if point.dist is not None else ""
    return hashlib.sha256(f"{point.value}\0{version}\0".encode() + source).hexdigest()


def _point(extension: Extension, name: str) -> EntryPoint:
    found = tuple(entry_points(group=extension, name=name))
    if not found:
        raise RecipeError(f"plug-in {name!r}: no installed package offers it in the group {extension}")
    if len(found) > 1:
        raise RecipeError(f"plug-in {name!r}: several installed packages offer it in the group {extension}")
    return found[0]
