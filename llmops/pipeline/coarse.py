"""Numbers about a record as it was, made too coarse to tell what stood where something was masked.

Audit log, summary and release are read by people who may know the few names that could stand there. An exact size says
how long the name was (CWE-203); so do exact counts of what was mended in it.
"""

from typing import Final

BLOCK: Final = 4096
"""Bytes: sizes are told in whole blocks, as disks do."""
_STRUCTURAL: Final = ("dropped:", "typed_only")


def in_blocks(size: int) -> int:
    """Give the bytes of the blocks that ``size`` bytes take."""
    return -(-size // BLOCK) * BLOCK


def coarse_changes(changes: tuple[tuple[str, int], ...]) -> tuple[tuple[str, int], ...]:
    """Give counts of what was mended in a text as 1, 10, 100 and so on, at most the count.

    What was left out of its fields and columns is counted as it is: that hangs on how the record was built, not on what
    it says.
    """
    return tuple((rule, count if rule.startswith(_STRUCTURAL) else _power_of_ten(count)) for rule, count in changes)


def _power_of_ten(count: int) -> int:
    return 10 ** (len(str(count)) - 1) if count > 0 else 0
