"""Decide which three-digit ZIP prefixes may be kept under Safe Harbor."""

import re
from typing import Final

from llmops.deid.vocabulary import word_set

_UNASSIGNED: Final = word_set("unassigned")
"""Prefixes in no census table: never assigned, or military mail."""

_FIVE_DIGITS: Final = re.compile(r"(?<!\d)(\d{3})\s?\d{2}(?:\s?-?\s?\d{4})?(?!\d)")


def safe_zip3(surface: str, restricted: frozenset[str]) -> str:
    """Return the first three digits, or ``"000"`` if they are restricted or in no census table.

    164.514(b)(2)(i)(B): the initial three digits may be kept only if all ZIP codes sharing them together hold more than
    20,000 people.

    Args:
        surface: a ZIP or ZIP+4 code as written. PHI.
        restricted: prefixes of areas with fewer people.
    """
    match = _FIVE_DIGITS.search(surface)
    if match is None:
        return "000"
    prefix = match.group(1)
    return "000" if prefix in restricted or prefix in _UNASSIGNED else prefix
