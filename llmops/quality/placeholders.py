"""Recognises the typed placeholders that stand where PHI stood (``[NAME]``, ``[DATE 2024]``, ``[AGE90 90+]``)."""

import re
from typing import Final

from llmops.phi import PhiLabel

PLACEHOLDER: Final = re.compile(
    r"\[(?:" + "|".join(sorted((str(label) for label in PhiLabel), key=len, reverse=True)) + r")(?: [0-9+]{2,4})?\]"
)
_WORD: Final = re.compile(r"[^\W_]+")


def without_placeholders(text: str) -> str:
    """The text with a blank for each placeholder."""
    return PLACEHOLDER.sub(" ", text) if "[" in text else text


def words(text: str) -> list[str]:
    """The words and numbers of a text."""
    return _WORD.findall(text)
