"""Render one coded resource as a statement: a readable line, typed fields with PHI class, time and encounter."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from llmops.documents import Field, FieldPhi, FieldValue
from llmops.normalize.fhir.bundle import Entry, Record
from llmops.normalize.fhir.modifiers import negating_words, negation
from llmops.normalize.fhir.render import render
from llmops.normalize.fhir.specs import SPECS, Spec
from llmops.normalize.fhir.types import CATEGORY_SECTIONS, GENOTYPE_LOINC, VITALS
from llmops.normalize.fhir.values import (
    choice,
    code,
    coded_display,
    day,
    display,
    loinc,
    notes,
    number,
    obj,
    objs,
    reference,
    string,
    unit,
    when,
)
from llmops.normalize.json_object import Json
from llmops.normalize.text.cleaning import clean
from llmops.normalize.text.units import measured_phi
from llmops.phi import PhiLabel

_ENCOUNTER: Final = ("encounter", "context")
_QUIET_STATUS: Final = frozenset({"final", "completed", "finished", "active", "confirmed", "unknown", "order"})
_STATUS: Final = re.compile(r"[a-z\-]{1,24}")
_TIME_CHOICES: Final = ("DateTime", "Date", "Time", "Instant", "Period")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """The content of a resource, ready for a summary. PHI.

    Args:
        path: the resource in the record.
        type: its resource type.
        section: its heading.
        line: one readable line.
        remarks: free text that belongs below the line.
        fields: typed values.
        time: ISO 8601, or empty.
        encounter: literal reference to its encounter, or empty.
    """

    path: str
    type: str
    section: str
    line: str = field(repr=False)
    remarks: tuple[str, ...] = field(default=(), repr=False)
    fields: tuple[Field, ...] = ()
    time: str = field(default="", repr=False)
    encounter: str = field(default="", repr=False)


def statement(entry: Entry, record: Record) -> Statement | None:
    """Return the statement of a coded resource; None for types without a spec and resources without content.

    Args:
        entry: the resource. PHI.
        record: record in which references are resolved. PHI.
    """
    spec = SPECS.get(entry.type)
    if spec is None:
        return None
    resource = entry.resource
    concept = _what(resource, spec, record)
    headline = render(concept, record, resource)
    time = when(resource, *spec.when)
    is_genotype = entry.type == "Observation" and loinc(concept) in GENOTYPE_LOINC
    values = [] if is_genotype else list(_values(resource))
    remarks = tuple(text for text in notes(resource, *spec.notes) if text != headline)
    title, listed = _listed(entry, record)
    headline = headline or title
    if not (headline or values or remarks):
        return None
    return Statement(
        path=entry.path,
        type=entry.type,
        section=_section(resource, spec),
        line=_line(headline, values, time, resource, spec, record),
        remarks=remarks + listed,
        fields=tuple(_fields(entry, spec, concept, headline, time, remarks, record, is_genotype=is_genotype)),
        time=time,
        encounter=next((r for name in _ENCOUNTER if (r := reference(resource.get(name)))), ""),
    )


def people_fields(resource: Json, type_name: str, names: tuple[str, ...], label: PhiLabel) -> Iterator[Field]:
    """Return the displays of references to people or places as fields that are that identifier."""
    for name in names:
        for item in objs(resource.get(name)):
            target = next((obj(item[k]) for k in ("actor", "individual", "agent", "location") if k in item), item)
            if text := string(target.get("display")):
                yield Field(name=f"{type_name}.{name}", value=clean(text).text, phi=label)


def concept_field(name: str, concept: Any, text: str) -> Field:
    """Return a coded value: no PHI if from a terminology, free text if typed by a person."""
    coded = coded_display(concept)
    phi = FieldPhi.NONE if coded else FieldPhi.FREE_TEXT
    return Field(name=name, value=clean(coded or text).text, phi=phi, code=code(concept))


def _what(resource: Json, spec: Spec, record: Record) -> Any:
    """Return the element with the resource's subject matter; references resolve to the code of their target."""
    for name in spec.what:
        candidates: list[Any] = list(objs(resource.get(name))) or [resource.get(name)]
        for value in candidates:
            target = record.resolve(reference(value), resource) if reference(value) else None
            if target is not None:
                value = target.resource.get("code") or target.resource.get("type") or value  # noqa: PLW2901
            if display(value) or string(value) or string(obj(value).get("display")):
                return value
    return {}


def _section(resource: Json, spec: Spec) -> str:
    for category in objs(resource.get("category")):
        for coding in objs(category.get("coding")):
            if (section := CATEGORY_SECTIONS.get(string(coding.get("code")))) and spec.section in {"Results", VITALS}:
                return section
    return spec.section


def _values(resource: Json) -> Iterator[tuple[str, Any, str, Any]]:
    """Yield name, code, element and value of each ``value[x]``, including components."""
    name, value = choice(resource, "value")
    if name:
        yield "", None, name, value
    for component in objs(resource.get("component")):
        name, value = choice(component, "value")
        if name:
            yield display(component.get("code")), component.get("code"), name, value


def _line(
    headline: str, values: list[tuple[str, Any, str, Any]], time: str, resource: Json, spec: Spec, record: Record
) -> str:
    shown = "; ".join(
        f"{label} {text}" if label else text
        for label, _, _, value in values
        if (text := render(value, record, resource))
    )
    said = negation(resource)
    parts = [": ".join(part for part in (said, headline, shown) if part)]
    for name in spec.status:
        word = display(resource.get(name)) if type(resource.get(name)) is dict else string(resource.get(name))
        if word and word.lower() not in _QUIET_STATUS and not (said and word.lower() in negating_words()):
            parts.append(word)
    for name, label in spec.details:
        if text := render(resource.get(name), record, resource):
            parts.append(f"{label} {text}")
    line = ", ".join(part for part in parts if part)
    return f"{line} ({day(time)})" if time else line


def _fields(
    entry: Entry,
    spec: Spec,
    concept: Any,
    headline: str,
    time: str,
    remarks: tuple[str, ...],
    record: Record,
    *,
    is_genotype: bool,
) -> Iterator[Field]:
    name, resource = entry.type, entry.resource
    main = code(concept)
    if headline:
        yield concept_field(f"{name}.negated" if negation(resource) else f"{name}.code", concept, headline)
    if status := string(resource.get("status")) or display(resource.get("clinicalStatus")):
        phi = FieldPhi.NONE if _STATUS.fullmatch(status) else FieldPhi.FREE_TEXT
        yield Field(name=f"{name}.status", value=clean(status).text, phi=phi, code=main)
    if certainty := string(resource.get("verificationStatus")) or display(resource.get("verificationStatus")):
        phi = FieldPhi.NONE if _STATUS.fullmatch(certainty) else FieldPhi.FREE_TEXT
        yield Field(name=f"{name}.verificationStatus", value=clean(certainty).text, phi=phi, code=main)
    if time:
        yield Field(name=f"{name}.time", value=time, phi=PhiLabel.DATE, code=main)
    for _, component, element, value in _values(resource):
        part = f"{name}.component.{element}" if component is not None else f"{name}.{element}"
        path = f"{name}.genotype.{element}" if is_genotype else part
        yield value_field(path, element, value, code(component) if component is not None else main, record)
    for text in remarks:
        yield Field(name=f"{name}.note", value=clean(text).text, phi=FieldPhi.FREE_TEXT, code=main)
    yield from people_fields(resource, name, spec.people, PhiLabel.NAME)
    yield from people_fields(resource, name, spec.places, PhiLabel.ORG)


def value_field(name: str, element: str, value: Any, coded: str, record: Record) -> Field:
    """Return a ``value[x]`` as a typed field: numbers keep their unit, times are dates, strings are searched."""
    if element.endswith("Quantity"):
        amount = obj(value).get("value")
        if type(amount) in (int, float):
            phi = measured_phi(amount, unit(value) or string(obj(value).get("unit")))
            return Field(name=name, value=amount, unit=unit(value), phi=phi, code=coded)
    if element.endswith("CodeableConcept"):
        field_ = concept_field(name, value, display(value))
        return Field(name=name, value=field_.value, phi=field_.phi, code=coded)
    if element.endswith(_TIME_CHOICES):
        return Field(name=name, value=string(value) or string(obj(value).get("start")), phi=PhiLabel.DATE, code=coded)
    plain: FieldValue = value if type(value) in (bool, int, float) else clean(render(value, record, {})).text
    phi = FieldPhi.FREE_TEXT if type(plain) is str else FieldPhi.NONE
    return Field(name=name, value=plain, phi=phi, code=coded)


def _listed(entry: Entry, record: Record) -> tuple[str, tuple[str, ...]]:
    """Return the resource's list lines and a fallback name; nothing without lines."""
    if entry.type == "QuestionnaireResponse":
        title, lines = "Questionnaire", tuple(_answers(entry.resource, record))
    elif entry.type == "VisionPrescription":
        title, lines = "Lens prescription", tuple(lenses(entry.resource, record))
    else:
        return "", ()
    return (title if lines else ""), lines


def _answers(resource: Json, record: Record) -> Iterator[str]:
    """Yield questions with answers, groups flattened in order."""
    waiting = objs(resource.get("item"))[::-1]
    while waiting:
        item = waiting.pop()
        given = objs(item.get("answer"))
        values = [value for answer in given if (value := choice(answer, "value")[1]) is not None]
        answers = [text for value in values if (text := render(value, record, resource))]
        if answers:
            yield f"{string(item.get('text')) or 'Answer'}: {', '.join(answers)}"
        waiting += [child for answer in given for child in objs(answer.get("item"))][::-1]
        waiting += objs(item.get("item"))[::-1]


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
"""Elements of a lens and what they are called, in the order in which prescriptions list them."""


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
