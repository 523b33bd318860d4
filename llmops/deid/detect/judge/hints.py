"""Match curated patterns that speak against PHI: catalogue code, measure, score, gene, credential."""

import re
from typing import Final

from llmops.deid.detect.recognizers.dates.score_pairs import is_score_pair

_CREDENTIAL: Final = re.compile(
    r"(?:M\.? ?D|D\.? ?O|R\.? ?N|N\.P|P\.A|Ph\.? ?D|D\.(?=[ ,;)\n]|\Z)|O\.(?=[ ,;)\n]|\Z))\b\.?"
)
_CREDENTIALS: Final = frozenset("MDRNPO")
"""First letters of credentials."""
_CATALOGUES: Final = frozenset({
    "ref", "cpt", "loinc", "hcpcs", "icd", "icd9", "icd10", "snomed", "omim", "mim", "ndc", "drg", "cat", "catalog",
    "rs", "hp", "go", "orpha", "nm", "np", "nc", "ng", "nr", "dbsnp", "clinvar", "chr",
})  # fmt: skip
"""Words whose numbers name things, not people."""
_SHORT: Final = 3
_WHOLE_PART: Final = re.compile(r"(?:\A|[^\d.])\d{1,3}\.\Z")
_CLOCK: Final = re.compile(r"(?:[01]\d|2[0-3])[0-5]\d")
_COUNT: Final = re.compile(r"\d{1,2}")
_MEASURE_AFTER: Final = re.compile(
    r"(?i)[ \t]?(?:%|mg|mcg|ug|ml|cc|cm|mm|kg|g\b|lbs?\b|meq|mmol|units?\b|bpm|mmhg|fr\b|gy\b|hrs?\b|min\b|days?\b|"
    r"wks?\b|weeks?\b|months?\b|yrs?\b|years?\b|tabs?\b|x ?\d)"
)
_GENE: Final = re.compile(
    r"(?:CYP|TP|BRCA|SLCO|MLH|MSH|PMS|FGFR|HLA|JAK|DNMT|IDH|NPM|FLT|PIK|ERBB|ALK|MYD)[A-Z0-9]{1,6}|rs\d+"
)


_DIGIT: Final = re.compile(r"[0-9]")
_UNIT: Final = re.compile(
    r"(?!pm\b)(?:m|mc|u|n|p|k|d)?(?:g|L|l|mol|Eq|eq|U|u|m|cm)\b|(?:IU|iu|cc|mm|Hz|bpm|mmHg|kcal|cGy|Gy|mSv)\b"
)


def hint(folded: str, start: int, end: int, left: str, gap: int) -> float:
    """Return the number of the first pattern that fits a word; 0 for none.

    Args:
        folded: the folded text. PHI.
        start: first character of the word.
        end: one past the last.
        left: the word before it, lower case.
        gap: characters between the two.
    """
    if not _DIGIT.search(folded, start, end):
        before = folded[max(0, start - 2) : start]
        if (before[-1:].isdigit() or (before[-1:] == " " and before[:-1].isdigit())) and _UNIT.match(folded, start):
            return 9.0
        return float(folded[start] in _CREDENTIALS and _CREDENTIAL.match(folded, start) is not None)
    if gap <= _SHORT and left in _CATALOGUES:
        return 2.0
    if "/" in folded[max(0, start - 1) : end + 1] and is_score_pair(folded, start, end):
        return 3.0
    if _MEASURE_AFTER.match(folded, end):
        return 4.0
    if _GENE.fullmatch(folded, start, end):
        return 5.0
    if _WHOLE_PART.search(folded, max(0, start - 5), start):
        return 6.0
    if _CLOCK.fullmatch(folded, start, end):
        return 7.0
    return 8.0 if _COUNT.fullmatch(folded, start, end) else 0.0
