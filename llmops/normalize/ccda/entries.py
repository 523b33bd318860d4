"""Read structured C-CDA entries as typed values, and as readable lines if the narrative is empty."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from llmops.documents import Field, FieldPhi
from llmops.normalize.ccda.xml import Element, attribute, child, children, datatype, name_of, text_of
from llmops.normalize.text.hl7_times import iso_time
from llmops.normalize.text.units import measured_phi, spoken_unit
from llmops.phi import PhiLabel

_STATEMENTS: Final = frozenset(
    {"observation", "substanceAdministration", "procedure", "act", "encounter", "supply", "organizer"}
)
# Intents and goals are no findings: their values get separate names.
_MOODS: Final = frozenset({"INT", "RQO", "GOL", "PRMS", "PRP", "ARQ", "APT", "DEF"})
_SYSTEMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "2.16.840.1.113883.6.1": "http://loinc.org",
        "2.16.840.1.113883.6.96": "http://snomed.info/sct",
        "2.16.840.1.113883.6.88": "http://www.nlm.nih.gov/research/umls/rxnorm",
        "2.16.840.1.113883.6.90": "http://hl7.org/fhir/sid/icd-10-cm",
        "2.16.840.1.113883.6.103": "http://hl7.org/fhir/sid/icd-9-cm",
        "2.16.840.1.113883.6.104": "http://hl7.org/fhir/sid/icd-9-cm",
        "2.16.840.1.113883.12.292": "http://hl7.org/fhir/sid/cvx",
        "2.16.840.1.113883.6.69": "http://hl7.org/fhir/sid/ndc",
        "2.16.840.1.113883.6.12": "http://www.ama-assn.org/go/cpt",
        "2.16.840.1.113883.4.9": "http://fdasis.nlm.nih.gov",
    }
)
# Codes that only state the kind of observation (assertion, problem, severity); the finding is in the value.
_WRAPPERS: Final = frozenset(
    {"ASSERTION", "CONC", "SEV", "STATUS", "55607006", "282291009", "29308-4", "64572001", "404684003", "75326-9",
     "75323-6", "418799008", "409586006", "29299-5", "33999-4", "48767-8", "48765-2", "allergyConcern", "problem"}
)  # fmt: skip


_NEGATIONS: Final = frozenset({"negationInd", "valueNegationInd", "actionNegationInd"})
# Statuses of statements that did not happen or were not completed.
_UNDONE: Final = frozenset({"cancelled", "aborted", "held", "suspended"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One clinical statement. PHI.

    Args:
        fields: its typed values.
        line: readable form, e.g. ``"Hemoglobin: 13.2 g/dL; 2012-08-06"``; empty if it has no content.
    """

    fields: tuple[Field, ...] = field(repr=False)
    line: str = field(repr=False)


def statements(section: Element, narrative_by_id: Mapping[str, str]) -> Iterator[Statement]:
    """Return the statements of a section's entries, nested ones after their parents.

    Args:
        section: the ``<section>``. PHI.
        narrative_by_id: narrative texts that entries reference. PHI.
    """
    for entry in children(section, "entry"):
        for element in entry.iter():
            if name_of(element) in _STATEMENTS and element.get("nullFlavor") is None and not _is_nullified(element):
                statement = _statement(element, narrative_by_id)
                if statement.fields:
                    yield statement


def code_of(coded: Element | None) -> str:
    """Return a coded element as ``system|code``; the first translation if the element itself is null."""
    if coded is None:
        return ""
    for one in (coded, *children(coded, "translation")):
        code, system = attribute(one, "code"), attribute(one, "codeSystem")
        if code and " " not in code and len(code) <= 40:
            return f"{_SYSTEMS.get(system, f'urn:oid:{system}')}|{code}"
    return ""


def display_of(coded: Element | None, narrative_by_id: Mapping[str, str]) -> str:
    """Return a coded element's text: display name, original text, referenced narrative, or a translation."""
    if coded is None:
        return ""
    original = child(coded, "originalText")
    spoken = attribute(coded, "displayName") or text_of(original) or _referenced(original, narrative_by_id)
    translated = (attribute(one, "displayName") for one in children(coded, "translation"))
    return spoken or next(filter(None, translated), "") or attribute(coded, "code")


def _statement(element: Element, narrative_by_id: Mapping[str, str]) -> Statement:
    kind = name_of(element)
    mood = attribute(element, "moodCode")
    prefix = f"{kind}.{mood}" if mood in _MOODS else kind
    negated = _is_negated(element)
    subject = _product(element) if kind in {"substanceAdministration", "supply"} else child(element, "code")
    label, code = display_of(subject, narrative_by_id), code_of(subject)
    is_wrapper = code.rpartition("|")[2] in _WRAPPERS or not code
    values = [value for one in children(element, "value") if (value := _value(one, narrative_by_id)) is not None]
    substance = _substance(element)
    if substance is not None and is_wrapper:
        label, code, is_wrapper = display_of(substance, narrative_by_id), code_of(substance), False
    if kind == "organizer" or (is_wrapper and not values):
        return Statement(fields=(), line="")
    found: list[Field] = []
    if not is_wrapper:
        name = f"{prefix}.negated" if negated else f"{prefix}.code"
        found.append(Field(name=name, value=label, phi=_phi_of(subject if substance is None else substance), code=code))
    for value in values:
        name = f"{prefix}.negatedValue" if negated else f"{prefix}.value"
        own = value.code if is_wrapper or not code else code
        found.append(Field(name=name, value=value.value, phi=value.phi, unit=value.unit, code=own))
    found += _quantities(element, prefix, code)
    times = _times(element)
    found += [Field(name=f"{prefix}.effectiveTime", value=time, phi=PhiLabel.DATE, code=code) for time in times]
    spoken = [f"{value.value} {spoken_unit(value.unit)}".strip() for value in values]
    status = attribute(child(element, "statusCode"), "code")
    head = ": ".join(filter(None, ("" if is_wrapper else label, ", ".join(spoken))))
    line = "; ".join(
        filter(
            None,
            (("No " if negated else "") + head, *_dose(found), status if status in _UNDONE else "", " to ".join(times)),
        )
    )
    return Statement(fields=tuple(found), line=line)


def _is_negated(element: Element) -> bool:
    """Say whether negationInd, or its CDA R2.1 and sdtc successors, negate the element."""
    marks = (str(value).strip() for name, value in element.items() if str(name).rpartition("}")[2] in _NEGATIONS)
    return any(mark in {"true", "1"} for mark in marks)


def _is_nullified(element: Element) -> bool:
    """Say whether the statement was entered in error (ActStatus nullified)."""
    return attribute(child(element, "statusCode"), "code") == "nullified"


def _value(element: Element, narrative_by_id: Mapping[str, str]) -> Field | None:
    """Return an observation's value with unit and PHI class; None if empty."""
    kind = datatype(element)
    written = attribute(element, "value")
    if kind in {"CD", "CE", "CO", "CV", "CS"}:
        text = display_of(element, narrative_by_id)
        return Field(name="value", value=text, phi=_phi_of(element), code=code_of(element)) if text else None
    if kind in {"TS", "IVL_TS"}:
        time = " to ".join(_interval(element))
        return Field(name="value", value=time, phi=PhiLabel.DATE) if time else None
    if kind == "BL" and written:
        return Field(name="value", value=written == "true")
    if kind in {"PQ", "INT", "REAL", "MO"} and written:
        number = _number(written)
        phi = measured_phi(number, _unit(element)) if number is not None else FieldPhi.FREE_TEXT
        return Field(name="value", value=written if number is None else number, phi=phi, unit=_unit(element))
    if kind in {"IVL_PQ", "IVL_INT", "RTO_PQ_PQ", "RTO"}:
        ends = [attribute(end, "value") for end in element]
        unit = next(filter(None, (_unit(end) for end in element)), "")
        text = " - ".join(filter(None, ends))
        return Field(name="value", value=text, phi=FieldPhi.FREE_TEXT, unit=unit) if text else None
    text = text_of(element) or _referenced(element, narrative_by_id)
    return Field(name="value", value=text, phi=FieldPhi.FREE_TEXT) if text else None


def _quantities(element: Element, prefix: str, code: str) -> list[Field]:
    """Return dose, route, interpretation and status of a statement."""
    found = []
    dose = child(element, "doseQuantity")
    number = _number(attribute(dose, "value"))
    if dose is not None and number is not None:
        found.append(Field(name=f"{prefix}.doseQuantity", value=number, unit=_unit(dose), code=code))
    for name in ("routeCode", "interpretationCode", "statusCode"):
        coded = child(element, name)
        text = attribute(coded, "displayName") or attribute(coded, "code")
        if text:
            found.append(Field(name=f"{prefix}.{name}", value=text, phi=_phi_of(coded), code=code))
    return found


def _dose(fields: list[Field]) -> Iterator[str]:
    for one in fields:
        if one.name.endswith((".doseQuantity", ".routeCode")):
            yield f"{one.value} {one.unit}".strip()


def _times(element: Element) -> list[str]:
    """Return the times of a statement: a point, or the ends of an interval."""
    return [time for one in children(element, "effectiveTime") for time in _interval(one)]


def _interval(element: Element) -> list[str]:
    points = (element, child(element, "low"), child(element, "high"))
    return list(filter(None, (iso_time(attribute(point, "value")) for point in points)))


def _product(element: Element) -> Element | None:
    for path in (("consumable", "manufacturedProduct"), ("product", "manufacturedProduct")):
        for material in ("manufacturedMaterial", "manufacturedLabeledDrug"):
            code = child(element, *path, material, "code")
            if code is not None:
                return code
    return child(element, "code")


def _substance(element: Element) -> Element | None:
    """Return the allergen: the consumed substance of an allergy observation."""
    for participant in children(element, "participant"):
        if attribute(participant, "typeCode") == "CSM":
            return child(participant, "participantRole", "playingEntity", "code")
    return None


def _phi_of(coded: Element | None) -> FieldPhi:
    """Return the PHI class of a coded element; without a code it was typed by a person."""
    return FieldPhi.NONE if code_of(coded) else FieldPhi.FREE_TEXT


def _referenced(element: Element | None, narrative_by_id: Mapping[str, str]) -> str:
    reference = child(element, "reference")
    target = attribute(reference, "value")
    return narrative_by_id.get(target[1:], "") if target.startswith("#") else ""


def _unit(element: Element) -> str:
    unit = attribute(element, "unit")
    return "" if unit == "1" or " " in unit or len(unit) > 24 else unit


def _number(written: str) -> int | float | None:
    digits = written.lstrip("+-")
    if not digits.isascii() or len(digits) > 15 or not digits.replace(".", "", 1).isdigit():
        return None
    return float(written) if "." in written else int(written)
