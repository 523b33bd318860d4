"""Decide which birth years reveal an age over 89, 164.514(b)(2)(i)(C)."""

from typing import Final

from llmops.phi import OLDEST_AGE

YEAR_OF_WRITING: Final = 2026
"""Assumed year of reading, unless the text gives a later one: stages read no clock."""


def is_over_89(born: int, written: int | None = None) -> bool:
    """Say whether a person is over 89 in the assumed year of reading.

    Args:
        born: year of birth.
        written: year of the document, where it is known.
    """
    return max(written or 0, YEAR_OF_WRITING) - born > OLDEST_AGE
