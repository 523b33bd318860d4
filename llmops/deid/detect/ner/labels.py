"""What the network says of a word piece: the kinds of PHI it knows and the BIO tags over them."""

from typing import Final

LABELS: Final = ("NAME", "LOC", "ORG", "DATE", "ID", "AGE")
"""Kinds of PHI; ID joins every identifier that is a string of letters and digits."""

TAGS: Final = ("O", *(f"{position}-{label}" for label in LABELS for position in "BI"))
"""Output order of the network: outside, then beginning and inside of each label."""

OUTSIDE: Final = 0
"""Index in `TAGS` of a piece that is no PHI."""


def beginning(label: int) -> int:
    """Give the index in `TAGS` of the first piece of ``LABELS[label]``; its other pieces have the next index."""
    return 1 + 2 * label
