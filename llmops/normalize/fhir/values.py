"""Read FHIR data types as text and typed values; functions accept anything and return empty for wrong types."""

from collections.abc import Iterator
from typing import Any, Final

from llmops.normalize.json_object import Json
from llmops.normalize.text.units import spoken_unit

_DATATYPES: Final = frozenset(
    {
        "Quantity", "CodeableConcept", "String", "Boolean", "Integer", "Range", "Ratio", "SampledData", "Time",
        "DateTime", "Period", "Attachment", "Date", "Decimal", "Age", "Duration", "Reference", "Uri", "Code",
        "Coding", "Timing", "Instant", "Money", "Markdown", "Identifier",
    }
)  # fmt: skip
"""Allowed suffixes of a choice element; the element's name becomes a field name, so the list is closed."""

# Codes of other systems are left out: a local system's URL names the hospital.
_PUBLIC: Final = (
    "http://loinc.org",
    "http://snomed.info/",
    "http://www.nlm.nih.gov/research/umls/",
    "http://hl7.org/fhir/",
    "http://terminology.hl7.org/",
    "http://unitsofmeasure.org",
    "http://www.ama-assn.org/go/cpt",
    "http://fdasis.nlm.nih.gov",
    "http://www.genenames.org",
    "http://human-phenotype-ontology.org",
    "http://varnomen.hgvs.org",
    "urn:oid:2.16.840.1.113883.6.",
    "urn:oid:2.16.840.1.113883.5.",
    "2.16.840.1.113883.6.",
)
_LONGEST_CODE: Final = 40
_LONGEST_UNIT: Final = 24
_PREFERRED: Final = ("http://loinc.org", "http://snomed.info/sct", "http://www.nlm.nih.gov/research/umls/rxnorm")


def obj(value: Any) -> Json:
    """Return the value if it is an object, else an empty one."""
    return value if type(value) is dict else {}


def objs(value: Any) -> list[Json]:
    """Return the objects of a list, or one object in place of a list (older versions send that)."""
    if type(value) is list:
        return [item for item in value if type(item) is dict]
    return [value] if type(value) is dict else []


def string(value: Any) -> str:
    """Return the value if it is a string, else an empty one."""
    return value.strip() if type(value) is str else ""


def display(concept: Any) -> str:
    """Return the display text of a CodeableConcept or Coding."""
    concept = obj(concept)
    if text := string(concept.get("text")):
        return text
    codings = objs(concept.get("coding")) or [concept]
    for key in ("display", "code"):
        for coding in codings:
            if text := string(coding.get(key)):
                return text
    return ""


def coded_display(concept: Any) -> str:
    """Return a concept's terminology display; empty if it has only free text."""
    codings = objs(obj(concept).get("coding")) or [obj(concept)]
    return next((text for coding in codings if (text := string(coding.get("display"))) and _is_public(coding)), "")


def code(concept: Any) -> str:
    """Return ``system|code`` of a concept, LOINC, SNOMED CT and RxNorm first; empty without a public code."""
    codings = [c for c in objs(obj(concept).get("coding")) or [obj(concept)] if _is_public(c)]
    if not codings:
        return ""
    best = min(codings, key=lambda c: _rank(c.get("system")))
    return f"{string(best.get('system'))}|{string(best.get('code'))}"


def unit(value: Any) -> str:
    """Return the unit of a Quantity, UCUM first; empty if too long for a unit."""
    text = string(obj(value).get("code")) or string(obj(value).get("unit"))
    return text if len(text) <= _LONGEST_UNIT else ""


def loinc(concept: Any) -> str:
    """Return the LOINC code of a concept, or empty."""
    for coding in objs(obj(concept).get("coding")):
        if coding.get("system") == _PREFERRED[0]:
            return string(coding.get("code"))
    return ""


def _is_public(coding: Json) -> bool:
    written = string(coding.get("code"))
    return 0 < len(written) <= _LONGEST_CODE and string(coding.get("system")).startswith(_PUBLIC)


def _rank(system: Any) -> int:
    return _PREFERRED.index(system) if system in _PREFERRED else len(_PREFERRED)


def number(value: Any) -> str:
    """Format a number without binary-fraction noise: ``46.617568000721235`` becomes 46.62."""
    if type(value) is float:
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:.1f}".removesuffix(".0")
    return str(value) if type(value) is int else string(value)


def quantity(value: Any) -> str:
    """Return a Quantity, Age or Duration as text, ``"< 5 mg/dL"``."""
    value = obj(value)
    amount = number(value.get("value"))
    unit = spoken_unit(string(value.get("unit")) or string(value.get("code")))
    return " ".join(part for part in (string(value.get("comparator")), amount, unit) if part) if amount else ""


def range_text(value: Any) -> str:
    """Return a Range as text."""
    value = obj(value)
    return " - ".join(part for part in (quantity(value.get("low")), quantity(value.get("high"))) if part)


def ratio(value: Any) -> str:
    """Return a Ratio as text."""
    value = obj(value)
    return " / ".join(part for part in (quantity(value.get("numerator")), quantity(value.get("denominator"))) if part)


def when(resource: Json, *names: str) -> str:
    """Return the first named element that holds a point in time; for a Period its start."""
    for name in names:
        value = resource.get(name)
        text = string(value) or string(obj(value).get("start")) or string(obj(value).get("end"))
        if text:
            return text
    return ""


def day(time: str) -> str:
    """Return the date of a time."""
    return time[:10]


def reference(value: Any) -> str:
    """Return the literal reference of a Reference, or empty."""
    return string(obj(value).get("reference"))


def choice(resource: Json, stem: str) -> tuple[str, Any]:
    """Return the full name and value of a choice such as ``value[x]``, or empty."""
    size = len(stem)
    for name, value in resource.items():
        if name.startswith(stem) and name[size:] in _DATATYPES:
            return name, value
    return "", None


def notes(resource: Json, *names: str) -> Iterator[str]:
    """Return the texts of Annotations and strings in the named elements."""
    for name in names:
        value = resource.get(name)
        for item in value if type(value) is list else [value]:
            text = string(item) or string(obj(item).get("text")) or string(obj(item).get("contentString"))
            if text:
                yield text
