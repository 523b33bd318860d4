"""Read Phenopacket data types: ontology classes, ages and times, in both protobuf JSON spellings."""

import re
from typing import Any, Final

from llmops.normalize.fhir.values import number, obj, quantity, string
from llmops.normalize.json_object import Json

_CAPITAL: Final = re.compile(r"[A-Z]")
_DURATION: Final = re.compile(r"P(?:(\d{1,3})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,6})D)?(?:T.{0,30})?")
_CURIE: Final = re.compile(
    r"(?:HP|MONDO|OMIM|ORPHA|Orphanet|DOID|NCIT|LOINC|UBERON|UCUM|SNOMED|SNOMEDCT|HGNC|GENO|CHEBI|DrugCentral|MAXO|RXNORM|ICD10"
    r"|ICD10CM|ICD-10|NCBITaxon|EFO|PATO|UO|OPL):[\w.:\-]{1,30}"
)


def member(value: Json, name: str) -> Any:
    """Return a member by its lower-camel name, else by the proto field name (``phenotypic_features``)."""
    found = value.get(name)
    return found if found is not None else value.get(_CAPITAL.sub(lambda m: f"_{m.group().lower()}", name))


def members(value: Json, name: str) -> list[Any]:
    """Return the items of a repeated member."""
    found = member(value, name)
    return found if isinstance(found, list) else []


def term(value: Any) -> str:
    """Return the label of an OntologyClass, else its id."""
    return string(obj(value).get("label")) or string(obj(value).get("id"))


def curie(value: Any) -> str:
    """Return ``prefix|id`` of an OntologyClass from a known ontology, or empty."""
    written = string(obj(value).get("id"))
    return f"{written.partition(':')[0]}|{written}" if _CURIE.fullmatch(written) else ""


def years(duration: str) -> int | None:
    """Return the full years of an ISO 8601 duration, ``P10Y9M`` -> 10."""
    found = _DURATION.fullmatch(duration)
    return int(found[1] or 0) + int(found[2] or 0) // 12 if found is not None and duration != "P" else None


def duration_text(duration: str) -> str:
    """Return an ISO 8601 duration in words, ``P10Y9M`` -> ``10 years 9 months``."""
    found = _DURATION.fullmatch(duration)
    if found is None:
        return ""
    units = ("year", "month", "week", "day")
    parts = [(int(n), unit) for n, unit in zip(found.groups(), units, strict=True) if n]
    return " ".join(f"{n} {unit}{'s' if n != 1 else ''}" for n, unit in parts)


def time_text(element: Any) -> str:
    """Return a TimeElement in words: age, range of ages, stage, or date."""
    element = obj(element)
    if age := obj(element.get("age")):
        return duration_text(string(member(age, "iso8601duration")))
    if ages := obj(member(element, "ageRange")):
        ends = [duration_text(string(member(obj(ages.get(e)), "iso8601duration"))) for e in ("start", "end")]
        return " to ".join(text for text in ends if text)
    if stage := term(member(element, "ontologyClass")):
        return stage
    if weeks := obj(member(element, "gestationalAge")):
        return f"{number(weeks.get('weeks'))} weeks of gestation"
    return string(element.get("timestamp"))[:10] or string(obj(element.get("interval")).get("start"))[:10]


def age_years(element: Any) -> int | None:
    """Return the full years of a TimeElement that gives an age."""
    return years(string(member(obj(obj(element).get("age")), "iso8601duration")))


def measured(value: Any) -> str:
    """Return a Value in words: a quantity with unit, an ontology class, or several of them."""
    value = obj(value)
    if amount := obj(value.get("quantity")):
        unit = obj(amount.get("unit"))
        return quantity({"value": amount.get("value"), "unit": term(unit)})
    complex_value = obj(member(value, "complexValue"))
    typed = [obj(q) for q in members(complex_value, "typedQuantities")]
    if typed:
        return "; ".join(f"{term(q.get('type'))} {measured({'quantity': q.get('quantity')})}" for q in typed)
    return term(member(value, "ontologyClass"))
