"""GA4GH Phenopackets v2: phenotype, disease and treatment as readable text; genotypes as fields only."""

import re
from collections.abc import Iterator

from llmops.documents import (
    ClinicalDocument,
    Field,
    Kind,
    Provenance,
    Reason,
    SourceRecord,
    StageName,
    Withheld,
)
from llmops.identities import Identity, PersonName, Role, SubjectIdentifier
from llmops.normalize.config import NormalizeConfig
from llmops.normalize.errors import Refused
from llmops.normalize.fhir.values import obj, objs, string
from llmops.normalize.genomics.phenopacket_page import PhenopacketPage
from llmops.normalize.genomics.phenopacket_values import member, members
from llmops.normalize.genomics.samples import ASSIGNER as SAMPLES
from llmops.normalize.genomics.samples import is_distinct
from llmops.normalize.json_object import Json, parse_object
from llmops.phi import PhiLabel

ASSIGNER = "phenopacket"
_LONG_NUMBER = re.compile(r"\d{6}")
_SEX = {"FEMALE": "F", "MALE": "M"}
_TELLING = (
    "subject",
    "phenotypicFeatures",
    "diseases",
    "interpretations",
    "biosamples",
    "measurements",
    "medicalActions",
)


def documents(record: SourceRecord, config: NormalizeConfig) -> tuple[ClinicalDocument | Withheld, ...]:
    """Make one document of a phenopacket, or one for each member of a family or cohort.

    Args:
        record: a Phenopacket, Family or Cohort as JSON. PHI.
        config: depth limit and whether a subject is required.

    Raises:
        Refused: broken, truncated or too deep JSON; not a phenopacket; ``UNSUPPORTED_VERSION`` for schema version 1.
    """
    root = parse_object(record, config.max_depth)
    if string(member(obj(member(root, "metaData")), "phenopacketSchemaVersion")).startswith("1"):
        raise Refused(Reason.UNSUPPORTED_VERSION)
    packets = list(_packets(root))
    if not packets:
        raise Refused(Reason.MALFORMED)
    return tuple(_part(path, packet, record, config) for path, packet in packets)


def identities(record: SourceRecord, config: NormalizeConfig) -> tuple[Identity, ...]:
    """Return the individuals of a record: alternate ids, birth date, sex, author.

    Args:
        record: as in `documents`. PHI.
        config: depth limit.

    Raises:
        Refused: as in `documents`.
    """
    root = parse_object(record, config.max_depth)
    found: list[Identity] = []
    for _, packet in _packets(root):
        subject = _subject(packet, record.record_id)
        if not subject:
            continue
        individual = obj(packet.get("subject"))
        sex = _SEX.get(string(individual.get("sex")), "")
        found.append(Identity(subject=subject, birth_date=string(member(individual, "dateOfBirth"))[:10], sex=sex))
        author = string(member(obj(member(packet, "metaData")), "createdBy"))
        if " " in author:
            found.append(Identity(subject=subject, role=Role.CLINICIAN, names=(PersonName(text=author),)))
    return tuple(dict.fromkeys(found))


def _packets(root: Json) -> Iterator[tuple[str, Json]]:
    """Yield the phenopackets of a record with their paths; family or cohort metadata applies to members without any."""
    if any(member(root, name) is not None for name in _TELLING):
        yield "phenopacket", root
        return
    wrapped = [("proband", p) for p in objs(root.get("proband"))]
    wrapped += [(f"relatives[{n}]", p) for n, p in enumerate(objs(root.get("relatives")))]
    wrapped += [(f"members[{n}]", p) for n, p in enumerate(objs(root.get("members")))]
    for path, packet in wrapped:
        yield path, packet if member(packet, "metaData") else {**packet, "metaData": member(root, "metaData")}


def _part(path: str, packet: Json, record: SourceRecord, config: NormalizeConfig) -> ClinicalDocument | Withheld:
    subject = _subject(packet, record.record_id)
    if not subject and config.require_subject:
        return Withheld(record_id=record.record_id, stage=StageName.NORMALIZE, reason=Reason.NO_SUBJECT)
    page = PhenopacketPage(path, len(record.payload))
    fields = tuple(page.write(packet))
    text, sections, align = page.build()
    if not text:
        return Withheld(record_id=record.record_id, stage=StageName.NORMALIZE, reason=Reason.NO_CONTENT)
    return ClinicalDocument(
        document_id=f"{record.record_id}.0",
        record_id=record.record_id,
        subject=subject,
        kind=Kind.GENOMIC,
        title="Phenotype summary",
        text=text,
        sections=sections,
        fields=(*fields, *_metadata(packet)),
        align=align,
        provenance=Provenance(format=record.format, path=path, changes=page.changes),
        source_key=_source_key(packet),
    )


def _source_key(packet: Json) -> tuple[str, ...]:
    """Return the packet's producer-chosen id, scoped to its individual."""
    number = string(packet.get("id"))
    return ("phenopacket", string(obj(packet.get("subject")).get("id")), number) if number else ()


def _subject(packet: Json, record_id: str) -> tuple[SubjectIdentifier, ...]:
    """Return the individual's ids, including the specimens', since a VCF file names nothing else."""
    individual = obj(packet.get("subject"))
    written = string(individual.get("id"))
    if not written:
        return ()
    assigner = _assigner(written, string(packet.get("id")), record_id)
    others = [v for v in members(individual, "alternateIds") if isinstance(v, str) and v]
    found = [_identifier(value, assigner) for value in dict.fromkeys((written, *others))]
    return tuple(dict.fromkeys((*found, *_specimens(packet, written))))


def _assigner(individual: str, packet: str, record_id: str) -> str:
    """Return the assigner of the individual's id.

    A study that numbers its people ("43") names itself before the number in the packet's id (``PMID_15266616_43``);
    that prefix becomes the assigner, since number 43 of two studies is not one person. Without a study name, the number
    is unique only within its record.
    """
    suffix = individual if packet.endswith(individual) else individual.replace(" ", "_")
    study = packet.removesuffix(suffix).rstrip("_-: ") if packet.endswith(suffix) else ""
    if study:
        return f"{ASSIGNER}:{study}"
    unique = is_distinct(individual) or _LONG_NUMBER.search(individual) is not None
    return ASSIGNER if unique else f"{ASSIGNER}:{record_id}"


def _specimens(packet: Json, individual: str) -> Iterator[SubjectIdentifier]:
    """Return samples of the individual, under the assigner of VCF files; not those of another individual."""
    for specimen in objs(member(packet, "biosamples")):
        name = string(specimen.get("id"))
        if name and string(member(specimen, "individualId")) in {"", individual} and is_distinct(name):
            yield SubjectIdentifier(value=name, assigner=SAMPLES, label=PhiLabel.OTHERID)


def _identifier(written: str, assigner: str) -> SubjectIdentifier:
    """Return an individual's id; ``MRN:41120987`` is a record number, which links to the hospital's records."""
    prefix, colon, number = written.partition(":")
    if colon and prefix.upper() == "MRN" and number.strip():
        return SubjectIdentifier(value=number.strip())
    return SubjectIdentifier(value=written, assigner=assigner, label=PhiLabel.OTHERID)


def _metadata(packet: Json) -> Iterator[Field]:
    metadata = obj(member(packet, "metaData"))
    if created := string(metadata.get("created")):
        yield Field(name="metaData.created", value=created, phi=PhiLabel.DATE)
    if author := string(member(metadata, "createdBy")):
        label = PhiLabel.NAME if not any(c.isdigit() for c in author) else PhiLabel.OTHERID
        yield Field(name="metaData.createdBy", value=author, phi=label)
    for reference in objs(member(metadata, "externalReferences")):
        published = string(reference.get("id"))
        if published.startswith("PMID:") and published[5:].isdigit():
            yield Field(name="metaData.externalReference", value=published)
