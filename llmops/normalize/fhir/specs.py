"""Specify what is read of each FHIR resource type, one row per type (FHIR R4, STU3 names where they differ)."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """Specification of one resource type.

    Args:
        section: heading in the summary.
        what: elements that may hold the subject matter, best first; ``x`` names a choice (``medicationx``).
        when: elements that may hold the time, best first.
        status: coded elements to mention.
        details: elements to list after the headline: element name -> label.
        notes: elements with free text.
        people: elements that refer to clinicians or relatives.
        places: elements that refer to organisations or locations.
    """

    section: str
    what: tuple[str, ...] = ("code",)
    when: tuple[str, ...] = ()
    status: tuple[str, ...] = ("status",)
    details: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ("note",)
    people: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


_MEDICATION: Final = ("medicationCodeableConcept", "medicationReference", "medication")

SPECS: Final = MappingProxyType(
    {
        "Condition": Spec(
            section="Problems",
            when=("onsetDateTime", "onsetPeriod", "recordedDate", "assertedDate"),
            status=("clinicalStatus", "verificationStatus"),
            details=(
                ("severity", "severity"),
                ("bodySite", "site"),
                ("onsetAge", "onset at age"),
                ("onsetString", "onset"),
                ("abatementDateTime", "until"),
                ("stage", "stage"),
            ),
            people=("recorder", "asserter"),
        ),
        "AllergyIntolerance": Spec(
            section="Allergies",
            when=("onsetDateTime", "recordedDate", "assertedDate"),
            status=("clinicalStatus", "verificationStatus", "criticality"),
            details=(("category", "category"), ("reaction", "reaction")),
            people=("recorder", "asserter"),
        ),
        "MedicationRequest": Spec(
            section="Medications",
            what=_MEDICATION,
            when=("authoredOn",),
            status=("status", "intent"),
            details=(
                ("dosageInstruction", "dosage"),
                ("reasonCode", "for"),
                ("reasonReference", "for"),
                ("statusReason", "status reason"),
            ),
            people=("requester", "recorder", "performer"),
        ),
        "MedicationStatement": Spec(
            section="Medications",
            what=_MEDICATION,
            when=("effectiveDateTime", "effectivePeriod", "dateAsserted"),
            details=(("dosage", "dosage"), ("reasonCode", "for"), ("reasonReference", "for")),
            people=("informationSource",),
        ),
        "MedicationAdministration": Spec(
            section="Medications administered",
            what=_MEDICATION,
            when=("effectiveDateTime", "effectivePeriod"),
            details=(("dosage", "dosage"), ("reasonCode", "for"), ("reasonReference", "for")),
            people=("performer",),
        ),
        "MedicationDispense": Spec(
            section="Medications",
            what=_MEDICATION,
            when=("whenHandedOver", "whenPrepared"),
            details=(("quantity", "quantity"), ("daysSupply", "supply"), ("dosageInstruction", "dosage")),
            people=("performer",),
        ),
        "Immunization": Spec(
            section="Immunizations",
            what=("vaccineCode",),
            when=("occurrenceDateTime", "date", "occurrenceString"),
            details=(("statusReason", "status reason"), ("reaction", "reaction")),
            people=("performer",),
            places=("location",),
        ),
        "Procedure": Spec(
            section="Procedures",
            when=("performedDateTime", "performedPeriod", "performedString"),
            details=(
                ("bodySite", "site"),
                ("outcome", "outcome"),
                ("complication", "complication"),
                ("reasonCode", "for"),
                ("reasonReference", "for"),
            ),
            people=("performer", "recorder", "asserter"),
            places=("location",),
        ),
        "ImagingStudy": Spec(
            section="Imaging",
            what=("procedureCode", "description", "modality", "modalityList"),
            when=("started",),
            details=(("reasonCode", "for"), ("series", "series")),
            people=("interpreter", "referrer"),
            places=("location",),
        ),
        "Observation": Spec(
            section="Results",
            when=("effectiveDateTime", "effectivePeriod", "effectiveInstant", "issued"),
            details=(
                ("interpretation", "interpretation"),
                ("referenceRange", "reference"),
                ("bodySite", "site"),
                ("dataAbsentReason", "absent"),
            ),
            notes=("note", "comment"),
            people=("performer",),
        ),
        "DiagnosticReport": Spec(
            section="Reports",
            when=("effectiveDateTime", "effectivePeriod", "issued"),
            details=(("conclusionCode", "conclusion"), ("codedDiagnosis", "diagnosis")),
            notes=("conclusion",),
            people=("performer", "resultsInterpreter"),
        ),
        "CarePlan": Spec(
            section="Care plan",
            what=("category", "title"),
            when=("period", "created"),
            details=(("addresses", "addresses"), ("activity", "activities")),
            notes=("description", "note"),
            people=("author",),
        ),
        "CareTeam": Spec(
            section="Care team", what=("category", "name"), when=("period",), details=(("reasonCode", "for"),)
        ),
        "Goal": Spec(
            section="Goals",
            what=("description",),
            when=("startDate", "statusDate"),
            status=("lifecycleStatus", "achievementStatus", "status"),
            details=(("target", "target"), ("addresses", "addresses")),
            people=("expressedBy",),
        ),
        "FamilyMemberHistory": Spec(
            section="Family history",
            what=("relationship",),
            when=("date",),
            details=(("condition", "conditions"), ("sex", "sex"), ("ageAge", "age"), ("deceasedAge", "died at age")),
        ),
        "ServiceRequest": Spec(
            section="Orders",
            when=("occurrenceDateTime", "occurrencePeriod", "authoredOn"),
            status=("status", "intent"),
            details=(("reasonCode", "for"), ("reasonReference", "for"), ("patientInstruction", "instruction")),
            people=("requester", "performer"),
        ),
        "ClinicalImpression": Spec(
            section="Assessment",
            what=("code", "description"),
            when=("effectiveDateTime", "effectivePeriod", "date"),
            details=(("finding", "findings"), ("prognosisCodeableConcept", "prognosis")),
            notes=("description", "summary", "note"),
            people=("assessor",),
        ),
        "Specimen": Spec(
            section="Specimens", what=("type",), when=("receivedTime",), details=(("collection", "collection"),)
        ),
        "Device": Spec(section="Medical equipment", what=("type", "deviceName"), when=("manufactureDate",)),
        "DeviceUseStatement": Spec(
            section="Medical equipment",
            what=("device", "bodySite"),
            when=("timingDateTime", "recordedOn"),
        ),
        "Flag": Spec(section="Alerts", when=("period",), details=(("category", "category"),), people=("author",)),
        "AdverseEvent": Spec(
            section="Adverse events",
            what=("event", "code", "description"),
            when=("occurrenceDateTime", "date", "detected", "recordedDate"),
            status=("status", "actuality"),
            details=(("seriousness", "seriousness"), ("severity", "severity"), ("outcome", "outcome")),
            notes=("description", "note"),
            people=("recorder",),
            places=("location",),
        ),
        "DetectedIssue": Spec(
            section="Alerts",
            what=("code", "detail"),
            when=("identifiedDateTime", "identifiedPeriod", "date"),
            status=("status", "severity"),
            details=(("implicated", "implicated"), ("mitigation", "mitigation")),
            notes=("detail", "note"),
            people=("author",),
        ),
        "VisionPrescription": Spec(
            section="Orders",
            what=(),
            when=("dateWritten", "created"),
            people=("prescriber",),
        ),
        "NutritionOrder": Spec(section="Nutrition", what=("oralDiet",), when=("dateTime",)),
        "RiskAssessment": Spec(
            section="Assessment",
            when=("occurrenceDateTime",),
            details=(("prediction", "prediction"), ("mitigation", "mitigation")),
        ),
        "EpisodeOfCare": Spec(section="Encounters", what=("type",), when=("period",), people=("careManager",)),
        "Communication": Spec(
            section="Communications",
            what=("topic", "category"),
            when=("sent",),
            notes=("payload", "note"),
            people=("sender",),
        ),
        "QuestionnaireResponse": Spec(section="Questionnaires", what=("questionnaire",), when=("authored",), notes=()),
        "Consent": Spec(section="Consents", what=("scope", "category"), when=("dateTime",)),
        "BodyStructure": Spec(section="Findings", what=("morphology", "description"), details=(("location", "site"),)),
    }
)
"""Resource types with clinical content, by name."""

_FIRST: Final = (
    "Problems",
    "Allergies",
    "Medications",
    "Medications administered",
    "Immunizations",
    "Procedures",
    "Vital signs",
    "Physical examination",
    "Results",
    "Reports",
)
SECTION_ORDER: Final = tuple(dict.fromkeys((*_FIRST, *(spec.section for spec in SPECS.values()))))
"""The order of sections in a summary."""
