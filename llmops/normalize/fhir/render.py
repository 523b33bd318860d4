"""Render any FHIR element as a few readable words."""

import re
from typing import Any, Final

from llmops.normalize.fhir.bundle import Record
from llmops.normalize.fhir.modifiers import is_retracted, negation
from llmops.normalize.fhir.values import (
    choice,
    day,
    display,
    number,
    obj,
    objs,
    quantity,
    range_text,
    ratio,
    reference,
    string,
)
from llmops.normalize.json_object import Json

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT")
_MOST: Final = 12
_COMPOSITE: Final = (
    "manifestation", "code", "itemCodeableConcept", "measure", "description", "method", "bodySite", "route", "detail",
    "dose", "doseQuantity", "outcome", "outcomeCodeableConcept", "severity", "summary", "modality",
)  # fmt: skip
_TARGET_TEXT: Final = ("code", "vaccineCode", "type", "medicationCodeableConcept", "description")


def render(value: Any, record: Record, holder: Json) -> str:
    """Render an element; references are resolved within the record and never shown as ids.

    Args:
        value: any element. PHI.
        record: record in which references are resolved. PHI.
        holder: the resource that holds the element, for contained targets. PHI.
    """
    if type(value) is list:
        words = [word for item in value[:_MOST] if (word := render(item, record, holder))]
        return "; ".join(dict.fromkeys(words))
    if type(value) is dict:
        return _render_object(value, record, holder)
    if type(value) is bool:
        return "yes" if value else "no"
    text = number(value)
    return day(text) if _TIME.match(text) else text


def _render_object(value: Json, record: Record, holder: Json) -> str:
    if "value" in value and not isinstance(value["value"], dict | list):
        return quantity(value)
    if "numerator" in value:
        return ratio(value)
    if "low" in value or "high" in value:
        text = range_text(value)
        return text or string(value.get("text"))
    if (target := reference(value)) or "display" in value:
        return string(value.get("display")) or _target(target, record, holder)
    if "start" in value or "end" in value:
        return " to ".join(day(time) for name in ("start", "end") if (time := string(value.get(name))))
    return display(value) or _composite(value, record, holder)


def _target(target: str, record: Record, holder: Json) -> str:
    found = record.resolve(target, holder) if target else None
    if found is None or found.type in {"Patient", "Practitioner", "RelatedPerson", "Person"}:
        return ""
    if is_retracted(found.resource):
        return ""
    texts = (display(found.resource.get(name)) or string(found.resource.get(name)) for name in _TARGET_TEXT)
    return _negated(next((text for text in texts if text), ""), found.resource)


def _negated(text: str, holder: Json) -> str:
    said = negation(holder)
    return f"{said}: {text}" if said and text else text


def _composite(value: Json, record: Record, holder: Json) -> str:
    """Render backbone elements: reactions, dosages, targets, conditions of relatives, activities."""
    if is_retracted(value):
        return ""
    words = [render(value.get(name), record, holder) for name in _COMPOSITE]
    for dose in objs(value.get("doseAndRate")):
        words += [render(choice(dose, stem)[1], record, holder) for stem in ("dose", "rate")]
    words.append(_timing(obj(value.get("timing"))))
    name, onset = choice(value, "onset")
    if name:
        age = "at age " if name.endswith(("Age", "Range")) else ""
        words.append(f"onset {age}{render(onset, record, holder)}")
    words.append(render(choice(value, "detail")[1], record, holder))
    return _negated(", ".join(dict.fromkeys(word for word in words if word)), value)


def _timing(timing: Json) -> str:
    repeat = obj(timing.get("repeat"))
    if display(timing.get("code")):
        return display(timing.get("code"))
    frequency, period, unit = (number(repeat.get(name)) for name in ("frequency", "period", "periodUnit"))
    return f"{frequency} every {period} {unit}" if frequency and period and unit else ""
