"""Which first three digits of a ZIP code may survive under Safe Harbor."""

import re
from typing import Final

_UNASSIGNED: Final = frozenset(
    "000 001 002 003 004 009 213 269 343 345 348 353 419 428 429 517 518 519 529 533 536 552 568 578 579 589 621 632 642 643 "
    "659 663 682 694 695 696 697 698 699 702 709 715 732 742 771 817 818 819 839 848 849 854 858 861 862 866 867 868 "
    "869 872 876 886 887 888 892 896 899 909 929 987 090 091 092 093 094 095 096 097 098 099 340 962 963 964 965 966".split()
)
"""Prefixes that no census table knows: never assigned, or military mail."""

_FIVE_DIGITS: Final = re.compile(r"(?<!\d)(\d{3})\s?\d{2}(?:\s?-?\s?\d{4})?(?!\d)")


def safe_zip3(surface: str, restricted: frozenset[str]) -> str:
    """Give the first three digits, or ``"000"`` where they are restricted or no census table knows them.

    164.514(b)(2)(i)(B): the initial three digits may stay only where all ZIP codes with them hold more than 20,000
    people.

    Args:
        surface: a ZIP or ZIP+4 code as written. PHI.
        restricted: prefixes of smaller areas.
    """
    match = _FIVE_DIGITS.search(surface)
    if match is None:
        return "000"
    prefix = match.group(1)
    return "000" if prefix in restricted or prefix in _UNASSIGNED else prefix
