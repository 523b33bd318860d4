"""Render the lenses of a VisionPrescription: one line per eye."""

from collections.abc import Iterator
from typing import Final

from llmops.normalize.fhir.bundle import Record
from llmops.normalize.fhir.render import render
from llmops.normalize.fhir.values import display, notes, number, objs, string
from llmops.normalize.json_object import Json

_LENSES: Final = ("lensSpecification", "dispense")
_MEASURED: Final = (
    ("sphere", "sphere"),
    ("cylinder", "cylinder"),
    ("axis", "axis"),
    ("prism", "prism"),
    ("add", "add"),
    ("power", "power"),
    ("backCurve", "back curve"),
    ("diameter", "diameter"),
    ("duration", "for"),
    ("color", "color"),
    ("brand", "brand"),
)
"""Elements of a lens and their labels, in the usual order of prescriptions."""


def lenses(resource: Json, record: Record) -> Iterator[str]:
    """Return one line per lens of a prescription; STU3 calls the list ``dispense``.

    Args:
        resource: a VisionPrescription. PHI.
        record: the record that holds it. PHI.
    """
    for lens in (lens for name in _LENSES for lens in objs(resource.get(name))):
        eye = string(lens.get("eye"))
        parts = [display(lens.get("product"))]
        parts += [f"{label} {text}" for name, label in _MEASURED if (text := _said(name, lens, record, resource))]
        parts += notes(lens, "note")
        if said := ", ".join(part for part in parts if part):
            yield f"{eye.capitalize()} eye: {said}" if eye else said


def _said(name: str, lens: Json, record: Record, resource: Json) -> str:
    value = lens.get(name)
    if name != "prism":
        return render(value, record, resource)
    # A number with its base beside it in STU3, a list of both in R4.
    prisms = objs(value) or [{"amount": value, "base": lens.get("base")}]
    said = ((number(prism.get("amount")), string(prism.get("base"))) for prism in prisms)
    return " and ".join(f"{amount} {base}".strip() for amount, base in said if amount)
