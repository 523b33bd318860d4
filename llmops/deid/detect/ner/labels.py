"""Define the network's output: PHI kinds and their BIO tags."""

from typing import Final

LABELS: Final = ("NAME", "LOC", "ORG", "DATE", "ID", "AGE")
"""Kinds of PHI; ID covers every alphanumeric identifier."""

TAGS: Final = ("O", *(f"{position}-{label}" for label in LABELS for position in "BI"))
"""Output order of the network: outside, then beginning and inside of each label."""

OUTSIDE: Final = 0
"""Index in `TAGS` of non-PHI."""


def beginning(label: int) -> int:
    """Return the `TAGS` index of the first piece of ``LABELS[label]``; inside pieces have the next index."""
    return 1 + 2 * label
