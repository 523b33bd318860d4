"""Word lists for training."""

from importlib.resources import files
from typing import Final

_LISTS: Final = files(__package__)


def listed(name: str) -> tuple[str, ...]:
    """Read a word list; ``_`` in an entry stands for a space, and a list with ``;`` is split there."""
    text = (_LISTS / f"{name}.txt").read_text(encoding="utf-8")
    entries = text.strip().split(";") if ";" in text else [word.replace("_", " ") for word in text.split()]
    return tuple(dict.fromkeys(entries))


def lines(name: str) -> tuple[str, ...]:
    """Read a list with one entry per line; ``#`` at the start of a line begins a comment."""
    text = (_LISTS / f"{name}.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if line and not line.startswith("#"))


def weighted(name: str) -> dict[str, int]:
    """Read a list of words and counts, one pair per line."""
    return {word: int(count) for word, count in (line.split() for line in lines(name))}
