"""Write readable summaries of coded resources: one document per encounter, and one per patient for the rest."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from llmops.documents import ClinicalDocument, Field, FieldPhi, Kind, Provenance, Section, SourceRecord
from llmops.identities import SubjectIdentifier
from llmops.normalize.fhir.bundle import Entry
from llmops.normalize.fhir.specs import SECTION_ORDER
from llmops.normalize.fhir.statements import Statement, concept_field, people_fields
from llmops.normalize.fhir.types import CATEGORY_SECTIONS, ENCOUNTER_CLASSES
from llmops.normalize.fhir.values import display, obj, objs, string, when
from llmops.normalize.json_object import Json
from llmops.normalize.text.ages import age_field
from llmops.normalize.text.builder import TextBuilder
from llmops.normalize.text.cleaning import clean
from llmops.normalize.text.section_names import section_name
from llmops.phi import PhiLabel

_ENCOUNTER_SUMMARY: Final = "67781-5"
_PATIENT_SUMMARY: Final = "60591-5"
_ORDER: Final = {name: n for n, name in enumerate(dict.fromkeys((*SECTION_ORDER, *CATEGORY_SECTIONS.values())))}
_DAY: Final = 10
_NOT_HELD: Final = frozenset({"planned", "cancelled", "discontinued"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """The topic of a summary.

    Args:
        subject: the patient. PHI.
        patient: their Patient resource, if the record has it. PHI.
        encounter: the Encounter resource of an encounter summary. PHI.
        statements: statements to list. PHI.
    """

    subject: tuple[SubjectIdentifier, ...] = field(repr=False)
    patient: Entry | None = field(default=None, repr=False)
    encounter: Entry | None = field(default=None, repr=False)
    statements: Sequence[Statement] = field(default=(), repr=False)


def summary(topic: Topic, source: SourceRecord) -> ClinicalDocument | None:
    """Write the summary of an encounter or of a patient; None if it would be empty.

    Args:
        topic: its topic. PHI.
        source: the source record. PHI.
    """
    page = _Page(len(source.payload))
    fields: list[Field] = []
    time = when(topic.encounter.resource, "period") if topic.encounter is not None else ""
    if topic.encounter is not None:
        page.heading("Encounter summary", "encounters")
        fields += _encounter(page, topic.encounter)
    else:
        page.heading("Patient summary" if topic.patient is not None else "Summary", "summary")
    if topic.patient is not None:
        fields += _patient(page, topic.patient, time, in_full=topic.encounter is None)
    for statement in _in_order(topic.statements):
        page.statement(statement, time)
        fields += statement.fields
    text, sections = page.text(), page.sections()
    if page.lines == 0 and not fields:
        return None
    time = time or next((s.time for s in topic.statements if s.time), "") if len(topic.statements) == 1 else time
    return ClinicalDocument(
        document_id=f"{source.record_id}.0",
        record_id=source.record_id,
        subject=topic.subject,
        kind=Kind.SUMMARY,
        doc_type=_doc_type(topic),
        title=_title(topic),
        text=text,
        sections=sections,
        fields=tuple(fields),
        time=time,
        align=page.align,
        provenance=Provenance(format=source.format, path=_path(topic), changes=page.changes),
    )


class _Page:
    """A summary text under construction, with its sections."""

    def __init__(self, payload_size: int) -> None:
        self._builder = TextBuilder()
        self._size = payload_size
        self._starts: list[tuple[int, str, str]] = []
        self._heading = ""
        self.lines = 0

    def heading(self, heading: str, name: str = "") -> None:
        self._builder.blank_line()
        known = section_name(name.replace("_", " ") or heading)
        self._starts.append((len(self._builder), *known))
        self._builder.glue(f"{heading}\n")
        self._heading = heading

    def line(self, text: str, path: str, mark: str = "") -> None:
        self._builder.glue(mark)
        self._builder.add(text, path=path, source_end=self._size)
        self._builder.newline()
        self.lines += 1

    def statement(self, statement: Statement, time: str) -> None:
        """List a statement under its heading; omit the date if it is the encounter's."""
        if statement.section != self._heading:
            self.heading(statement.section)
        same_day = f" ({time[:_DAY]})" if time else ""
        self.line(statement.line.removesuffix(same_day) if same_day else statement.line, statement.path, "- ")
        for remark in statement.remarks:
            self.line(remark, statement.path, "  ")

    def text(self) -> str:
        text, self.align = self._builder.build()
        self.changes = self._builder.changes
        self._text = text
        return text

    def sections(self) -> tuple[Section, ...]:
        starts = [start for start in self._starts if start[0] < len(self._text)]
        ends = [start for start, _, _ in starts[1:]] + [len(self._text)]
        return tuple(
            Section(start=start, end=end, name=name, code=code)
            for (start, name, code), end in zip(starts, ends, strict=True)
        )


def _in_order(statements: Iterable[Statement]) -> list[Statement]:
    """Sort by section, then by time, then in record order."""
    return sorted(statements, key=lambda s: (_ORDER.get(s.section, len(_ORDER)), s.section, s.time))


def _encounter(page: _Page, entry: Entry) -> list[Field]:
    resource = entry.resource
    kind = resource.get("type")
    words = [display(concept) for concept in objs(kind)]
    setting = encounter_class(resource)
    lines = [", ".join(word for word in (*words, setting) if word)]
    if time := when(resource, "period"):
        lines.append(f"Date: {time[:_DAY]}")
    if (status := string(resource.get("status"))) in _NOT_HELD:
        lines.append(f"Status: {status}")
    reasons = [display(r) for name in ("reasonCode", "reason") for r in objs(resource.get(name))]
    lines += [f"Reason: {'; '.join(r for r in reasons if r)}"] if any(reasons) else []
    if discharge := display((objs(resource.get("hospitalization")) or [{}])[0].get("dischargeDisposition")):
        lines.append(f"Discharge disposition: {discharge}")
    for line in lines:
        if line:
            page.line(line, entry.path)
    fields = [concept_field("Encounter.type", concept, display(concept)) for concept in objs(kind)]
    fields += [concept_field("Encounter.reason", r, display(r)) for r in objs(resource.get("reasonCode"))]
    if setting:
        fields.append(Field(name="Encounter.class", value=setting))
    for period in objs(resource.get("period")):
        fields += [
            Field(name=f"Encounter.period.{part}", value=time, phi=PhiLabel.DATE)
            for part in ("start", "end")
            if (time := string(period.get(part)))
        ]
    fields += people_fields(resource, "Encounter", ("participant",), PhiLabel.NAME)
    fields += people_fields(resource, "Encounter", ("serviceProvider", "location"), PhiLabel.ORG)
    return fields


def encounter_class(resource: Json) -> str:
    """Return the setting of an Encounter from a closed list; older versions give the class as a string."""
    written = resource.get("class")
    known = string(written) or display(objs(written)[0] if objs(written) else None)
    codes = [string(coding.get("code")) for coding in objs(written)]
    return next((ENCOUNTER_CLASSES[c] for c in (*codes, known) if c in ENCOUNTER_CLASSES), "")


def _patient(page: _Page, entry: Entry, time: str, *, in_full: bool) -> list[Field]:
    fields = list(patient_fields(entry.resource))
    age = age_field(string(entry.resource.get("birthDate")), time)
    if age is not None:
        fields.append(age)
        page.line(f"Age: {age.value} years", entry.path)
    lines = demographics(entry.resource)
    for line in lines if in_full else lines[:1]:
        page.line(line, entry.path)
    return fields


def _doc_type(topic: Topic) -> str:
    if topic.encounter is not None:
        return _ENCOUNTER_SUMMARY
    return _PATIENT_SUMMARY if topic.patient is not None else ""


def _title(topic: Topic) -> str:
    if topic.encounter is not None:
        return "Encounter summary"
    if topic.patient is None and len(topic.statements) == 1:
        return topic.statements[0].section
    return "Patient summary"


def _path(topic: Topic) -> str:
    if topic.encounter is not None:
        return f"{topic.encounter.path}:Encounter"
    if topic.patient is not None:
        return f"{topic.patient.path}:Patient"
    if len(topic.statements) == 1:
        return f"{topic.statements[0].path}:{topic.statements[0].type}"
    return "entry"


_EXTENSIONS: Final = (("us-core-race", "race"), ("us-core-ethnicity", "ethnicity"), ("us-core-birthsex", "birth sex"))
_GENDERS: Final = frozenset({"male", "female", "other", "unknown"})
# A state alone is no identifier (164.514(b)(2)(i)(B)); anything else written there may be one and is left out.
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
