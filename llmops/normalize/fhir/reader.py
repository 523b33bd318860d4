"""Read FHIR R4 resources and Bundles: attachments become notes, coded resources fields and readable summaries."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from llmops.documents import ClinicalDocument, Reason, SourceRecord, StageName, Withheld
from llmops.identities import Identity, SubjectIdentifier
from llmops.normalize.config import NormalizeConfig
from llmops.normalize.errors import Refused
from llmops.normalize.fhir.attachment_documents import attachment_documents
from llmops.normalize.fhir.attachments import attachments, held_binaries
from llmops.normalize.fhir.bundle import Entry, Record
from llmops.normalize.fhir.composition import composition_document
from llmops.normalize.fhir.identity import identities_of
from llmops.normalize.fhir.modifiers import is_not_understood, is_retracted
from llmops.normalize.fhir.specs import SPECS
from llmops.normalize.fhir.statements import Statement, statement
from llmops.normalize.fhir.summaries import Topic, summary
from llmops.normalize.fhir.types import ADMINISTRATIVE, BACKGROUND
from llmops.normalize.fhir.values import obj, reference, string, when
from llmops.normalize.json_object import parse_object
from llmops.normalize.text.html_text import html_to_text

_CARRIERS = frozenset({"DocumentReference", "DiagnosticReport", "Binary", "Communication"})
"""Types whose attachments are documents."""


@dataclass(slots=True)
class _Reading:
    """The output for a record so far. PHI."""

    parts: list[ClinicalDocument | Withheld] = field(default_factory=list)
    statements: list[tuple[tuple[SubjectIdentifier, ...], Statement]] = field(default_factory=list)
    encounters: list[Entry] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    unnecessary: int = 0
    held: frozenset[int] = frozenset()
    """Binaries that are another resource's content, which makes the document."""


def documents(record: SourceRecord, config: NormalizeConfig) -> tuple[ClinicalDocument | Withheld, ...]:
    """Make the documents of a FHIR record, notes and reports first, then summaries by encounter and patient.

    Args:
        record: one resource, a Bundle of any type, or a line of a bulk export. PHI.
        config: depth limit and whether a subject is required.

    Raises:
        Refused: broken, truncated or too deep JSON; no resource; no clinical content; all content entered in error.
    """
    resources = _open(record, config)
    reading = _read(resources, record, config)
    parts = reading.parts + list(_summaries(reading, resources, record, config))
    if not parts:
        raise Refused(_why_empty(reading))
    return tuple(_named(part, resources) for part in _with_dropped(parts, reading.dropped))


def _named(part: ClinicalDocument | Withheld, resources: Record) -> ClinicalDocument | Withheld:
    """Give a document the key of its source resource, unless it has one (C-CDA in an attachment)."""
    if isinstance(part, Withheld) or part.source_key:
        return part
    return replace(part, source_key=resources.source_key(part.provenance.path))


def _why_empty(reading: _Reading) -> Reason:
    if reading.dropped["dropped:retracted"]:
        return Reason.RETRACTED
    return Reason.NOT_NECESSARY if reading.unnecessary else Reason.NO_CONTENT


def identities(record: SourceRecord, config: NormalizeConfig) -> tuple[Identity, ...]:
    """Return the patients, relatives, clinicians and organisations of a FHIR record.

    Args:
        record: as in `documents`. PHI.
        config: depth limit.

    Raises:
        Refused: as in `documents`.
    """
    return tuple(dict.fromkeys(identities_of(_open(record, config))))


def _open(record: SourceRecord, config: NormalizeConfig) -> Record:
    root = parse_object(record, config.max_depth)
    if not isinstance(root.get("resourceType"), str):
        raise Refused(Reason.MALFORMED)
    resources = Record(root)
    if not resources.entries:
        raise Refused(Reason.EMPTY)
    return resources


def _read(resources: Record, record: SourceRecord, config: NormalizeConfig) -> _Reading:
    reading = _Reading(held=held_binaries(resources))
    for entry in resources.entries:
        if entry.type in ADMINISTRATIVE:
            reading.unnecessary += 1
            reading.dropped[f"dropped:{entry.type}"] += 1
        elif entry.type in BACKGROUND or entry.type == "Patient":
            continue
        elif is_retracted(entry.resource):
            reading.parts += _retracted(entry, resources, reading, record)
            reading.dropped["dropped:retracted"] += 1
        elif is_not_understood(entry.resource):
            reading.dropped["dropped:modifier_extension"] += 1
        elif entry.type == "Encounter":
            reading.encounters.append(entry)
        elif entry.type in _CARRIERS or entry.type == "Composition" or entry.type in SPECS:
            _read_clinical(entry, resources, reading, record, config)
        else:
            reading.dropped["dropped:unknown"] += 1
    return reading


def _retracted(entry: Entry, resources: Record, reading: _Reading, record: SourceRecord) -> Iterator[Withheld]:
    """Yield a reason for each document that a resource entered in error would have made."""
    if entry.type in _CARRIERS and id(entry.resource) not in reading.held:
        for _ in attachments(entry, resources):
            yield Withheld(record_id=record.record_id, stage=StageName.NORMALIZE, reason=Reason.RETRACTED)
    elif entry.type == "Composition":
        yield Withheld(record_id=record.record_id, stage=StageName.NORMALIZE, reason=Reason.RETRACTED)


def _read_clinical(
    entry: Entry, resources: Record, reading: _Reading, record: SourceRecord, config: NormalizeConfig
) -> None:
    """Yield a resource's own documents if it carries any, else collect a statement for a summary."""
    subject = resources.subject(entry.resource)
    made: list[ClinicalDocument | Withheld] = []
    if entry.type in _CARRIERS and id(entry.resource) not in reading.held:
        for attached in attachments(entry, resources):
            made += attachment_documents(attached, entry, subject, record, config)
    elif entry.type == "Composition":
        made += _composition(entry, subject, record, config)
    reading.parts += made
    said = None if any(isinstance(part, ClinicalDocument) for part in made) else statement(entry, resources)
    said = said or (None if made else narrative_statement(entry))
    if said is not None:
        reading.statements.append((subject, said))
    elif not made and id(entry.resource) not in reading.held:
        reading.dropped["dropped:empty"] += 1


def _composition(
    entry: Entry, subject: tuple[SubjectIdentifier, ...], record: SourceRecord, config: NormalizeConfig
) -> tuple[ClinicalDocument | Withheld, ...]:
    try:
        if not subject and config.require_subject:
            raise Refused(Reason.NO_SUBJECT)
        document = composition_document(entry, subject, record)
    except Refused as refused:
        return (Withheld(record_id=record.record_id, stage=StageName.NORMALIZE, reason=refused.reason),)
    return (document,) if document is not None else ()


def _summaries(
    reading: _Reading, resources: Record, record: SourceRecord, config: NormalizeConfig
) -> Iterator[ClinicalDocument | Withheld]:
    """Yield one summary per encounter, and one per patient for statements outside the record's encounters."""
    by_encounter: dict[int, list[Statement]] = {id(e.resource): [] for e in reading.encounters}
    by_subject: dict[tuple[SubjectIdentifier, ...], list[Statement]] = {}
    patients = {resources.subject(p.resource): p for p in resources.patients}
    for subject in patients:
        by_subject[subject] = []
    for subject, said in reading.statements:
        found = resources.resolve(said.encounter) if said.encounter else None
        if found is not None and id(found.resource) in by_encounter and _is_same(subject, found, resources):
            by_encounter[id(found.resource)].append(said)
        else:
            by_subject.setdefault(subject, []).append(said)
    topics = [
        Topic(subject=s, patient=patients.get(s), encounter=e, statements=by_encounter[id(e.resource)])
        for e in reading.encounters
        for s in (resources.subject(e.resource),)
    ]
    topics += [Topic(subject=s, patient=patients.get(s), statements=said) for s, said in by_subject.items()]
    for topic in topics:
        try:
            if not topic.subject and config.require_subject:
                raise Refused(Reason.NO_SUBJECT)
            document = summary(topic, record)
        except Refused as refused:
            yield Withheld(record_id=record.record_id, stage=StageName.NORMALIZE, reason=refused.reason)
        else:
            yield from () if document is None else (document,)


def _is_same(subject: tuple[SubjectIdentifier, ...], encounter: Entry, resources: Record) -> bool:
    """Say whether an encounter has the same subject: other subjects' statements do not belong to it."""
    other = resources.subject(encounter.resource)
    return subject == other or not set(subject).isdisjoint(other)


def _with_dropped(
    parts: list[ClinicalDocument | Withheld], dropped: Counter[str]
) -> Iterator[ClinicalDocument | Withheld]:
    """Attach the drop counts to the first document, so that they are counted once."""
    waiting = tuple(sorted(dropped.items()))
    for part in parts:
        if waiting and isinstance(part, ClinicalDocument):
            changes = tuple(sorted((*part.provenance.changes, *waiting)))
            yield replace(part, provenance=replace(part.provenance, changes=changes))
            waiting = ()
        else:
            yield part


def narrative_statement(entry: Entry) -> Statement | None:
    """Return a resource's narrative as a statement; None if it has none.

    Args:
        entry: a resource without codes, values or attachments. PHI.
    """
    text = html_to_text(string(obj(entry.resource.get("text")).get("div")))
    if not text:
        return None
    spec = SPECS.get(entry.type)
    first, _, rest = text.partition("\n")
    return Statement(
        path=f"{entry.path}.text.div",
        type=entry.type,
        section=spec.section if spec is not None else "Documents",
        line=first,
        remarks=(rest.strip(),) if rest.strip() else (),
        time=when(entry.resource, *spec.when) if spec is not None else "",
        encounter=reference(entry.resource.get("encounter")),
    )
