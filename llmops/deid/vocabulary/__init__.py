"""Word lists written for this project: what is never a name, what often is one, and names to stand in for real ones."""

from importlib.resources import files


def word_list(name: str) -> tuple[str, ...]:
    """Read the words of ``<name>.txt`` beside this module, one a line, in order."""
    return tuple(files(__name__).joinpath(f"{name}.txt").read_text(encoding="ascii").split())


def word_set(name: str) -> frozenset[str]:
    """Read the words of ``<name>.txt`` beside this module, for look-up."""
    return frozenset(word_list(name))
