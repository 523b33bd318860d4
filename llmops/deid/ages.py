"""Which year of birth tells an age over 89, 164.514(b)(2)(i)(C)."""

from typing import Final

from llmops.phi import OLDEST_AGE

YEAR_OF_WRITING: Final = 2026
"""No clock runs in a stage: texts count as read in this year, where they give no later one themselves."""


def is_over_89(born: int, written: int | None = None) -> bool:
    """Say whether somebody is over 89 in the year the text counts as read in.

    Args:
        born: year of birth.
        written: year of the document, where it is known.
    """
    return max(written or 0, YEAR_OF_WRITING) - born > OLDEST_AGE
