"""What a record says about people and organisations: what the vault links, and what propagation looks for. PHI."""

from dataclasses import dataclass, field
from enum import StrEnum

from llmops.phi import PhiLabel


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectIdentifier:
    """An identifier somebody assigned to a patient. PHI.

    Args:
        value: the identifier as written; the vault normalises it (case, zeros, dashes).
        assigner: who assigned it (OID, namespace, FHIR system); empty where the record does not say.
        label: which kind it is: MRN, SSN, PLAN, ACCT, LICENSE, OTHERID (a sample or study id).
    """

    value: str = field(repr=False)
    assigner: str = field(default="", repr=False)
    label: PhiLabel = PhiLabel.MRN


class Role(StrEnum):
    """What a known person or organisation is to the subject."""

    SELF = "self"
    RELATIVE = "relative"
    CLINICIAN = "clinician"
    ORGANIZATION = "organization"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonName:
    """A structured name. PHI. Where only a full string is known it stands in ``text``."""

    family: str = field(default="", repr=False)
    given: tuple[str, ...] = field(default=(), repr=False)
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostalAddress:
    """A structured address. PHI. The state is kept apart: it alone is no identifier (164.514(b)(2)(i)(B))."""

    lines: tuple[str, ...] = field(default=(), repr=False)
    city: str = field(default="", repr=False)
    state: str = field(default="", repr=False)
    postal_code: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a structured record says about one person or organisation around a subject. PHI.

    Args:
        subject: the *subject's* identifiers, also when the person is a relative or clinician: the vault links by them.
        role: what the described person is to the subject.
        names, birth_date (ISO 8601), phones, emails, addresses: as the record gives them.
        identifiers: further identifiers of the described person (SSN, licence, NPI ...) that are not used for linking.
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
