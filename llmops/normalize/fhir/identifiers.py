"""Read FHIR Identifiers: the kind of number and its assigner."""

from types import MappingProxyType
from typing import Final

from llmops.identities import SubjectIdentifier
from llmops.normalize.fhir.values import obj, objs, string
from llmops.normalize.json_object import Json
from llmops.phi import PhiLabel

LOGICAL_ID: Final = "fhir"
"""Assigner of a resource's logical id: it belongs to the server, which a record does not name."""

# HL7 table 0203.
_TYPES: Final = MappingProxyType(
    {
        **dict.fromkeys(("MR", "PI", "PT", "MRT"), PhiLabel.MRN),
        **dict.fromkeys(("SS", "SB"), PhiLabel.SSN),
        **dict.fromkeys(("DL", "PPN", "NPI", "MD", "DEA"), PhiLabel.LICENSE),
        **dict.fromkeys(("MB", "MA", "MC", "HC", "NIIP", "SN"), PhiLabel.PLAN),
        **dict.fromkeys(("AN",), PhiLabel.ACCT),
        **dict.fromkeys(("VN", "ANON"), PhiLabel.OTHERID),
    }
)
_SYSTEM_PARTS: Final = (
    ("us-ssn", PhiLabel.SSN),
    ("2.16.840.1.113883.4.1", PhiLabel.SSN),
    ("us-npi", PhiLabel.LICENSE),
    ("2.16.840.1.113883.4.6", PhiLabel.LICENSE),
    ("2.16.840.1.113883.4.3.", PhiLabel.LICENSE),
    ("licen", PhiLabel.LICENSE),
    ("passport", PhiLabel.LICENSE),
    ("medicare", PhiLabel.PLAN),
    ("insurance", PhiLabel.PLAN),
    ("account", PhiLabel.ACCT),
)
_LINKING: Final = frozenset({PhiLabel.MRN, PhiLabel.OTHERID})


def read_identifier(identifier: Json) -> SubjectIdentifier:
    """Read an Identifier; the assigner is its system (a bare OID, as HL7 v2 and CDA write it), else its display.

    Args:
        identifier: a FHIR Identifier with a value. PHI.
    """
    system = string(identifier.get("system"))
    assigner = system.removeprefix("urn:oid:") or string(obj(identifier.get("assigner")).get("display"))
    return SubjectIdentifier(value=string(identifier.get("value")), assigner=assigner, label=_label(identifier, system))


def identifiers(resource: Json) -> tuple[SubjectIdentifier, ...]:
    """Return every identifier of a resource with a value. PHI."""
    return tuple(read_identifier(i) for i in objs(resource.get("identifier")) if string(i.get("value")))


def is_linking(identifier: SubjectIdentifier) -> bool:
    """Say whether an identifier identifies a patient within a system, unlike an SSN or a plan number."""
    return identifier.label in _LINKING


def _label(identifier: Json, system: str) -> PhiLabel:
    types = [string(coding.get("code")) for coding in objs(obj(identifier.get("type")).get("coding"))]
    by_type = next((_TYPES[code] for code in types if code in _TYPES), None)
    if by_type is not None:
        return by_type
    by_system = next((label for part, label in _SYSTEM_PARTS if _names_part(system.lower(), part)), None)
    return by_system or (PhiLabel.OTHERID if types else PhiLabel.MRN)


def _names_part(system: str, part: str) -> bool:
    """Compare OIDs whole, unless a trailing dot includes everything under them."""
    return part in system if part[-1] == "." or part[0].isalpha() else system.removeprefix("urn:oid:") == part
