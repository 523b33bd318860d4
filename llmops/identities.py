"""Represent people and organisations named in a record, for vault linking and known-identifier search. PHI."""

from dataclasses import dataclass, field
from enum import StrEnum

from llmops.phi import PhiLabel


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectIdentifier:
    """An identifier assigned to a patient. PHI.

    Args:
        value: the identifier as written; the vault normalises it (case, zeros, dashes).
        assigner: assigning authority (OID, namespace, FHIR system); empty if unknown.
        label: its kind: MRN, SSN, PLAN, ACCT, LICENSE, OTHERID (a sample or study id).
    """

    value: str = field(repr=False)
    assigner: str = field(default="", repr=False)
    label: PhiLabel = PhiLabel.MRN


class Role(StrEnum):
    """The role of a known person or organisation towards the subject."""

    SELF = "self"
    RELATIVE = "relative"
    CLINICIAN = "clinician"
    ORGANIZATION = "organization"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonName:
    """A structured name. PHI. A name known only as one string is in ``text``."""

    family: str = field(default="", repr=False)
    given: tuple[str, ...] = field(default=(), repr=False)
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostalAddress:
    """A structured address. PHI. The state is separate: alone it is no identifier (164.514(b)(2)(i)(B))."""

    lines: tuple[str, ...] = field(default=(), repr=False)
    city: str = field(default="", repr=False)
    state: str = field(default="", repr=False)
    postal_code: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a structured record says about one person or organisation related to a subject. PHI.

    Args:
        subject: the *subject's* identifiers, also for a relative or clinician: the vault links by them.
        role: role of the described person towards the subject.
        names, birth_date (ISO 8601), phones, emails, addresses: as the record gives them.
        identifiers: further identifiers of the described person (SSN, licence, NPI ...) not used for linking.
        sex: ``"F"``, ``"M"`` or empty; surrogates keep it.
    """

    subject: tuple[SubjectIdentifier, ...] = field(repr=False)
    role: Role = Role.SELF
    names: tuple[PersonName, ...] = field(default=(), repr=False)
    birth_date: str = field(default="", repr=False)
    sex: str = ""
    phones: tuple[str, ...] = field(default=(), repr=False)
    emails: tuple[str, ...] = field(default=(), repr=False)
    addresses: tuple[PostalAddress, ...] = field(default=(), repr=False)
    identifiers: tuple[SubjectIdentifier, ...] = field(default=(), repr=False)
