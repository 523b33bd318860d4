"""Distinguish an age from a quantity by a following unit, or a preceding vital sign, analyte or setting."""

import re
from typing import Final

from llmops.deid.vocabulary import word_set
from llmops.deid.vocabulary.given_names import GIVEN_NAMES
from llmops.deid.vocabulary.words import COMMON_WORDS

_MEASURES: Final = word_set("measures")
_FAR: Final = 120
"""Characters before a number in which its clause is read."""
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*")

_ELDER: Final = (
    r"(?:s?he|who|mother|father|mom|mum|dad|aunt|uncle|grandma|grandpa|nana|grandmother|grandfather|wife|husband|"
    r"sister|brother|cousin|friend|neighbou?r|patient|pt|widow|widower|gentleman|lady|woman|man|male|female|spouse|"
    r"partner|veteran|resident|caregiver|parents?|mrs?|ms|miss)"
)
_ADVERB: Final = (
    r"(?:now|only|just|already|about|almost|nearly|past|over|well past|currently|actually|approximately|roughly|"
    r"still|aged?|turning|going on|to be|today)"
)
_BE: Final = r"(?:'s|'m| am| is| was| are| were| be| being| turned| turns| reached| hit| made it to| lived to(?: be)?)"
_PERSON_BEFORE: Final = re.compile(
    rf"(?i)(?:\b(?:alive|living)|\b{_ELDER}(?:,? (?:both|all))?(?:{_BE}|'ll be| will be| would(?: have been| be)|"
    rf" has turned)?|\b{_ELDER} of|\b(?:I|we|they|you)(?:'re|{_BE}))(?: {_ADVERB}){{0,2}}[ ,(:-]{{0,3}}\Z"
)
_AGE_BEFORE: Final = re.compile(
    r"(?i)\b(?:age[ds]?(?: \(?(?:in )?ye?a?rs?\)?| at \w{2,12})?|years? of age|yo|y/o|dob|birthday|"
    r"turn(?:ed|s|ing)?(?: to)?|lived to|live to|living to)(?:\s?/\s?(?:sex|gender|dob))?"
    r"(?: (?:of|at|is|was|now|be|today)){0,2}[ \t]{0,3}[:=|/~(,-]{0,2}[ \t\n]{0,12}\Z"
)
_AGE_AFTER: Final = re.compile(
    r"(?i)[ \t-]{0,3}(?:y(?:ea)?rs?[- .]{0,2}(?:old|of age|young)|y\.?[/ ]?o\b|yo[mf]?\b|years?\b|yrs?\b|y\b|"
    r"th b(?:irth|-)?day)"
)
_PREFIXED: Final = r"(?:mc|[kmunpfdc?])?(?:g|l|mol|eq|iu|u|osm|kat|m|cm|hz|v|w|j|n|pa|s|gy|bq|ci)"
_UNIT_NAMES: Final = (
    r"(?:bpm|mm ?\[?hg\]?|cm ?h2o|torr|degrees?|deg|[?][cf]?|percent|percentile|%|pounds?|lbs?|kilos?|kilograms?|"
    r"grams?|beats?|breaths?|cc|mcg|meters?|metres?|feet|ft|inch(?:es)?|units?|iu|ppm|ppb|cells?|copies|hours?|hrs?|min|"
    r"minutes?|mins|sec|seconds?|days?|weeks?|wks?|months?|mos?|watts?|decibels?|db|hu|mets|kcal|cal|calories|miles|"
    r"tabs?|tablets?|pills?|capsules?|puffs?|doses?|packs?|dollars|x\b|fold|points?|items?|steps?|hpf|lpf|french|fr|"
    r"systolic|diastolic|fasting|postprandial|nonfasting|bilaterally|point)"
)
_UNIT: Final = re.compile(
    rf"(?i)(?![ \t]?[swc]/)(?:[ \t]{{0,2}}|-|[ \t]{{0,14}}[|][ \t]{{0,14}}\[?)(?:{_UNIT_NAMES}(?![a-z])|"
    rf"{_PREFIXED}(?:/|[*.^]|\b(?!')))|"
    r"[ \t]?/[ \t]?(?:\d|[a-z]|min)|[.,:]\d|[ \t]?[x*^][ \t]?10|-\d"
)
_READ: Final = re.compile(
    r"(?i)[ \t]{1,2}(?:on (?:room air|ra\b|\d|o2|oxygen|nc\b|bipap|cpap|the vent|nasal|a |l?\d? ?liters?)|"
    r"over [\d?]|to \d|and (?:regular|irregular)|at rest|with (?:ambulation|exertion|activity)|"
    r"out of \d|range\b|thousand|million|hundred|and \d{2,3} fasting)|[ \t]?\((?:h|l|hi|lo|high|low|normal|wnl|[*])\)"
)
_SEX: Final = re.compile(r"[ \t/,]{0,3}(?:[MF]\b|[mf]\b(?![?])|male|female|man\b|woman\b|lady|gentleman)")
_DONE: Final = re.compile(
    r"(?i)\b(?:(?:walk(?:s|ed)|ambulat(?:es|ed)|climb(?:s|ed)|swam|swims|cycled|cycles)"
    r"(?: about| almost| nearly| only)?|(?:set|ns|lr|d5w?|ivfs?|saline|feeds|tpn|ppm|aicd) at) \Z"
    r"|(?<![/\d])\d{2,3}/\d{2,3}, ?\Z"
)
"""Counted actions, adjustable settings, or a preceding blood pressure in a row."""
_HOT: Final = re.compile(r"(?:\bT|\b[Tt]emp(?:erature)?|\bTEMP|\bTmax)[ :=]{1,3}\Z")
_P: Final = re.compile(r"\bP[ :=]{1,2}\Z")
_R: Final = re.compile(r",? {1,3}(?:RR?|BP|T|SpO2)\b")
_VERBS: Final = frozenset({
    "lives", "has", "was", "is", "comes", "uses", "walks", "says", "states", "reports", "denies", "takes", "drives",
    "sleeps", "eats", "needs", "wants", "feels", "remains", "presents", "appears", "looks", "likes", "resides",
    "stays", "does", "goes", "gets", "makes", "thinks", "prefers", "always", "years", "yrs", "birthdays",
})  # fmt: skip
_COUNTED: Final = re.compile(
    r"(?:[ \t](?:[a-z-]{3,} ){0,2}(?:women|men|people|children|patients|persons|adults|cases|subjects|participants|"
    r"controls|eyes|specimens|samples|males|females|boys|girls|nurses|midwives|physicians|faculty)\b|"
    r"[ \t]([a-z]{4,}s)\b|[ \t]of (?:whom|which|them|these|those|the|\d))"
)
_PERSON_OF: Final = re.compile(rf"(?i)\b(?:{_ELDER}|age) of \Z")
_COUNT_BEFORE: Final = re.compile(
    r"(?i)(?:\b(?:n|of|total|all|versus|vs\.?) ?[=:]? ?|\b(?:two|three|four|five|six|seven|eight|nine)[ -])\Z"
)
_RANGE: Final = 60
_RANGE_BEFORE: Final = re.compile(
    r"(?i)\b(?:rang(?:e|es|ed|ing)|ages?|aged|between|from|median|mean|years)\b[^.\n]{0,30}\b[1-8]?\d(?:\.\d)?"
    r"(?: ?years?| ?yrs?)? ?(?:-|to|and|through) ?\Z"
)
_OTHER_SEX: Final = re.compile(r"(?i) (?:fe)?males?(?:,| and|/) \d+ (?:fe)?male")


def is_quantity(folded: str, start: int, end: int) -> bool:
    """Say whether a number is a quantity: it has a unit, analyte, vital sign or setting beside it.

    Age words beside it, and a person as subject of ``is`` before it, indicate an age instead.

    Args:
        folded: the folded text. PHI.
        start: first character of the number, in digits or words.
        end: one past its last.
    """
    before = folded[max(0, start - _FAR) : start]
    if _AGE_AFTER.match(folded, end):
        return False
    if _SEX.match(folded, end) is None and _UNIT.match(folded, end):
        return True
    if _AGE_BEFORE.search(before):
        return False
    if _DONE.search(before) or _HOT.search(before) or (_P.search(before) and _R.match(folded, end)):
        return True
    if _SEX.match(folded, end) is None and _READ.match(folded, end):
        return True
    if _PERSON_BEFORE.search(before):
        return False
    return any(word.lower() in _MEASURES for word in _words(_clause(before)))


def is_count(folded: str, start: int, end: int) -> bool:
    """Say whether a number is a count (``107 women``, ``of 107``) or an end of a range (``8-90 years``)."""
    if _RANGE_BEFORE.search(folded, max(0, start - _RANGE), start) or _OTHER_SEX.match(folded, end):
        return True
    counted = _COUNTED.match(folded, end)
    if counted and counted[1] not in _VERBS:
        return True
    before = folded[max(0, start - _FAR) : start]
    return _COUNT_BEFORE.search(before) is not None and _PERSON_OF.search(before) is None


def _clause(before: str) -> str:
    """Return the clause before a number; a wrapped line continues it."""
    cut = 0
    for match in re.finditer(r"(?<!\bd)[.;!?](?=\s)|\n", before):
        wrapped = match.group() == "\n" and re.search(r"[a-z,]\n\Z", before[: match.end()])
        if not (wrapped and re.match(r"[ \t]*(?:[a-z\d]|\Z)", before[match.end() :])):
            cut = match.end()
    return before[cut:]


def _words(clause: str) -> list[str]:
    return [part for word in _WORD.findall(clause) for part in {word, *word.split("-")}]


_PERSON_WITHIN: Final = re.compile(
    rf"(?i)\b(?:{_ELDER}|I|they|we|parents|siblings|[a-z]+-in-law|daughter|son|mr|mrs|ms|miss)\b(?!')"
)
_PERSON_AFTER: Final = re.compile(r"(?i),? ?(?:and |when |but )?(?:s?he|his|her|they|the patient|pt|i|we)\b")
_LIFE: Final = re.compile(
    r"(?i)\b(?:died|passed(?: away)?|deceased|retired|widowed|married|living|lived|lives|alone|active|driving|alive|"
    r"independent|diagnosed|survived|expired|walking|working|still|d\.|death|sharp|well|frail|even|here|onset|"
    r"mi|stroke|cancer|cva|dementia|failure|fell|home)[, ]{1,2}(?:at|@)[ ~:]{1,2}\Z"
)


def is_aged(folded: str, start: int, end: int) -> bool:
    """Require a person as subject of a bare number after ``is``, ``was`` or ``at``, and no quantity."""
    if is_quantity(folded, start, end) or is_count(folded, start, end):
        return False
    clause = _clause(folded[max(0, start - _FAR) : start])
    if clause.rstrip().endswith((" at", "At", " AT")) or clause.strip().lower() == "at":
        opens = clause.strip().lower() == "at"
        return opens or bool(_LIFE.search(clause) or _PERSON_AFTER.match(folded, end))
    named = any(
        word[0].isupper() and word.lower() in GIVEN_NAMES and word.lower() not in COMMON_WORDS
        for word in _words(clause)
    )
    return named or bool(_PERSON_WITHIN.search(clause) or _PERSON_AFTER.match(folded, end))
