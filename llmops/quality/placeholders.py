"""The words of a text beside the placeholders that stand where PHI stood."""

import re
from typing import Final

from llmops.phi import PLACEHOLDER

_WORD: Final = re.compile(r"[^\W_]+")


def without_placeholders(text: str) -> str:
    """The text with a blank for each placeholder."""
    return PLACEHOLDER.sub(" ", text) if "[" in text else text


def words(text: str) -> list[str]:
    """The words and numbers of a text."""
    return _WORD.findall(text)
