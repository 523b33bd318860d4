"""Extract the people and organisations a C-CDA document names: patient, guardian, relatives, clinicians."""

from collections.abc import Iterator
from typing import Final

from llmops.identities import Identity, PersonName, PostalAddress, Role, SubjectIdentifier
from llmops.normalize.ccda.xml import Element, attribute, child, children, name_of, text_of
from llmops.normalize.text.hl7_times import iso_time
from llmops.phi import PhiLabel

SSN_ROOT: Final = "2.16.840.1.113883.4.1"
_NPI_ROOT: Final = "2.16.840.1.113883.4.6"
# Known identities are searched in text, so a placeholder must not become a name.
_NOBODY: Final = frozenset({"no information", "unknown", "not available", "none", "n/a", "no name", "not on file"})
_PHONE_DIGITS: Final = 7
_STAFF: Final = frozenset(
    {"assignedEntity", "assignedAuthor", "assignedPerson", "informationRecipient", "intendedRecipient"}
)
_ORGANIZATIONS: Final = frozenset(
    {
        "representedOrganization",
        "representedCustodianOrganization",
        "providerOrganization",
        "serviceProviderOrganization",
        "receivedOrganization",
        "scopingOrganization",
        "wholeOrganization",
        "healthCareFacility",
        "manufacturerOrganization",
        "asOrganizationPartOf",
    }
)


def subject_of(root: Element) -> tuple[SubjectIdentifier, ...]:
    """Return the patient's identifiers: every ``recordTarget`` id, with the root OID as assigner.

    An id without extension identifies by its root alone (a UUID); a null id identifies nobody.

    Args:
        root: the ``ClinicalDocument``. PHI.
    """
    ids = children(root, "recordTarget", "patientRole", "id")
    return tuple(dict.fromkeys(identifier for one in ids if (identifier := _identifier(one)) is not None))


def people(root: Element) -> Iterator[Identity]:
    """Return the patient first, then everyone around them, each with the patient's identifiers for linking.

    Args:
        root: the ``ClinicalDocument``. PHI.
    """
    subject = subject_of(root)
    for role in children(root, "recordTarget", "patientRole"):
        yield _patient(role, subject)
        for guardian in children(role, "patient", "guardian"):
            yield _person(guardian, subject, Role.RELATIVE)
    for element in root.iter():
        name = name_of(element)
        if name in _STAFF:
            yield _person(element, subject, Role.CLINICIAN)
        elif name == "associatedEntity":
            relative = attribute(element, "classCode") not in {"PROV", "ASSIGNED"}
            yield _person(element, subject, Role.RELATIVE if relative else Role.CLINICIAN)
        elif name == "relatedEntity" or (name == "relatedSubject" and child(element, "subject", "name") is not None):
            yield _person(element, subject, Role.RELATIVE)
        elif name in _ORGANIZATIONS:
            yield _organization(element, subject)


def says_anything(identity: Identity) -> bool:
    """Say whether an identity holds more than the link to its subject."""
    held = (identity.names, identity.birth_date, identity.phones, identity.emails, identity.addresses)
    return any((*held, identity.identifiers)) or (identity.role is Role.SELF and bool(identity.subject))


def _patient(role: Element, subject: tuple[SubjectIdentifier, ...]) -> Identity:
    patient = child(role, "patient")
    sex = attribute(child(patient, "administrativeGenderCode"), "code")
    birthplace = (place for place in children(patient, "birthplace", "place", "addr"))
    return Identity(
        subject=subject,
        names=_names(patient),
        birth_date=iso_time(attribute(child(patient, "birthTime"), "value")).partition("T")[0],
        sex=sex if sex in {"F", "M"} else "",
        phones=_phones(role),
        emails=_emails(role),
        addresses=(*_addresses(role), *filter(None, map(_address, birthplace))),
    )


def _person(element: Element, subject: tuple[SubjectIdentifier, ...], role: Role) -> Identity:
    """Return the person described by an entity with ids, addresses and a nested person."""
    inner = [
        part
        for part in element
        if name_of(part).endswith("Person") or name_of(part) in {"subject", "informationRecipient"}
    ]
    names = tuple(dict.fromkeys(name for part in (element, *inner) for name in _names(part)))
    ids = tuple(identifier for one in children(element, "id") if (identifier := _identifier(one)) is not None)
    return Identity(
        subject=subject,
        role=role,
        names=names,
        birth_date=iso_time(attribute(child(element, "subject", "birthTime"), "value")).partition("T")[0],
        phones=_phones(element),
        emails=_emails(element),
        addresses=_addresses(element),
        identifiers=tuple(one for one in ids if one.label is not PhiLabel.OTHERID),
    )


def _organization(element: Element, subject: tuple[SubjectIdentifier, ...]) -> Identity:
    location = child(element, "location")
    named = (element, location) if location is not None else (element,)
    names = (text_of(name) for part in named for name in children(part, "name"))
    return Identity(
        subject=subject,
        role=Role.ORGANIZATION,
        names=tuple(PersonName(text=name) for name in dict.fromkeys(names) if name and name.lower() not in _NOBODY),
        phones=_phones(element),
        emails=_emails(element),
        addresses=tuple(address for part in named for address in _addresses(part)),
    )


def _identifier(element: Element) -> SubjectIdentifier | None:
    root, extension = attribute(element, "root"), attribute(element, "extension")
    if element.get("nullFlavor") is not None or not (extension or root):
        return None
    label = {SSN_ROOT: PhiLabel.SSN, _NPI_ROOT: PhiLabel.LICENSE}.get(root)
    parent = element.getparent()
    is_patient = parent is not None and name_of(parent) == "patientRole"
    label = label or (PhiLabel.MRN if is_patient else PhiLabel.OTHERID)
    return SubjectIdentifier(value=extension or root, assigner=root if extension else "", label=label)


def _names(element: Element | None) -> tuple[PersonName, ...]:
    return tuple(name for one in children(element, "name") if (name := _name(one)) is not None)


def _name(element: Element) -> PersonName | None:
    family = " ".join(filter(None, map(text_of, children(element, "family"))))
    given = tuple(filter(None, map(text_of, children(element, "given"))))
    if family or given:
        return PersonName(family=family, given=given)
    text = text_of(element)
    return PersonName(text=text) if text and text.lower() not in _NOBODY else None


def _phones(element: Element) -> tuple[str, ...]:
    values = (attribute(one, "value") for one in children(element, "telecom"))
    bare = (value.partition(":")[2] if value[:4].lower() in {"tel:", "fax:"} else value for value in values)
    spoken = (value.strip() for value in bare if "@" not in value and sum(map(str.isdigit, value)) >= _PHONE_DIGITS)
    return tuple(dict.fromkeys(spoken))


def _emails(element: Element) -> tuple[str, ...]:
    values = (attribute(one, "value") for one in children(element, "telecom"))
    return tuple(dict.fromkeys(value.rpartition(":")[2].strip() for value in values if "@" in value))


def _addresses(element: Element) -> tuple[PostalAddress, ...]:
    return tuple(address for one in children(element, "addr") if (address := _address(one)) is not None)


def _address(element: Element) -> PostalAddress | None:
    address = PostalAddress(
        lines=tuple(filter(None, map(text_of, children(element, "streetAddressLine")))),
        city=text_of(child(element, "city")),
        state=text_of(child(element, "state")),
        postal_code=text_of(child(element, "postalCode")),
    )
    if address.lines or address.city or address.postal_code:
        return address
    text = text_of(element) if not len(element) else ""
    return PostalAddress(lines=(text,)) if text else None
