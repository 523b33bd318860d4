"""Read demographics of a Patient that a purpose may need, without names, numbers and addresses."""

from collections.abc import Iterator
from typing import Any, Final

from llmops.documents import Field, FieldPhi
from llmops.normalize.fhir.values import display, obj, objs, string
from llmops.normalize.json_object import Json
from llmops.normalize.text.cleaning import clean
from llmops.phi import PhiLabel

_EXTENSIONS: Final = (("us-core-race", "race"), ("us-core-ethnicity", "ethnicity"), ("us-core-birthsex", "birth sex"))
_GENDERS: Final = frozenset({"male", "female", "other", "unknown"})
# A state alone is no identifier (164.514(b)(2)(i)(B)); any other value may be one and is left out.
_STATES: Final = frozenset(
    {
        "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "DC", "FL", "GA", "HI", "ID", "IL", "IN", "IA", "KS", "KY",
        "LA", "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM", "NY", "NC", "ND", "OH",
        "OK", "OR", "PA", "PR", "RI", "SC", "SD", "TN", "TX", "UT", "VT", "VA", "WA", "WV", "WI", "WY", "Alabama",
        "Alaska", "Arizona", "Arkansas", "California", "Colorado", "Connecticut", "Delaware", "Florida", "Georgia",
        "Hawaii", "Idaho", "Illinois", "Indiana", "Iowa", "Kansas", "Kentucky", "Louisiana", "Maine", "Maryland",
        "Massachusetts", "Michigan", "Minnesota", "Mississippi", "Missouri", "Montana", "Nebraska", "Nevada",
        "Ohio", "Oklahoma", "Oregon", "Pennsylvania", "Tennessee", "Texas", "Utah", "Vermont", "Virginia",
        "Washington", "Wisconsin", "Wyoming", "District of Columbia", "New Hampshire", "New Jersey", "New Mexico",
        "New York", "North Carolina", "North Dakota", "Puerto Rico", "Rhode Island", "South Carolina",
        "South Dakota", "West Virginia",
    }
)  # fmt: skip


def demographics(patient: Json) -> list[str]:
    """Return lines on sex, race, language and vital status.

    Args:
        patient: a Patient resource. PHI.
    """
    lines = []
    if gender := string(patient.get("gender")):
        lines.append(f"Sex: {gender}")
    for url, label in _EXTENSIONS:
        if text := _extension(patient, url):
            lines.append(f"{label.capitalize()}: {text}")
    if marital := display(patient.get("maritalStatus")):
        lines.append(f"Marital status: {marital}")
    languages = [display(c.get("language")) for c in objs(patient.get("communication"))]
    lines += [f"Language: {language}" for language in languages if language]
    if patient.get("deceasedDateTime") or patient.get("deceasedBoolean") is True:
        lines.append("Deceased: yes")
    return lines


def patient_fields(patient: Json) -> Iterator[Field]:
    """Return typed fields of a Patient, each with its PHI class, without names, phones and street lines.

    Args:
        patient: a Patient resource. PHI.
    """
    if gender := string(patient.get("gender")):
        phi = FieldPhi.NONE if gender in _GENDERS else FieldPhi.FREE_TEXT
        yield Field(name="Patient.gender", value=clean(gender).text, phi=phi)
    for element in ("birthDate", "deceasedDateTime"):
        if time := string(patient.get(element)):
            yield Field(name=f"Patient.{element}", value=time, phi=PhiLabel.DATE)
    for address in objs(patient.get("address"))[:1]:
        for part, label in (("city", PhiLabel.LOC), ("postalCode", PhiLabel.ZIP)):
            if text := string(address.get(part)):
                yield Field(name=f"Patient.address.{part}", value=clean(text).text, phi=label)
        if (state := string(address.get("state"))) in _STATES:
            yield Field(name="Patient.address.state", value=state)


def _extension(patient: Json, url: str) -> str:
    for extension in objs(patient.get("extension")):
        if string(extension.get("url")).endswith(url):
            if text := string(extension.get("valueCode")) or string(extension.get("valueString")):
                return text
            parts: dict[str, Any] = {string(e.get("url")): e for e in objs(extension.get("extension"))}
            coding = obj(obj(parts.get("ombCategory")).get("valueCoding"))
            return string(obj(parts.get("text")).get("valueString")) or string(coding.get("display"))
    return ""
