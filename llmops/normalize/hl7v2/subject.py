"""Read the patient of an HL7 v2 message: numbers with assigners (PID, MRG), sex and age."""

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from llmops.documents import Field
from llmops.identities import SubjectIdentifier
from llmops.normalize.hl7v2.code_tables import meaning
from llmops.normalize.hl7v2.segments import FieldText, Message, Segment
from llmops.normalize.text.ages import age_field
from llmops.normalize.text.hl7_times import iso_time
from llmops.phi import PhiLabel

SSN_ASSIGNER: Final = "2.16.840.1.113883.4.1"
"""OID of the United States Social Security Administration, as C-CDA writes it."""

# HL7 table 0203. Any other type is some assigner's number for the patient.
_LABEL_OF_TYPE: Final = MappingProxyType(
    {
        **dict.fromkeys(("", "MR", "MRN", "MRT", "PI", "PT", "PN", "U", "EPI", "CURRENT"), PhiLabel.MRN),
        **dict.fromkeys(("SS", "SSN"), PhiLabel.SSN),
        **dict.fromkeys(("DL", "LN", "MD", "RN", "DN"), PhiLabel.LICENSE),
        **dict.fromkeys(("MA", "MC", "MCD", "MCR", "HC", "MB", "SN", "WC", "NIIP", "PHE", "PHO"), PhiLabel.PLAN),
        **dict.fromkeys(("AN", "ANON", "ANC", "AND", "ANT", "VN", "BA"), PhiLabel.ACCT),
    }
)
_SSN_AUTHORITIES: Final = frozenset({"SSA", "USSSA", SSN_ASSIGNER})
# Events that merge two records of one person; after a move (A43 to A45) the number was another person's.
_MERGES: Final = frozenset({"A18", "A34", "A36", "A39", "A40", "A46", "A47", "A48"})


def subject_of(patient: Segment | None) -> tuple[SubjectIdentifier, ...]:
    """Return the patient's identifiers: PID-3, else PID-2 and PID-4, then account (PID-18) and SSN (PID-19).

    Args:
        patient: the PID segment. PHI.
    """
    if patient is None:
        return ()
    found = [identifier for field in patient.repetitions(3) if (identifier := identifier_of(field)) is not None]
    if not found:
        spare = (*patient.repetitions(2), *patient.repetitions(4))
        found = [identifier for field in spare if (identifier := identifier_of(field)) is not None]
    account = identifier_of(patient.first(18), PhiLabel.ACCT)
    ssn = patient.get(19)
    found += [account] if account is not None else []
    found += [SubjectIdentifier(value=ssn, assigner=SSN_ASSIGNER, label=PhiLabel.SSN)] if ssn else []
    return tuple(dict.fromkeys(found))


def patient_fields(patient: Segment | None, time: str) -> Iterator[Field]:
    """Return the patient's sex and age, named like those of a FHIR Patient.

    Args:
        patient: the PID segment. PHI.
        time: time of the document, ISO 8601. PHI.
    """
    if patient is None:
        return
    if sex := meaning("PID-8", patient.first(8))[0]:
        yield Field(name="Patient.gender", value=sex)
    if age := age_field(iso_time(patient.get(7)), time):
        yield age


def merged_subject(message: Message) -> tuple[SubjectIdentifier, ...]:
    """Return the numbers that a merge message assigns to the same person (MRG-1)."""
    if message.event not in _MERGES:
        return ()
    fields = [field for segment in message.named("MRG") for field in segment.repetitions(1)]
    return tuple(identifier for field in fields if (identifier := identifier_of(field)) is not None)


def identifier_of(field: FieldText, label: PhiLabel | None = None) -> SubjectIdentifier | None:
    """Return an extended composite id (CX) as an identifier, or None if it has no number.

    Args:
        field: the CX. PHI.
        label: its label, if the field defines it; else the type in CX.5 decides.
    """
    value = field.component(1)
    if not value:
        return None
    assigner = field.component(4, 2) or field.component(4, 1)
    kind = label or _LABEL_OF_TYPE.get(field.component(5).upper(), PhiLabel.OTHERID)
    if assigner.upper() in _SSN_AUTHORITIES:
        kind = PhiLabel.SSN
    if kind is PhiLabel.SSN:
        assigner = SSN_ASSIGNER
    return SubjectIdentifier(value=value, assigner=assigner, label=kind)
