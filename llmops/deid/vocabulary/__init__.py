"""Word lists written for this project: never names, often names, and surrogate names."""

from importlib.resources import files


def word_list(name: str) -> tuple[str, ...]:
    """Read the words of ``<name>.txt`` beside this module, one per line, in order."""
    return tuple(files(__name__).joinpath(f"{name}.txt").read_text(encoding="ascii").split())


def word_set(name: str) -> frozenset[str]:
    """Read the words of ``<name>.txt`` beside this module as a set."""
    return frozenset(word_list(name))
