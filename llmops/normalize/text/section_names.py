"""The closed table of section names: free-text synonyms and LOINC section codes, nothing from records."""

from types import MappingProxyType
from typing import Final

OTHER: Final = "other"

# name -> (LOINC code, synonyms in lower case without punctuation). The name itself is always a synonym.
_TABLE: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "chief_complaint": ("10154-3", ("cc", "presenting complaint", "presenting problem", "complaint")),
    "chief_complaint_and_reason_for_visit": ("46239-0", ("chief complaint and reason for visit",)),
    "reason_for_visit": ("29299-5", ("reason for admission", "reason for encounter")),
    "reason_for_referral": ("42349-1", ("reason for consult", "reason for consultation", "referral reason")),
    "history_of_present_illness": (
        "10164-2",
        ("hpi", "present illness", "history of the present illness", "interval history", "history present illness"),
    ),
    "history": ("11329-0", ("clinical history", "history general", "brief history", "relevant history")),
    "past_medical_history": (
        "11348-0",
        ("pmh", "pmhx", "medical history", "past history", "past medical hx", "history of past illness"),
    ),
    "past_surgical_history": ("10167-5", ("psh", "pshx", "surgical history", "past surgical hx")),
    "history_of_procedures": ("47519-4", ("procedures", "history of procedures", "procedures and interventions")),
    "medications": (
        "10160-0",
        ("meds", "current medications", "medication list", "home medications", "outpatient medications", "home meds"),
    ),
    "admission_medications": ("42346-7", ("medications on admission", "medications at admission")),
    "discharge_medications": ("10183-2", ("medications on discharge", "medications at discharge", "discharge meds")),
    "medications_administered": ("29549-3", ("medications given",)),
    "allergies": (
        "48765-2",
        ("allergies and adverse reactions", "drug allergies", "allergies and intolerances", "medication allergies"),
    ),
    "family_history": ("10157-6", ("fh", "fhx", "family hx", "family medical history")),
    "social_history": ("29762-2", ("sh", "shx", "social hx", "psychosocial history")),
    "review_of_systems": ("10187-3", ("ros", "systems review")),
    "vital_signs": ("8716-3", ("vitals", "vs", "vital signs on admission", "vitals signs")),
    "physical_examination": (
        "29545-1",
        ("physical exam", "pe", "exam", "examination", "objective exam", "physical findings", "exam on discharge"),
    ),
    "general_status": ("10210-3", ("general appearance",)),
    "mental_status": ("10190-7", ("mental status exam", "mental status examination", "mse")),
    "functional_status": ("47420-5", ("functional history",)),
    "results": (
        "30954-2",
        (
            "labs",
            "laboratory data",
            "laboratory",
            "lab results",
            "pertinent results",
            "laboratory results",
            "laboratory findings",
            "data",
            "diagnostic results",
            "test results",
            "relevant diagnostic tests and or laboratory data",
            "reports",
        ),
    ),
    "imaging": (
        "18726-0",
        ("radiology", "imaging studies", "radiology studies", "imaging results", "diagnostic imaging"),
    ),
    "subjective": ("61150-9", ()),
    "objective": ("61149-1", ()),
    "assessment": ("51848-0", ("medical decision making", "clinical impression", "a")),
    "plan": ("18776-5", ("plan of care", "plan of treatment", "treatment plan", "care plan", "p", "plans")),
    "assessment_and_plan": (
        "51847-2",
        (
            "a p",
            "a and p",
            "ap",
            "assessment plan",
            "impression and plan",
            "impression plan",
            "assessment and recommendations",
        ),
    ),
    "problems": ("11450-4", ("problem list", "active problems", "problem", "active problem list")),
    "past_problems": ("11348-0", ("resolved problems", "history of past problems")),
    "health_concerns": ("75310-3", ()),
    "goals": ("61146-7", ()),
    "health_status_evaluations": ("11383-7", ("health status evaluations and outcomes",)),
    "interventions": ("62387-6", ()),
    "nutrition": ("61144-2", ("diet", "nutrition section")),
    "discharge_diet": ("42344-2", ()),
    "immunizations": ("11369-6", ("immunization history", "vaccines", "vaccinations")),
    "encounters": ("46240-8", ("history of encounters",)),
    "payers": ("48768-6", ("insurance", "insurance providers")),
    "advance_directives": ("42348-3", ("code status", "advance directive")),
    "medical_equipment": ("46264-8", ("durable medical equipment", "implants and devices")),
    "instructions": ("69730-0", ("patient instructions", "patient education", "education")),
    "pregnancy_history": (
        "10162-6",
        ("obstetric history", "ob history", "history of pregnancies", "gynecologic history"),
    ),
    "developmental_history": ("11334-0", ("development",)),
    "genetic_history": ("49033-4", ("genetics", "genetic testing", "genetic test results", "molecular findings")),
    "admission_diagnosis": ("46241-6", ("admitting diagnosis", "admission diagnoses", "admitting diagnoses")),
    "discharge_diagnosis": ("11535-2", ("discharge diagnoses", "final diagnoses", "hospital discharge diagnosis")),
    "hospital_course": (
        "8648-8",
        ("brief hospital course", "hospital course by problem", "course in hospital", "summary of hospital course"),
    ),
    "emergency_department_course": ("67661-9", ("ed course", "emergency room course", "course in the ed")),
    "consultations": ("18841-7", ("consults", "hospital consultations")),
    "discharge_condition": ("", ("condition on discharge", "condition at discharge", "condition")),
    "discharge_disposition": ("55112-7", ("disposition", "discharge disposition", "discharged to")),
    "discharge_instructions": ("8653-8", ("hospital discharge instructions", "instructions on discharge")),
    "discharge_physical": ("10184-0", ("hospital discharge physical", "discharge exam", "discharge physical exam")),
    "discharge_studies": ("11493-4", ("hospital discharge studies summary",)),
    "follow_up": ("18776-5", ("followup", "follow up plan", "follow up instructions", "follow up appointments")),
    "preoperative_diagnosis": ("10219-4", ("pre operative diagnosis", "preop diagnosis", "pre op diagnosis")),
    "postoperative_diagnosis": ("10218-6", ("post operative diagnosis", "postop diagnosis", "post op diagnosis")),
    "procedure_description": (
        "29554-3",
        ("description of procedure", "procedure in detail", "operation", "details of procedure", "procedure"),
    ),
    "procedure_indications": ("59768-2", ("indications for procedure", "indications for surgery")),
    "procedure_findings": ("59776-5", ("operative findings", "intraoperative findings")),
    "procedure_disposition": ("59775-7", ()),
    "procedure_specimens": ("59773-2", ("specimens removed", "specimens", "specimens taken")),
    "procedure_implants": ("59771-6", ("implants",)),
    "estimated_blood_loss": ("59770-8", ("ebl", "blood loss")),
    "anesthesia": ("59774-0", ("anesthesia type", "anaesthesia")),
    "complications": ("55109-3", ()),
    "indication": (
        "18785-6",
        ("indications", "reason for study", "reason for exam", "reason for examination", "clinical indication"),
    ),
    "clinical_information": ("55752-0", ("clinical data", "clinical context")),
    "technique": ("55111-9", ("procedure and technique", "exam technique", "imaging technique")),
    "comparison": ("18834-2", ("comparisons", "comparison studies", "prior studies")),
    "findings": ("59776-5", ("observations", "imaging findings")),
    "impression": ("19005-8", ("impressions", "conclusion", "conclusions", "opinion", "interpretation")),
    "recommendations": ("18783-0", ("recommendation", "advice")),
    "addendum": ("55107-7", ("addenda",)),
    "specimen": ("22636-5", ("specimen source", "specimen submitted", "clinical specimen")),
    "gross_description": ("22634-0", ("gross", "gross examination", "macroscopic description", "macroscopy")),
    "microscopic_description": ("22635-7", ("microscopic", "microscopy", "microscopic examination")),
    "diagnosis": ("29308-4", ("diagnoses", "dx", "encounter diagnosis")),
    "final_diagnosis": ("22637-3", ("pathologic diagnosis", "pathological diagnosis", "final pathologic diagnosis")),
    "comment": ("48767-8", ("comments", "note", "notes", "annotation comment", "remarks")),
    "dialogue": ("", ("conversation", "transcript")),
    "summary": ("", ("clinical summary", "case summary", "synopsis")),
}

_BY_SYNONYM: Final = MappingProxyType(
    {
        synonym: (name, code)
        for name, (code, synonyms) in _TABLE.items()
        for synonym in (*synonyms, name.replace("_", " "))
    }
)
# The first name that claims a code keeps it; further C-CDA codes of the same section follow.
_BY_CODE: Final = MappingProxyType(
    {
        **{code: name for name, (code, _) in reversed(_TABLE.items()) if code},
        "59769-0": "postoperative_diagnosis",
        "29308-4": "diagnosis",
        "10223-6": "procedure_description",
        "8724-7": "procedure_description",
        "59772-4": "procedure_description",
        "11537-8": "discharge_studies",
        "18782-3": "findings",
        "121070": "findings",
        "18748-4": "imaging",
        "10155-0": "allergies",
        "46058-4": "results",
        "75311-1": "discharge_medications",
        "29299-5": "reason_for_visit",
        "55115-0": "procedure_description",
        "10166-1": "social_history",
        "11347-2": "past_surgical_history",
        "29548-5": "diagnosis",
        "88348-8": "medical_equipment",
        "85847-2": "care_teams",
        "47045-0": "comment",
    }
)


def section_name(heading: str) -> tuple[str, str]:
    """Look up a heading in the closed table: ``(name, LOINC code)``, or ``("other", "")`` if unknown.

    Args:
        heading: the heading as written, with or without colon. PHI possible, so it never becomes the name.
    """
    return _BY_SYNONYM.get(heading_key(heading), (OTHER, ""))


def section_name_for_code(code: str) -> str:
    """Return a section's name by its LOINC code, or ``"other"``."""
    return _BY_CODE.get(code, OTHER)


def heading_key(heading: str) -> str:
    """Reduce a heading to lower-case words, as in the table."""
    words = "".join(c if c.isalnum() else " " for c in heading.replace("&", " and ").lower())
    return " ".join(words.split())
