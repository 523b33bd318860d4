"""Extract the people of an HL7 v2 message: relatives, guarantor, insured, clinicians and organisations."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from llmops.identities import Identity, PersonName, PostalAddress, Role, SubjectIdentifier
from llmops.normalize.hl7v2.fields import VIEWS
from llmops.normalize.hl7v2.segments import FieldText, Message, Segment
from llmops.normalize.hl7v2.shapes import shape_of
from llmops.normalize.hl7v2.subject import SSN_ASSIGNER, identifier_of, merged_subject, subject_of
from llmops.normalize.text.hl7_times import iso_date
from llmops.phi import PhiLabel

# Fields by datatype, from the public field tables (v2.3.1 to v2.8.2).
_CLINICIANS: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType(
    {
        "ACC": (7,), "AIP": (3,), "AUT": (24,), "DG1": (16,), "EVN": (5,), "FT1": (20, 21, 24), "IAM": (18, 21),
        "IN1": (30,), "IN3": (3, 8, 14, 25), "NTE": (5,), "OBR": (10, 16, 28), "OBX": (16, 25),
        "ORC": (10, 11, 12, 19), "PD1": (4,), "PDA": (5, 8), "PR1": (8, 11, 12), "PRT": (5,),
        "PV1": (7, 8, 9, 17, 52), "PV2": (13,), "RF1": (20,), "ROL": (4,), "RXA": (10,), "RXD": (10,),
        "RXE": (13, 14), "RXO": (14, 15), "SCH": (12, 16, 20), "TXA": (5, 9, 10, 11, 22, 23),
    }
)  # fmt: skip
_INTERPRETERS: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType({"OBR": (32, 33, 34, 35)})
_ORGANIZATIONS: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType(
    {
        "AUT": (23,), "EVN": (7,), "FT1": (32, 33), "GT1": (21, 51), "IN1": (4, 11), "IN2": (69, 70),
        "MSH": (4, 6, 22, 23), "NK1": (13,), "OBX": (23,), "ORC": (21,), "PD1": (3,), "PRD": (10,), "PRT": (8,),
        "PV1": (39,), "PV2": (23,), "RF1": (19,), "ROL": (14,),
    }
)  # fmt: skip
_LOCATIONS: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType(
    {
        "AIL": (3,), "FT1": (16,), "ORC": (13,), "PR1": (23,), "PRD": (4, 12), "PRT": (9,),
        "PV1": (3, 6, 11, 42, 43), "RXA": (11, 27), "SCH": (15, 19, 22),
    }
)  # fmt: skip
_WORK_PHONES: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType(
    {"OBR": (17,), "ORC": (14, 23), "PRT": (15,), "ROL": (12,), "SCH": (13, 17, 21), "RF1": (23,), "AUT": (27,)}
)
_WORK_ADDRESSES: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType(
    {"OBX": (24,), "ORC": (22, 24), "PRT": (14,), "ROL": (11,), "SCH": (14, 18), "RXO": (33, 35), "RXE": (41, 43)}
)
_PERSONS: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType(
    {
        "CTD": (2, 3, 5),
        "GT1": (2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 18, 19, 42, 45, 46),
        "IN1": (4, 8, 16, 17, 18, 19, 36, 43, 44, 49),
        "IN2": (1, 2, 6, 7, 8, 9, 10, 26, 40, 52, 61, 63, 64),
        "MRG": (1, 7),
        "NK1": (2, 4, 5, 6, 15, 16, 26, 30, 31, 32, 33, 37, 40, 41),
        "PID": (2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 14, 18, 19, 20, 40),
        "PRD": (2, 3, 5),
    }
)
_TABLES: Final = (_CLINICIANS, _INTERPRETERS, _ORGANIZATIONS, _LOCATIONS, _WORK_PHONES, _WORK_ADDRESSES, _PERSONS)
_READ: Final[Mapping[str, frozenset[int]]] = MappingProxyType(
    {name: frozenset().union(*(each.get(name, ()) for each in _TABLES)) for table in _TABLES for name in table}
)
_SELF: Final = frozenset({"SEL", "SLF", "SELF", "18", "01"})
_SHORTEST_NAME: Final = 3


def people(message: Message) -> Iterator[Identity]:
    """Return each patient and then everyone around them, with the patient's identifiers for linking.

    Args:
        message: the message. PHI.
    """
    for one in _by_patient(message):
        patients = one.named("PID")
        subject = tuple(dict.fromkeys((*subject_of(patients[0] if patients else None), *merged_subject(one))))
        everyone = (
            *(_patient(patient, subject, one) for patient in patients),
            *_relatives(one, subject),
            *_staff(one, subject),
            _workplaces(one, subject),
        )
        yield from (identity for identity in everyone if _says_anything(identity))


def people_fields(message: Message, name: str) -> frozenset[int]:
    """Return the numbers of the fields that `people` reads in segments of a name.

    Args:
        message: the message; MRG is read only in patient merges.
        name: name of the segments.
    """
    if name == "MRG" and not merged_subject(message):
        return frozenset()
    return _READ.get(name, frozenset())


def _by_patient(message: Message) -> list[Message]:
    """Split a message for several patients into one each; segments before the first are shared."""
    starts = [n for n, segment in enumerate(message.segments) if segment.name == "PID"]
    if len(starts) < 2:
        return [message]
    shared = message.segments[: starts[0]]
    ends = [*starts[1:], len(message.segments)]
    return [Message(segments=(*shared, *message.segments[start:end])) for start, end in zip(starts, ends, strict=True)]


def _patient(patient: Segment, subject: tuple[SubjectIdentifier, ...], message: Message) -> Identity:
    merged = message.named("MRG") if merged_subject(message) else ()
    names = (*names_in(patient, 5, 9), *(name for segment in merged for name in names_in(segment, 7)))
    further = (*identifiers_in(patient, 2, 4), *_license(patient))
    return Identity(
        subject=subject,
        names=tuple(dict.fromkeys(names)),
        birth_date=iso_date(patient.get(7)),
        sex=patient.get(8) if patient.get(8) in {"F", "M"} else "",
        phones=phones_in(patient, 13, 14, 40),
        emails=emails_in(patient, 13, 14, 40),
        addresses=addresses_in(patient, 11),
        identifiers=tuple(identifier for identifier in further if identifier not in subject),
    )


def _license(patient: Segment) -> tuple[SubjectIdentifier, ...]:
    value = patient.get(20)
    return (SubjectIdentifier(value=value, assigner=patient.get(20, 2), label=PhiLabel.LICENSE),) if value else ()


def _relatives(message: Message, subject: tuple[SubjectIdentifier, ...]) -> Iterator[Identity]:
    for patient in message.named("PID"):
        yield Identity(subject=subject, role=Role.RELATIVE, names=names_in(patient, 6))
    for kin in message.named("NK1"):
        yield _person(kin, subject, names=(2,), phones=(5, 6, 40), addresses=(4,), birth=16, sex=15, ids=(33,), ssn=37)
        yield _person(kin, subject, names=(30,), phones=(31, 41), addresses=(32,))
        yield _person(kin, subject, names=(26,))
    for guarantor in message.named("GT1"):
        role = Role.SELF if guarantor.get(11).upper() in _SELF else Role.RELATIVE
        yield _person(
            guarantor,
            subject,
            names=(3,),
            phones=(6, 7, 18),
            addresses=(5,),
            birth=8,
            sex=9,
            ids=(2, 19),
            ssn=12,
            role=role,
        )
        yield _person(guarantor, subject, names=(4,))
        yield _person(guarantor, subject, names=(42, 45), phones=(46,))
    for contact in message.named("CTD"):
        yield _person(contact, subject, names=(2,), phones=(5,), addresses=(3,))
    yield from _insured(message, subject)


def _insured(message: Message, subject: tuple[SubjectIdentifier, ...]) -> Iterator[Identity]:
    """Return the insured person of each plan, and the plan's numbers, which identify the patient too."""
    for plan in message.named("IN1"):
        role = Role.SELF if plan.get(17).upper() in _SELF else Role.RELATIVE
        yield _person(plan, subject, names=(16,), addresses=(19, 44), birth=18, sex=43, role=role)
        numbers = tuple(
            SubjectIdentifier(value=value, assigner=plan.get(4), label=PhiLabel.PLAN)
            for n in (36, 49, 8)
            if (value := plan.get(n))
        )
        yield Identity(subject=subject, identifiers=numbers)
    for more in message.named("IN2"):
        yield _person(more, subject, names=(40, 52, 7, 9), phones=(63, 64), ids=(1, 26), ssn=2)
        numbers = tuple(
            SubjectIdentifier(value=value, label=PhiLabel.PLAN) for n in (6, 8, 10, 61) if (value := more.get(n))
        )
        yield Identity(subject=subject, identifiers=numbers)


def _person(
    segment: Segment,
    subject: tuple[SubjectIdentifier, ...],
    *,
    names: tuple[int, ...],
    phones: tuple[int, ...] = (),
    addresses: tuple[int, ...] = (),
    birth: int = 0,
    sex: int = 0,
    ids: tuple[int, ...] = (),
    ssn: int = 0,
    role: Role = Role.RELATIVE,
) -> Identity:
    """Return a person described by fields of one segment; the arguments are field numbers, 0 for none."""
    number = segment.get(ssn) if ssn else ""
    own = (SubjectIdentifier(value=number, assigner=SSN_ASSIGNER, label=PhiLabel.SSN),) if number else ()
    return Identity(
        subject=subject,
        role=role,
        names=names_in(segment, *names),
        birth_date=iso_date(segment.get(birth)) if birth else "",
        sex=segment.get(sex) if sex and segment.get(sex) in {"F", "M"} else "",
        phones=phones_in(segment, *phones),
        emails=emails_in(segment, *phones),
        addresses=addresses_in(segment, *addresses),
        identifiers=(*identifiers_in(segment, *ids), *own),
    )


def _staff(message: Message, subject: tuple[SubjectIdentifier, ...]) -> Iterator[Identity]:
    """Return every clinician of the message, each once."""
    for segment in message.segments:
        for number in _CLINICIANS.get(segment.name, ()):
            for field in segment.repetitions(number):
                yield _clinician(subject, _staff_name(field), field.component(1))
        for number in _INTERPRETERS.get(segment.name, ()):
            for field in segment.repetitions(number):
                name = PersonName(
                    family=field.component(1, 2), given=filled(field.component(1, 3), field.component(1, 4))
                )
                yield _clinician(subject, name, field.component(1, 1))
    yield from (_clinician(subject, _staff_name(field), field.component(1)) for field in _under_codes(message))
    for provider in message.named("PRD"):
        yield _person(provider, subject, names=(2,), phones=(5,), addresses=(3,), role=Role.CLINICIAN)


def _under_codes(message: Message) -> Iterator[FieldText]:
    """Yield clinicians found in coded fields, if more than their names confirms it."""
    for segment in message.segments:
        view = VIEWS.get(segment.name)
        for number in view.fields if view is not None else ():
            for field in segment.repetitions(number):
                if field.component(3) and shape_of(field, sure=True) is PhiLabel.NAME:
                    yield field


def _clinician(subject: tuple[SubjectIdentifier, ...], name: PersonName, number: str) -> Identity:
    """Return a clinician; an id without digits is a name entered in the first component."""
    has_digit = any(c.isdigit() for c in number)
    names = (name,) if name.family or name.given else ()
    if number and not has_digit:
        names = (*names, PersonName(text=number))
    licence = (SubjectIdentifier(value=number, label=PhiLabel.LICENSE),) if has_digit else ()
    return Identity(subject=subject, role=Role.CLINICIAN, names=names, identifiers=licence)


def _staff_name(field: FieldText) -> PersonName:
    """Return the name in an XCN, which is shifted by one component from an XPN."""
    return PersonName(family=field.component(2, 1), given=filled(field.component(3), field.component(4)))


def _workplaces(message: Message, subject: tuple[SubjectIdentifier, ...]) -> Identity:
    """Return the organisations and facilities of the message, with phones and addresses, as one identity."""
    names: list[str] = []
    for segment in message.segments:
        for number in _ORGANIZATIONS.get(segment.name, ()):
            names += [field.component(1, 1) for field in segment.repetitions(number)]
        for number in _LOCATIONS.get(segment.name, ()):
            for field in segment.repetitions(number):
                names += [field.component(4, 1), field.component(9)]
    phones = (p for s in message.segments for p in phones_in(s, *_WORK_PHONES.get(s.name, ())))
    addresses = (a for s in message.segments for a in addresses_in(s, *_WORK_ADDRESSES.get(s.name, ())))
    return Identity(
        subject=subject,
        role=Role.ORGANIZATION,
        names=tuple(PersonName(text=name) for name in dict.fromkeys(names) if len(name) > _SHORTEST_NAME),
        phones=tuple(dict.fromkeys(phones)),
        addresses=tuple(dict.fromkeys(addresses)),
    )


def _says_anything(identity: Identity) -> bool:
    return any((identity.names, identity.birth_date, identity.phones, identity.addresses, identity.identifiers)) or (
        identity.role is Role.SELF and bool(identity.subject)
    )


# Known identities are looked for in text, so a placeholder must not become a name.
_NOBODY: Final = frozenset(
    {"unknown", "none", "n/a", "na", "not available", "no information", "self", "patient", "no name"}
)
_PHONE_DIGITS: Final = 7


def names_in(segment: Segment, *numbers: int) -> tuple[PersonName, ...]:
    """Return the names in XPN fields, by field number, without placeholders. PHI."""
    fields = (field for number in numbers for field in segment.repetitions(number))
    names = (
        PersonName(family=field.component(1, 1), given=filled(field.component(2), field.component(3)))
        for field in fields
    )
    return tuple(name for name in names if (name.family or name.given) and not _is_placeholder(name))


def _is_placeholder(name: PersonName) -> bool:
    return all(word.lower() in _NOBODY for word in (name.family, *name.given) if word)


def phones_in(segment: Segment, *numbers: int) -> tuple[str, ...]:
    """Return the phone numbers in XTN fields: as written, and joined from their parts. PHI."""
    found = []
    for number in numbers:
        for field in segment.repetitions(number):
            parts = filled(field.component(5), field.component(6), field.component(7))
            found += [text for text in (field.component(1), " ".join(parts), field.component(12)) if _is_phone(text)]
    return tuple(dict.fromkeys(found))


def _is_phone(text: str) -> bool:
    return "@" not in text and sum(c.isdigit() for c in text) >= _PHONE_DIGITS


def emails_in(segment: Segment, *numbers: int) -> tuple[str, ...]:
    """Return the e-mail addresses in XTN fields. PHI."""
    fields = (field for number in numbers for field in segment.repetitions(number))
    return tuple(
        dict.fromkeys(text for field in fields for text in (field.component(4), field.component(1)) if "@" in text)
    )


def addresses_in(segment: Segment, *numbers: int) -> tuple[PostalAddress, ...]:
    """Return the addresses in XAD fields. PHI."""
    fields = (field for number in numbers for field in segment.repetitions(number))
    found = (
        PostalAddress(
            lines=filled(field.component(1), field.component(2), field.component(19)),
            city=field.component(3),
            state=field.component(4),
            postal_code=field.component(5),
        )
        for field in fields
    )
    return tuple(address for address in found if address.lines or address.city or address.postal_code)


def identifiers_in(segment: Segment, *numbers: int) -> tuple[SubjectIdentifier, ...]:
    """Return the identifiers in CX fields. PHI."""
    fields = (field for number in numbers for field in segment.repetitions(number))
    return tuple(identifier for field in fields if (identifier := identifier_of(field)) is not None)


def filled(*parts: str) -> tuple[str, ...]:
    """Return the non-empty parts. PHI."""
    return tuple(part for part in parts if part)
