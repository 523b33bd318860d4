"""Coarsen numbers about the original record so that they do not reveal masked text.

Readers of audit log, summary and release may know the few names that are possible. An exact size reveals the length
of a masked name (CWE-203); so do exact counts of the repairs in it.
"""

from typing import Final

BLOCK: Final = 4096
"""Block size in bytes: sizes are reported in whole blocks, as disks do."""
_STRUCTURAL: Final = ("dropped:", "typed_only")


def in_blocks(size: int) -> int:
    """Round ``size`` up to the bytes of whole blocks."""
    return -(-size // BLOCK) * BLOCK


def coarse_changes(changes: tuple[tuple[str, int], ...]) -> tuple[tuple[str, int], ...]:
    """Round counts of text repairs down to a power of 10 (1, 10, 100 ...).

    Counts of dropped fields and columns stay exact: they depend on the record's structure, not on its content.
    """
    return tuple((rule, count if rule.startswith(_STRUCTURAL) else _power_of_ten(count)) for rule, count in changes)


def _power_of_ten(count: int) -> int:
    return 10 ** (len(str(count)) - 1) if count > 0 else 0
