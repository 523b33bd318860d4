"""Verify check digits of numbers issued to people, and make numbers that cannot be issued."""

import re
from typing import Final

_NPI_PREFIX: Final = "80840"
_DEA: Final = re.compile(r"[A-Za-z]{2}(\d{7})")
_CARD_LENGTHS: Final = range(13, 20)
_DIHEDRAL: Final = tuple(
    tuple(
        (j + k) % 5 + 5 * (k > 4) if j < 5 and k < 5 else
        (j + k) % 5 + 5 if j < 5 else
        (j - k) % 5 + 5 if k < 5 else
        (j - k) % 5
        for k in range(10)
    )
    for j in range(10)
)  # fmt: skip
"""Multiplication table of the dihedral group D5."""
_PERMUTATION: Final = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def is_luhn(digits: str) -> bool:
    """Say whether the last digit is the Luhn check digit of the preceding ones."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def is_verhoeff(digits: str) -> bool:
    """Say whether the last digit is the Verhoeff check digit of the preceding ones, as in SNOMED CT identifiers."""
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = _DIHEDRAL[check][_permuted(int(digit), place)]
    return check == 0


def is_dea(digits: str) -> bool:
    """Say whether seven digits carry the check digit of a DEA registration."""
    odd, even = sum(map(int, digits[0:6:2])), sum(map(int, digits[1:6:2]))
    return (odd + 2 * even) % 10 == int(digits[6])


def _permuted(digit: int, times: int) -> int:
    for _ in range(times % 8):
        digit = _PERMUTATION[digit]
    return digit


def could_be_issued(text: str) -> bool:
    """Say whether a code is a valid NPI (45 CFR 162.406), DEA or payment card number, ignoring separators."""
    bare = re.sub(r"[^A-Za-z0-9]", "", text)
    dea = _DEA.fullmatch(bare)
    if dea is not None:
        return is_dea(dea.group(1))
    if not bare.isdigit():
        return False
    return (len(bare) == 10 and is_luhn(_NPI_PREFIX + bare)) or (len(bare) in _CARD_LENGTHS and is_luhn(bare))


def spoiled(text: str) -> str:
    """Advance the last digit of a code until it could not be issued."""
    if not could_be_issued(text):
        return text
    last = max(i for i, c in enumerate(text) if c.isdigit())
    return text[:last] + str((int(text[last]) + 1) % 10) + text[last + 1 :]
