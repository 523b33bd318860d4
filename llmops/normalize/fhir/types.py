"""Closed lists of FHIR names: types without clinical content, genotype codes, observation categories."""

from types import MappingProxyType
from typing import Final

ADMINISTRATIVE: Final = frozenset(
    {
        "Account", "ActivityDefinition", "Appointment", "AppointmentResponse", "AuditEvent", "Basic",
        "CapabilityStatement", "CatalogEntry", "ChargeItem", "ChargeItemDefinition", "Claim", "ClaimResponse",
        "CodeSystem", "CommunicationRequest", "CompartmentDefinition", "ConceptMap", "Contract", "Coverage",
        "CoverageEligibilityRequest", "CoverageEligibilityResponse", "DataElement", "DeviceDefinition",
        "DeviceMetric", "DeviceRequest", "DocumentManifest", "EligibilityRequest", "EligibilityResponse", "Endpoint",
        "EnrollmentRequest", "EnrollmentResponse", "EventDefinition", "Evidence", "EvidenceVariable", "ExampleScenario",
        "ExplanationOfBenefit", "GraphDefinition", "Group", "GuidanceResponse", "HealthcareService",
        "ImmunizationEvaluation", "ImmunizationRecommendation", "ImplementationGuide", "InsurancePlan", "Invoice",
        "Library", "Linkage", "List", "Measure", "MeasureReport", "Media", "MessageDefinition", "MessageHeader",
        "MolecularSequence", "NamingSystem", "ObservationDefinition", "OperationDefinition", "OperationOutcome",
        "OrganizationAffiliation", "PaymentNotice", "PaymentReconciliation", "PlanDefinition", "ProcessRequest",
        "Provenance", "Questionnaire", "RequestGroup", "ResearchDefinition", "ResearchElementDefinition",
        "ResearchStudy", "ResearchSubject", "Schedule", "SearchParameter", "Sequence", "Slot", "SpecimenDefinition",
        "StructureDefinition", "StructureMap", "Subscription", "Substance", "SupplyDelivery", "SupplyRequest", "Task",
        "TerminologyCapabilities", "TestReport", "TestScript", "ValueSet", "VerificationResult",
    }
)  # fmt: skip
"""Types without clinical purpose in the bundled suites: money, terminology, infrastructure, sequences."""

BACKGROUND: Final = frozenset(
    {
        "Practitioner", "PractitionerRole", "Organization", "Location", "RelatedPerson", "Person", "Medication",
        "Parameters",
    }
)  # fmt: skip
"""Types that identify who, where or with what; they have no content of their own."""

ENCOUNTER_CLASSES: Final = MappingProxyType(
    {
        **dict.fromkeys(("AMB", "ambulatory", "outpatient"), "ambulatory"),
        **dict.fromkeys(("IMP", "ACUTE", "NONAC", "inpatient"), "inpatient"),
        **dict.fromkeys(("EMER", "emergency"), "emergency"),
        **dict.fromkeys(("OBSENC", "observation encounter"), "observation"),
        **dict.fromkeys(("VR", "virtual"), "virtual"),
        **dict.fromkeys(("HH", "home"), "home health"),
        "FLD": "field",
        "PRENC": "pre-admission",
        "SS": "short stay",
    }
)
"""Encounter class code (HL7 v3 ActCode; STU2 and STU3 words) -> the word a summary uses."""

GENOTYPE_LOINC: Final = frozenset(
    {
        "48004-6", "48005-3", "48006-1", "48018-6", "48019-4", "48001-2", "48002-0", "48003-8", "48013-7", "51958-7",
        "51963-7", "53034-5", "53037-8", "69547-8", "69548-6", "81252-9", "81254-5", "81258-6", "81290-9", "81291-7",
        "82154-6", "82155-3", "84413-4", "47998-0", "47999-8", "69551-0", "81300-6",
    }
)  # fmt: skip
"""LOINC codes of genotypes and variants (HL7 Genomics Reporting); such values identify a person."""

VITALS: Final = "Vital signs"
CATEGORY_SECTIONS: Final = MappingProxyType(
    {
        "vital-signs": VITALS,
        "laboratory": "Results",
        "social-history": "Social history",
        "survey": "Functional status",
        "imaging": "Imaging",
        "exam": "Physical examination",
        "procedure": "Procedures",
    }
)
"""Observation category -> section of the summary."""
