"""Units as a reader says them, where the code of a unit would not be understood for what it measures."""

from llmops.documents import FieldPhi, FieldValue
from llmops.phi import OLDEST_AGE, UNITS_OF_AGE, PhiLabel


def spoken_unit(unit: str) -> str:
    """The unit in words where it is years: ``95 a`` is an age over 89, and nobody would see it.

    Args:
        unit: UCUM or as a sender writes it.
    """
    return "years" if unit.lower() in UNITS_OF_AGE else unit


def measured_phi(value: FieldValue, unit: str) -> FieldPhi | PhiLabel:
    """The PHI class of a measured number: over 89 years it is an age (164.514(b)(2)(i)(C)).

    Args:
        value: the number. PHI.
        unit: its unit.
    """
    is_old = isinstance(value, int | float) and unit.lower() in UNITS_OF_AGE and value >= OLDEST_AGE + 1
    return PhiLabel.AGE90 if is_old else FieldPhi.NONE
