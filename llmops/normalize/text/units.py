"""Spell out units whose code would not be understood."""

from llmops.documents import FieldPhi, FieldValue
from llmops.phi import OLDEST_AGE, UNITS_OF_AGE, PhiLabel


def spoken_unit(unit: str) -> str:
    """Return the unit in words if it is years: ``95 a`` is an age over 89 that nobody would recognise.

    Args:
        unit: UCUM, or a sender's spelling.
    """
    return "years" if unit.lower() in UNITS_OF_AGE else unit


def measured_phi(value: FieldValue, unit: str) -> FieldPhi | PhiLabel:
    """Return the PHI class of a measured number: over 89 years it is an age (164.514(b)(2)(i)(C)).

    Args:
        value: the number. PHI.
        unit: its unit.
    """
    is_old = isinstance(value, int | float) and unit.lower() in UNITS_OF_AGE and value >= OLDEST_AGE + 1
    return PhiLabel.AGE90 if is_old else FieldPhi.NONE
