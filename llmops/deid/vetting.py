"""How sure the network must be of a word before it is masked, by what vetted vocabulary and context say of the word."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from llmops.deid.recognizers.score_pairs import is_score_pair
from llmops.deid.spans import ScoredWord, Span
from llmops.deid.vocabulary.words import DATE_WORDS, KEPT_PLACES, is_plain
from llmops.phi import PhiLabel

NEVER: Final = 1.1
"""No probability reaches it."""
JUDGED: Final = frozenset({PhiLabel.NAME, PhiLabel.LOC, PhiLabel.ORG})
"""Labels whose words are words: vocabulary can speak against them."""
_CODED_BEFORE: Final = re.compile(
    r"(?i)(?:\b(?:REF|CPT|LOINC|HCPCS|ICD(?:-?(?:9|10))?|SNOMED|OMIM|MIM|NDC|DRG|CAT|catalog|rs|HP|GO|ORPHA|"
    r"NM|NP|NC|NG|NR|ENS[GTP]|dbSNP|ClinVar|chr)[ #:._]{0,3})\Z"
)
_WHOLE_PART: Final = re.compile(r"(?:^|[^\d.])\d{1,3}\.\Z")
_CLOCK_OR_COUNT: Final = re.compile(r"(?:[01]\d|2[0-3])[0-5]\d|\d{1,2}")
_MEASURE_AFTER: Final = re.compile(
    r"(?i)[ \t]?(?:%|mg|mcg|ug|ml|cc|cm|mm|kg|g\b|lbs?\b|meq|mmol|units?\b|bpm|mmhg|fr\b|gy\b|hrs?\b|min\b|days?\b|"
    r"wks?\b|weeks?\b|months?\b|yrs?\b|years?\b|tabs?\b|x ?\d)"
)
_GENE: Final = re.compile(
    r"(?:CYP|TP|BRCA|SLCO|MLH|MSH|PMS|FGFR|HLA|JAK|DNMT|IDH|NPM|FLT|PIK|ERBB|ALK|MYD)[A-Z0-9]{1,6}"
)
_CREDENTIAL: Final = re.compile(
    r"(?:M\.? ?D|D\.? ?O|R\.? ?N|N\.P|P\.A|Ph\.? ?D|D\.(?=[ ,;)\n]|\Z)|O\.(?=[ ,;)\n]|\Z))\b\.?"
)

_ALONE: Final[Mapping[PhiLabel, float]] = MappingProxyType(
    {
        PhiLabel.NAME: 0.4,
        PhiLabel.LOC: 0.45,
        PhiLabel.ORG: 0.15,
        PhiLabel.DATE: 0.25,
        PhiLabel.OTHERID: 0.45,
        PhiLabel.AGE90: 0.4,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """How sure the network must be of a word, by what else speaks for it or against it.

    The defaults were chosen on notes that a network of the same make had not been trained on (docs/model-card.md).

    Args:
        alone: nothing else does, by label.
        backed: a rule also found the word.
        beside: the word touches one of its kind that is masked.
        beside_plain: it does, and vetted vocabulary speaks against it.
        plain: the word is one of the language, a drug, an eponym or a score, and no rule found it.
        number: the word is a count, a time of day or part of a decimal fraction.
        misfit: the word has no digit and is no word of a date, though the network takes it for a number or a date; or
            a unit of measure follows.
        doubtful: least probability at which a weak rule's find is believed.
        refused: below it even a strong rule's find of a name, place, organisation, date or code is not.
        weak_rule: score below which a rule's find is weak.
        repeated_plain: a name elsewhere in the text, here it may only be a word of the language.
    """

    alone: Mapping[PhiLabel, float] = field(default_factory=lambda: _ALONE)
    backed: float = 0.07
    beside: float = 0.09
    beside_plain: float = 0.45
    plain: float = 0.65
    number: float = 0.6
    misfit: float = 0.5
    doubtful: float = 0.08
    refused: float = 0.02
    weak_rule: float = 0.825
    repeated_plain: float = 0.02


DEFAULT: Final = Weights()


def floor(folded: str, word: ScoredWord, weights: Weights) -> float:
    """Ask more of the network for a word that vetted vocabulary knows as something else than what the label needs."""
    surface = folded[word.start : word.end]
    if _CREDENTIAL.match(folded, word.start) and word.label is not PhiLabel.ORG:
        return NEVER
    if len(surface) == 1 and surface.isalpha():
        return weights.misfit
    plain = is_plain(surface)
    alone = weights.alone[word.label]
    if word.label in JUDGED:
        return max(weights.plain, alone) if plain else alone
    if word.label is PhiLabel.AGE90:
        return alone
    if _CODED_BEFORE.search(folded, max(0, word.start - 24), word.start):
        return NEVER
    if word.label is PhiLabel.DATE and is_score_pair(folded, word.start, word.end):
        return NEVER
    if not any(c.isdigit() for c in surface):
        dated = word.label is PhiLabel.DATE and surface.lower() in DATE_WORDS
        return weights.misfit if plain and not dated else alone
    if _MEASURE_AFTER.match(folded, word.end) or _GENE.fullmatch(surface):
        return weights.misfit
    fraction = _WHOLE_PART.search(folded, max(0, word.start - 5), word.start) is not None
    return weights.number if fraction or _CLOCK_OR_COUNT.fullmatch(surface) else alone


def is_kept_place(folded: str, span: Span) -> bool:
    """A state or a country alone is no identifier (164.514(b)(2)(i)(B))."""
    return span.label is PhiLabel.LOC and " ".join(folded[span.start : span.end].lower().split()) in KEPT_PLACES
