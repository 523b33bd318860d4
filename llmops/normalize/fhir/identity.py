"""Extract the people and organisations around the patients of a FHIR record."""

from collections.abc import Iterator

from llmops.identities import Identity, PersonName, PostalAddress, Role, SubjectIdentifier
from llmops.normalize.fhir.bundle import Entry, Record
from llmops.normalize.fhir.identifiers import identifiers, is_linking
from llmops.normalize.fhir.values import obj, objs, string
from llmops.normalize.json_object import Json
from llmops.normalize.notes.vocabulary import names_institution
from llmops.phi import PhiLabel

_SEX = {"female": "F", "male": "M"}
_MAIDEN_NAME = "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName"


def identities_of(record: Record) -> Iterator[Identity]:
    """Return everyone named in a record: patients, their contacts and relatives, clinicians, organisations.

    Clinicians and organisations belong to the patients of the same record; without a patient (a Practitioner line of a
    bulk export) they cannot be linked and are left out.

    Args:
        record: the record. PHI.
    """
    patients = [record.subject(entry.resource) for entry in record.patients]
    for entry, subject in zip(record.patients, patients, strict=True):
        yield _person(entry.resource, subject, Role.SELF)
        yield from _around(entry.resource, subject)
    for entry in record.entries:
        subject = record.subject(entry.resource) if entry.type in {"RelatedPerson", "Device"} else ()
        if subject and entry.type == "RelatedPerson":
            yield _person(entry.resource, subject, Role.RELATIVE)
        elif subject and (serials := _serials(entry.resource)):
            yield Identity(subject=subject, identifiers=serials)
    for subject, entry in _background(record, list(dict.fromkeys(patients))):
        if entry.type == "Practitioner":
            yield _person(entry.resource, subject, Role.CLINICIAN)
        else:
            yield _organization(entry, subject)
    yield from _displayed(record)
    yield from _referred_twice(record, set(patients))


def _referred_twice(record: Record, patients: set[tuple[SubjectIdentifier, ...]]) -> Iterator[Identity]:
    """Return absent patients referenced by id *and* identifier: both belong to one person, nothing else is known."""
    subjects = dict.fromkeys(record.subject(entry.resource) for entry in record.entries)
    yield from (Identity(subject=subject) for subject in subjects if len(subject) > 1 and subject not in patients)


def _background(
    record: Record, patients: list[tuple[SubjectIdentifier, ...]]
) -> Iterator[tuple[tuple[SubjectIdentifier, ...], Entry]]:
    """Return clinicians and organisations by patient: all of them if there is only one patient, else by reference."""
    background = [e for e in record.entries if e.type in {"Practitioner", "Organization", "Location"}]
    if len(patients) == 1:
        yield from ((patients[0], entry) for entry in background)
        return
    seen: set[tuple[tuple[SubjectIdentifier, ...], str]] = set()
    for entry in record.entries if background else ():
        subject = record.subject(entry.resource)
        for target in _referred(entry.resource, record) if subject else ():
            if (subject, target.path) not in seen:
                seen.add((subject, target.path))
                yield subject, target


def _referred(resource: Json, record: Record) -> Iterator[Entry]:
    for element, _ in _DISPLAYS:
        for item in objs(resource.get(element)):
            reference = next((obj(item[k]) for k in _ACTORS if k in item), item)
            target = record.resolve(string(reference.get("reference")), resource)
            if target is not None and target.type in {"Practitioner", "Organization", "Location"}:
                yield target


def _serials(device: Json) -> tuple[SubjectIdentifier, ...]:
    """Return serial, lot and UDI numbers of an implant (164.514(b)(2)(i)(M))."""
    carriers = objs(device.get("udiCarrier")) + objs(device.get("udi"))
    written = [string(device.get(name)) for name in ("serialNumber", "distinctIdentifier")]
    written += [string(c.get(name)) for c in carriers for name in ("deviceIdentifier", "carrierHRF", "name")]
    return tuple(SubjectIdentifier(value=v, label=PhiLabel.DEVICE) for v in dict.fromkeys(written) if v)


def _person(resource: Json, subject: tuple[SubjectIdentifier, ...], role: Role) -> Identity:
    own = identifiers(resource)
    return Identity(
        subject=subject,
        role=role,
        names=tuple(_names(resource)),
        birth_date=string(resource.get("birthDate")),
        sex=_SEX.get(string(resource.get("gender")), ""),
        phones=_telecoms(resource, "phone", "fax", "pager", "sms"),
        emails=_telecoms(resource, "email"),
        addresses=tuple(_addresses(resource)),
        identifiers=tuple(i for i in own if role is not Role.SELF or not is_linking(i)),
    )


def _around(patient: Json, subject: tuple[SubjectIdentifier, ...]) -> Iterator[Identity]:
    """Return contacts, mother's maiden name, general practitioner and managing organisation of a Patient."""
    for contact in objs(patient.get("contact")):
        yield _person(contact, subject, Role.RELATIVE)
        if name := string(obj(contact.get("organization")).get("display")):
            yield Identity(subject=subject, role=Role.ORGANIZATION, names=(PersonName(text=name),))
    for extension in objs(patient.get("extension")):
        if extension.get("url") == _MAIDEN_NAME and (name := string(extension.get("valueString"))):
            yield Identity(subject=subject, role=Role.RELATIVE, names=(PersonName(text=name),))
    for element, role in (("generalPractitioner", Role.CLINICIAN), ("managingOrganization", Role.ORGANIZATION)):
        for reference in objs(patient.get(element)):
            if name := string(reference.get("display")):
                yield Identity(subject=subject, role=role, names=(PersonName(text=name),))


def _organization(entry: Entry, subject: tuple[SubjectIdentifier, ...]) -> Identity:
    resource = entry.resource
    name = string(resource.get("name"))
    return Identity(
        subject=subject,
        role=Role.ORGANIZATION,
        names=(PersonName(text=name),) if name else (),
        phones=_telecoms(resource, "phone", "fax"),
        emails=_telecoms(resource, "email"),
        addresses=tuple(_addresses(resource)),
    )


def _displayed(record: Record) -> Iterator[Identity]:
    """Return names found only as displays of references: the subject, participants, performers, authors."""
    seen: set[tuple[tuple[SubjectIdentifier, ...], str]] = set()
    for entry in record.entries:
        for role, name in _display_names(entry.resource):
            subject = record.subject(entry.resource)
            if subject and (subject, name) not in seen:
                seen.add((subject, name))
                yield Identity(subject=subject, role=role, names=(PersonName(text=name),))


def _display_names(resource: Json) -> Iterator[tuple[Role, str]]:
    for element, role in _DISPLAYS:
        for item in objs(resource.get(element)):
            target = next((obj(item[k]) for k in _ACTORS if k in item), item)
            name = string(target.get("display"))
            literal = string(target.get("reference"))
            is_place = "Organization" in literal or "Location" in literal
            is_place = is_place or (role is Role.CLINICIAN and names_institution(name))
            if name:
                yield (Role.ORGANIZATION if is_place else role), name


_ACTORS = ("individual", "actor", "agent", "location")
_DISPLAYS = (
    ("subject", Role.SELF),
    ("patient", Role.SELF),
    ("participant", Role.CLINICIAN),
    ("performer", Role.CLINICIAN),
    ("author", Role.CLINICIAN),
    ("recorder", Role.CLINICIAN),
    ("asserter", Role.CLINICIAN),
    ("requester", Role.CLINICIAN),
    ("authenticator", Role.CLINICIAN),
    ("serviceProvider", Role.ORGANIZATION),
    ("custodian", Role.ORGANIZATION),
    ("location", Role.ORGANIZATION),
)


def _names(resource: Json) -> Iterator[PersonName]:
    for name in objs(resource.get("name")):
        given = tuple(text for part in _strings(name.get("given")) if (text := part.strip()))
        family = " ".join(_strings(name.get("family")))
        if family or given or string(name.get("text")):
            yield PersonName(family=family, given=given, text=string(name.get("text")))


def _strings(value: object) -> list[str]:
    """Return a string or a list of strings as a list (STU3 and older gave a list of family names)."""
    return [v for v in (value if isinstance(value, list) else [value]) if isinstance(v, str)]


def _telecoms(resource: Json, *systems: str) -> tuple[str, ...]:
    points = objs(resource.get("telecom"))
    return tuple(v for point in points if point.get("system") in systems and (v := string(point.get("value"))))


def _addresses(resource: Json) -> Iterator[PostalAddress]:
    for address in objs(resource.get("address")):
        lines = tuple(_strings(address.get("line"))) or tuple(_strings(address.get("text")))
        city, state, code = (string(address.get(part)) for part in ("city", "state", "postalCode"))
        if lines or city or code:
            yield PostalAddress(lines=lines, city=city, state=state, postal_code=code)
