"""Words that are no names (language of notes, eponyms, drugs, scores), and words that often are."""

from typing import Final

from llmops.deid.vocabulary import word_set
from llmops.deid.vocabulary.given_names import GIVEN_NAMES

MONTH_WORDS: Final = word_set("month_words")
DAY_WORDS: Final = word_set("day_words")
DATE_WORDS: Final = word_set("date_words")
"""Words in spoken and written dates, including holidays."""
STATES: Final = word_set("states")
COUNTRIES: Final = word_set("countries")
KEPT_PLACES: Final = (
    STATES
    | COUNTRIES
    | {
        "new york", "new mexico", "new jersey", "new hampshire", "north carolina", "south carolina", "north dakota",
        "south dakota", "west virginia", "rhode island", "puerto rico", "costa rica", "el salvador", "saudi arabia",
        "sri lanka", "south korea", "north korea", "south africa", "new zealand", "united states", "united kingdom",
        "burkina faso", "sierra leone", "ivory coast", "czech republic", "dominican republic", "quebec", "ontario",
        "newfoundland", "alberta", "british columbia", "manitoba", "nova scotia", "saskatchewan", "scotland", "wales",
    }
)  # fmt: skip
"""States, provinces and countries: alone they are no identifier."""
SURNAMES_AND_CITIES: Final = word_set("surnames_and_cities")
EPONYMS: Final = word_set("eponyms")
DRUG_ENDINGS: Final = (
    "pril", "sartan", "olol", "statin", "azole", "cillin", "mycin", "floxacin", "cycline", "mab", "nib",
    "tide", "gliptin",
    "gliflozin", "dipine", "azepam", "zepam", "oxetine", "triptan", "setron", "caine", "profen", "parin",
    "xaban", "vir",
    "formin", "thiazide", "semide", "terol", "sone", "solone", "tinib", "zumab", "ximab", "phylline",
    "barbital", "azine",
    "tadine", "amine", "itis", "osis", "emia", "ectomy", "oscopy", "otomy", "opathy", "algia", "oma",
    "ography", "ogram", "scopic", "plasty", "ostomy", "vaginal", "cardial", "vascular", "thoracic", "cranial", "spinal",
    "hepatic", "gastric", "therapy", "metry", "genic", "uria", "penia", "plegia", "paresis", "trophy", "megaly",
    "stenosis", "sclerosis", "ectasia", "plasia", "phagia", "phasia", "pnea", "rrhea", "rrhage", "lysis", "static",
)  # fmt: skip
"""Endings of drug and disease words."""

COMMON_WORDS: Final = word_set("clinical_words") | MONTH_WORDS | DAY_WORDS
"""Lower-case dictionary words; a name among them (May, Will, Hope) needs a name's context."""

_TERMS: Final = word_set("clinical_terms") | word_set("brands") | word_set("peoples") | EPONYMS | STATES | COUNTRIES
NEVER_NAMES: Final = _TERMS - GIVEN_NAMES - SURNAMES_AND_CITIES
"""Capitalised words that alone are no names."""


def is_plain(word: str) -> bool:
    """Say whether a word alone is no name: a dictionary word, eponym, drug or state."""
    low = word.lower()
    return low in COMMON_WORDS or low in NEVER_NAMES or (len(low) > 6 and low.endswith(DRUG_ENDINGS))
