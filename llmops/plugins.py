"""Extensions by strangers: installed packages offer them as entry points, a recipe names those that it uses.

Nothing is loaded that a recipe does not name, and what it names is part of the fingerprint.
"""

import hashlib
from enum import StrEnum
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

from llmops.errors import RecipeError


class Extension(StrEnum):
    """What can be added, by group of entry points; the value says what each must be."""

    FORMAT = "llmops.formats"
    """A `llmops.formats.FormatSpec`."""
    RECOGNIZER = "llmops.recognizers"
    """A callable without arguments that gives a Presidio `EntityRecognizer`."""
    CHECK = "llmops.checks"
    """``check(document, policy) -> (score in [0, 1], evidence)``, as the modules of `llmops.quality.checks`."""
    ASSERTION = "llmops.assertions"
    """A class as those of `llmops.evaluation.assertions`, with a ``use`` tag of its own."""
    ENGINE = "llmops.engines"
    """A callable as `llmops.engines.LocalEngine`, which gives an `llmops.engines.Engine`."""


def load(extension: Extension, name: str) -> object:
    """Load what an installed package offers under a name.

    Raises:
        RecipeError: no installed package offers it, or it cannot be loaded.
    """
    point = _point(extension, name)
    try:
        return point.load()
    except Exception as error:  # noqa: BLE001 - whatever goes wrong in a stranger's module is that module's fault
        raise RecipeError(f"plug-in {name!r} ({extension}): cannot be loaded ({type(error).__name__})") from None


def digest(extension: Extension, name: str) -> str:
    """SHA-256 (hex) of what decides in a plug-in: its entry point, the version of its package, its module's source.

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
