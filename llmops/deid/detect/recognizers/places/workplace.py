"""Employers after work words, and hospitals and clinics after place words, certain whatever their names mean."""

import re
from collections.abc import Iterator
from typing import Final

from llmops.deid.detect.recognizers.rules import PatternRule, Rules
from llmops.deid.spans import Span, View
from llmops.deid.vocabulary import word_set
from llmops.deid.vocabulary.words import COMMON_WORDS, COUNTRIES, EPONYMS, STATES, is_plain
from llmops.phi import PhiLabel

NAME: Final = "workplace"
LABEL: Final = PhiLabel.ORG
_CERTAIN: Final = 0.99
_WORD: Final = r"(?:[A-Z][A-Za-z]*(?:[-'&][A-Z]?[a-z]+)*)"
_PHRASE: Final = _WORD + r"(?:(?: (?:of|and|&) | )" + _WORD + r"){0,3}"
_WORK: Final = (
    r"(?:works? (?:full[- ]time |part[- ]time )?(?:for|at)|worked (?:for|at)|working (?:for|at)|employed (?:by|at)|"
    r"retired from|(?:driver|job|shift|cashier|manager|clerk|teacher|machinist|employee) (?:for|at))"
)
_AGENCY: Final = (
    r"(?:social security (?:administration|agency|office)|(?:[a-z]+ ){1,2}department of [a-z]+|postal service|"
    r"post office)"
)
_BRAND: Final = (
    r"(?:fed[ -]?ex|wal-?mart|t-mobile|pepsi(?:-cola)?|coca-cola|frito[- ]lay|taco bell|burger king|home depot|costco|"
    r"walgreens|mcdonald'?s|u\.?p\.?s\.?|verizon|at&t|boeing|safeway|kroger|lowe'?s)"
)
_AT: Final = r"(?:at|to|from|by|with|via|through|of|his|her|their|in)"
_UNNAMED: Final = (
    word_set("first_words") | word_set("unit_words") | word_set("not_initials") | word_set("before_hospital")
)
"""Words before ``hospital`` that state its kind, and words after ``works at`` that name nobody."""
_NAMES_TOO: Final = frozenset({"children", "community", "memorial", "mercy", "st", "saint"})
_PLAIN_STAY: Final = re.compile(
    r"(?i)(?:'s)? (?:stay|course|admission|day|bed|gown|records?|discharge|policy|based|grade|acquired|visits?)\b"
)
_PARTS: Final = re.compile(r"[A-Za-z]+")
_UNITS: Final = word_set("unit_words")
_UNIT: Final = r"(?:Agency|Associates|Center|Clinic|Group|Hospital|Institute|Practice|Rehab|Rehabilitation|Services?)"
_KINDS: Final = _UNITS | frozenset(
    {"consulting", "craniofacial", "customer", "injuries", "movement", "rural", "translational", "village"}
)
"""Words before a unit's name that state its kind: those of ``unit_words``, and some found in notes."""


def _is_employer(folded: str, start: int, end: int) -> bool:
    """Require a word that is no kind of work or place; a state or an army is no identifying employer."""
    words = [word.lower() for word in _PARTS.findall(folded, start, end) if word[0].isupper()]
    return any(
        word not in _UNNAMED and word not in STATES and word not in COUNTRIES and len(word) > 1 for word in words
    ) and not any(word in {"army", "navy", "marines", "corps", "i", "monday"} for word in words)


def _is_hospital(folded: str, start: int, end: int) -> bool:
    """Require a name before ``Hospital``: no kind of hospital, no patient state."""
    words = [word.lower() for word in _PARTS.findall(folded, start, end)]
    names = [word for word in words[:-1] if word not in _UNNAMED and len(word) > 1 and word != "s"]
    return bool(names) and _PLAIN_STAY.match(folded, end) is None


def _is_named_unit(folded: str, start: int, end: int) -> bool:
    """Require a proper name before unit words: ``Keller Plastic Surgery Service``, not ``Urology Clinic``."""
    first, *others = (word.lower() for word in _PARTS.findall(folded[start:end].replace("'s ", " ")))
    named = not (is_plain(first) or first in _KINDS or first in EPONYMS or first in _UNNAMED)
    return named and all(word in _UNITS or word in {"and", "of"} for word in others[:-1])


def _is_spoken_hospital(folded: str, start: int, end: int) -> bool:
    """Like `_is_hospital`, in lower case: one word must be non-dictionary, except the few names of many hospitals."""
    words = [word.lower() for word in _PARTS.findall(folded, start, end)]
    named = any(not is_plain(word) and word not in COMMON_WORDS for word in words[:-1] if len(word) > 2)
    return words[0] in _NAMES_TOO or (named and _is_hospital(folded, start, end))


RULES: Final = Rules(
    PatternRule(r"(?i)\b" + _WORK + r" (?:the )?(" + _AGENCY + r")\b", PhiLabel.ORG, _CERTAIN),
    PatternRule(r"(?i)\b(?:for|at|from|by|with|the|a|as) (" + _BRAND + r")(?:[ .,;)]|$)", PhiLabel.ORG, _CERTAIN),
    PatternRule(r"\b" + _WORK + r" (?:the )?(" + _PHRASE + r")\b", PhiLabel.ORG, _CERTAIN, _is_employer),
    PatternRule(r"\b(?:at|to|from|by|with|via|through) the (VA|[A-Z]{1,3}VAMC)\b", PhiLabel.ORG, _CERTAIN),
    PatternRule(r"(?i)\b(?:at|to|by|the) ((?:mayo|cleveland|lahey|scripps) clinic|hvamc)\b", PhiLabel.ORG, _CERTAIN),
    PatternRule(
        r"(?i)(?:\(| at | to | from | hospital )(kaiser(?: permanente)?)(?:[).,;\n]| (?:in|for|on|and)\b)",
        PhiLabel.ORG,
        _CERTAIN,
    ),
    PatternRule(
        r"\b" + _AT + r" (?:the )?((?:" + _WORD + r"(?:'s)? ){1,3}(?:Hospital|Clinic))\b",
        PhiLabel.ORG,
        _CERTAIN,
        _is_hospital,
    ),
    PatternRule(
        r"\b" + _AT + r" (?:the )?((?:st\.? )?(?:[a-z]{3,}(?:'s)? ){1,2}hospital)\b",
        PhiLabel.ORG,
        _CERTAIN,
        _is_spoken_hospital,
    ),
    PatternRule(
        r"\b([A-Z][a-z]{2,}(?:'s)? (?:(?:[A-Z][a-z]+|and|of|&) ){0,3}" + _UNIT + r")\b",
        PhiLabel.ORG,
        _CERTAIN,
        _is_named_unit,
    ),
    PatternRule(
        r"\b(?:presents|presented|taken|brought|came|admitted|transferred|transported) to (?:the )?"
        r"([a-z]{3,}(?: [a-z]{3,})? (?:hospital|medical center))\b",
        PhiLabel.ORG,
        _CERTAIN,
        _is_hospital,
    ),
    PatternRule(
        r"(?i)\b(?:presents|presented|taken|brought|came) to (?:the )?([a-z]{3,}) (?:pre-?operative|pre-?op) holding",
        PhiLabel.ORG,
        _CERTAIN,
        lambda f, s, e: f[s:e].lower() not in _UNNAMED,
    ),
)


def find(view: View) -> Iterator[Span]:
    """Yield the employers after work words in a view."""
    return RULES.find(view, NAME)
