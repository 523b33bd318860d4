"""Words of letterheads and header lines that are no part of a name."""

from typing import Final

INSTITUTIONS: Final = frozenset(
    {"hospital", "hospitals", "clinic", "clinics", "center", "centre", "institute", "imaging", "practice", "health"}
    | {"healthcare", "infirmary", "sanatorium", "hospice", "associates", "university", "college", "physicians", "unit"}
    | {"laboratory", "laboratories", "nursing", "pharmacy", "rehabilitation", "partners"}
)
"""Words for places of care; a name before one of them is certainly a place."""

SPECIALTIES: Final = frozenset(
    {"cardiology", "dermatology", "endocrinology", "gastroenterology", "gynecology", "hematology", "immunology"}
    | {"nephrology", "neurology", "neurophysiology", "neurosurgery", "oncology", "ophthalmology", "orthopedics"}
    | {"orthopaedics", "otolaryngology", "paediatrics", "pathology", "pediatrics", "psychiatry", "pulmonary"}
    | {"pulmonology", "radiology", "rheumatology", "urology", "dialysis", "genetics", "obstetrics"}
)

DOCUMENT_WORDS: Final = frozenset(
    {"note", "report", "summary", "letter", "visit", "consult", "consultation", "follow", "follow-up", "review"}
    | {"board", "plan", "record", "form", "sheet", "evaluation", "assessment", "encounter", "history", "line", "call"}
    | {"handoff", "transfer", "discharge", "admission", "progress", "exam", "study", "result", "results", "order"}
)

CLINICAL: Final = frozenset(
    {"medical", "clinical", "family", "general", "internal", "medicine", "surgery", "surgical", "emergency", "urgent"}
    | {"care", "department", "division", "service", "services", "section", "office", "team", "ward", "icu", "ccu"}
    | {"cancer", "heart", "kidney", "liver", "lung", "brain", "breast", "eye", "ear", "skin", "bone", "spine", "knee"}
    | {"hip", "chest", "abdomen", "pelvis", "neck", "head", "retina", "thyroid", "stroke", "epilepsy", "diabetes"}
    | {"wound", "pain", "sleep", "memory", "asthma", "allergy", "transplant", "trauma", "burn", "infectious", "disease"}
    | {"diseases", "failure", "rhythm", "vascular", "cardiac", "cardiovascular", "renal", "respiratory", "endocrine"}
    | {"behavioral", "behavioural", "mental", "womens", "women's", "men's", "children", "childrens", "children's"}
    | {"maternal", "fetal", "newborn", "neonatal", "adult", "primary", "community", "regional", "ambulatory"}
    | {"outpatient", "inpatient", "specialty", "speciality", "intensive", "critical", "acute", "chronic", "palliative"}
    | {"skilled", "home", "physical", "occupational", "therapy", "speech", "nuclear", "diagnostic", "interventional"}
    | {
        "ct",
        "mri",
        "mr",
        "us",
        "xr",
        "pet",
        "ecg",
        "ekg",
        "eeg",
        "left",
        "right",
        "bilateral",
        "the",
        "of",
        "and",
        "for",
    }
    | {"at", "in", "&", "new", "initial", "annual", "weekly", "monthly", "daily", "first", "second", "third", "final"}
    | {"day", "week", "month", "year", "six", "three", "two", "pre", "post", "routine", "travel", "tumor", "tumour"}
    | {"cystic", "fibrosis", "prenatal", "diagnosis", "growth", "infusion", "anticoagulation", "coumadin", "metabolic"}
    | {"correctional", "free", "myocardial", "perfusion", "translational", "mitochondrial", "neuro", "hd", "bmt"}
    | {"request", "release", "certification", "admitted", "from", "to", "with", "night", "nighthawk"}
    | {"nurse", "triage", "lab", "echo", "cath", "blood", "bank", "school", "student", "employee", "virtual"}
)

_NO_PERSON: Final = frozenset(
    {"dr", "mr", "mrs", "ms", "md", "attending", "resident", "surgeon", "provider", "physician", "doctor", "author"}
    | {"assistant", "operator", "clinician", "signed", "seen", "by", "read", "dictated", "electronically", "reviewed"}
    | {
        "patient",
        "unknown",
        "none",
        "same",
        "above",
        "self",
        "pending",
        "not",
        "no",
        "yes",
        "alive",
        "deceased",
        "died",
    }
    | {"well", "healthy", "history", "date", "time", "phone", "name", "mrn", "dob", "sex", "age", "reports", "says"}
    | {"has", "had", "with", "is", "was", "denies", "states", "present", "here", "type", "hypertension", "charge", "cc"}
    | {"coronary", "artery", "high", "ovarian", "colon", "prostate", "rheumatoid", "multiple", "sickle", "school"}
    | {
        "system",
        "admin",
        "administrator",
        "interface",
        "import",
        "scribe",
        "user",
        "epic",
        "cerner",
        "auto",
        "automated",
    }
    | {"ordering", "referring", "requesting", "reading", "staff", "supervising", "primary", "pcp", "rn", "np", "per"}
)
_CLINICAL_ENDINGS: Final = (
    *("ology", "iatry", "iatric", "iatrics", "graphy", "scopy", "tomy", "plasty", "itis", "osis", "emia", "pathy"),
    *("ension", "oncologic", "logic", "logical", "physiology", "metry", "carcinoma", "lymphoma"),
)


def plain(word: str) -> str:
    """Return a word in the lists' form: lower case, without surrounding marks."""
    return word.strip(".,;:()[]*_#'\"’").casefold()


def is_clinical(word: str) -> bool:
    """Say whether a word denotes care or a place of care in general: no part of a place's name. May be PHI."""
    lower = plain(word)
    known = lower in CLINICAL or lower in INSTITUTIONS or lower in SPECIALTIES or lower in DOCUMENT_WORDS
    return known or lower.endswith(_CLINICAL_ENDINGS)


def names_institution(text: str) -> bool:
    """Say whether a name contains a word used only for places of care (``St. Brendan's Hospital``). PHI."""
    return any(plain(word) in INSTITUTIONS for word in text.split())


def may_be_person(word: str) -> bool:
    """Say whether a word may be part of a person's name: written as one, and no care or header word. PHI."""
    written = len(word) > 1 or word.isupper()
    return written and word[:1].isupper() and not is_clinical(word) and plain(word) not in _NO_PERSON
