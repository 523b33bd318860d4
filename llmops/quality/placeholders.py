"""Words of a text without its PHI placeholders."""

import re
from typing import Final

from llmops.phi import PLACEHOLDER

_WORD: Final = re.compile(r"[^\W_]+")


def without_placeholders(text: str) -> str:
    """Replace each placeholder by a blank."""
    return PLACEHOLDER.sub(" ", text) if "[" in text else text


def words(text: str) -> list[str]:
    """List the words and numbers of a text."""
    return _WORD.findall(text)
