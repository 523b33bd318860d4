"""Dates finer than a year, 164.514(b)(2)(i)(C), in the formats notes use; ratios, scores and vitals are no dates."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from llmops.deid.detect.recognizers.dates.date_words import RULES as IN_WORDS
from llmops.deid.detect.recognizers.dates.month_year import RULES as MONTH_AND_YEAR
from llmops.deid.detect.recognizers.dates.score_pairs import is_score_pair
from llmops.deid.detect.recognizers.rules import PatternRule, Rules
from llmops.deid.detect.recognizers.shapes import GAP, SEP, apart_from_digits
from llmops.deid.spans import Span, View
from llmops.deid.vocabulary import word_set
from llmops.phi import PhiLabel

NAME: Final = "date"
LABEL: Final = PhiLabel.DATE

_MONTH: Final = (
    "(?:jan(?:uary|urary|aury)?|feb(?:r?uary|ruary)?|mar(?:ch)?|apr(?:il|ile)?|apirl|may|june?|july?|"
    "aug(?:ust)?|sept?(?:ember)?|septmber|"
    "oct(?:ober)?|octber|nov(?:ember)?|novemeber|dec(?:ember)?|decemeber|enero|febrero|marzo|abril|"
    "mayo|junio|julio|agosto|septiembre|"
    "octubre|noviembre|diciembre|i?januar|mai|juin|juillet|juni|juli|oktober|dezember|"
    "janvier|fevrier|avril|aout|septembre|octobre|novembre|decembre|janeiro|fevereiro|marco|maio|junho|julho|"
    "setembro|outubro|novembro|dezembro)"
)
_SURE_MONTH: Final = (
    r"(?:January|February|April|June|July|August|September|October|November|December|Jan|Feb|Apr|Jun|"
    r"Jul|Aug|Sept?|Oct|Nov|Dec|"
    r"JANUARY|FEBRUARY|APRIL|JUNE|JULY|AUGUST|SEPTEMBER|OCTOBER|NOVEMBER|DECEMBER|FEB|JUN|JUL|AUG|SEPT|OCT|NOV)"
)
_DAY: Final = r"(?:[0-3]?\d)"
_MONTH_AND_DAY: Final = r"\d{1,2}" + GAP + r"\d{1,2}"
_MM: Final = r"(?:0[1-9]|1[0-2])"
_YEAR: Final = r"(?:(?:19|20)\d\d|'\d\d)"
_WEEKDAY: Final = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?)"
_MONTH_FIRST: Final = r"(?:" + _WEEKDAY + r",? )?" + _MONTH + r"\.?[ -]{0,2}" + _DAY + r"(?:st|nd|rd|th|d)?"
_DAY_FIRST: Final = r"(?:" + _WEEKDAY + r",? )?(?:the )?" + _DAY + r"(?:st|nd|rd|th)?\.?(?: of| de)?[ -]{0,2}" + _MONTH
_SCORE_WORDS: Final = word_set("score_words")
_SCORE_AFTER: Final = re.compile(
    r"(?i)^[ \t]{0,2}(?:-\s?)?(?:systolic|diastolic|murmur|sem\b|hsm|strength|pain|tabs?\b|tablets?|"
    r"tsp|tbsp|cup|bottles?|cores|nodes|ppd|pack|"
    r"mg|mcg|ml\b|cc\b|bid|tid|qid|qd|qhs|daily|[rl]\b(?!\w)|bilat|in (?:all|both|r|l|the (?:r|l|ue|"
    r"le))|ues?\b|les?\b|throughout|proximal|distal|"
    r"ehl|flexion|extension|grip|deltoid|biceps|quad|hip|knee|ankle|correct|words?|items|objects|hr\b|"
    r"hrs\b|sets?|reps?|days|"
    r"doses|runs|steps|mile|block|at rest|w/ activity|with activity|positive|negative for|criteria|"
    r"after rx|brisk|symm|crescendo|pulses|dp\b|pt\b|"
    r"radial|fio2|of the|lpm|psi|ns\b|dakin|inch|in\.|\"|strips?|slides|blades|plates|rails|nares|sites)"
)
_DATE_BEFORE: Final = word_set("date_before")
_CENTURY: Final = 100
_is_apart: Final = apart_from_digits(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})|\d{1,2}/\d{1,2}"
)
_LINE_BEGUN: Final = re.compile(r"(?<!\d[-/])\n")
_LIST_MARK: Final = re.compile(r"(?:^|\n)[ \t>*\-|\[(]{0,6}\Z")


_IN_FULL: Final = 0.99
"""Score of a full date with century: kept whatever the judge says of its words (`llmops.deid.detect.combine`)."""


def _is_triple(folded: str, start: int, end: int) -> bool:
    """Accept three numbers as a date only if month, day and year can be among them.

    A date joined by its own separator to neighbouring text (``v.1.2.24``) also needs its century.
    """
    parts = [int(part) for part in re.findall(r"\d+", folded[start:end])]
    separators = [sep.strip() for sep in re.findall(r"\D+", folded[start:end])]
    if not _is_apart(folded, start, end) or re.match(r"\.?\d|_", folded[end : end + 2]):
        return False
    before, onward = folded[max(0, start - 2) : start], re.match(r"[-/](?=\d)", folded[end : end + 2])
    joints = {before[-1:], onward.group() if onward else ""}
    if re.search(r"[A-Za-z0-9]\Z|(?<!\d)/\Z", before) or (separators[0] in joints and max(parts) < _CENTURY):
        return False
    if len(parts) != 3 or separators[0] != separators[1].rstrip("'") or _is_broken(folded[start:end], parts):
        return False
    return _are_a_date(parts)


def _is_broken(surface: str, parts: Sequence[int]) -> bool:
    """Say whether a date spans lines; one with century broken after a dash or slash is allowed."""
    return "\n" in surface and (max(parts) < _CENTURY or _LINE_BEGUN.search(surface) is not None)


def _are_a_date(parts: Sequence[int]) -> bool:
    if parts[0] > 31:
        return 1850 <= parts[0] <= 2150 and 1 <= parts[1] <= 12 and 1 <= parts[2] <= 31
    return 1 <= min(parts[:2]) <= 12 and 1 <= max(parts[:2]) <= 31


def _is_labelled(folded: str, start: int, end: int) -> bool:
    """Accept three numbers after a label, with any separator, if they can be a date; refuse ``born 2/27 02:14``."""
    parts = [int(part) for part in re.findall(r"\d+", folded[start:end])]
    first, second = re.findall(r"\D+", folded[start:end])
    onward = re.match(r"[-/:]\d", folded[end : end + 2])
    return first.strip() == second.strip() and onward is None and _are_a_date(parts)


def _is_stamp(folded: str, start: int, end: int) -> bool:
    surface = folded[start:end]
    plausible = 1 <= int(surface[4:6]) <= 12 and 1 <= int(surface[6:8]) <= 31
    return plausible and (len(surface) == 8 or int(surface[8:10]) < 24)


def _reads_as_day(folded: str, start: int, end: int) -> bool:
    """Distinguish the date ``6/5`` from the score ``2/4`` by context."""
    first, second = (int(part) for part in re.split(r"\s?/\s?", folded[start:end]))
    before = folded[max(0, start - 24) : start]
    after = folded[end : end + 16]
    if re.search(r"[/\d.\w+-]\Z", before) and not re.search(r"(?:\d|/\d+)\s?-\Z|[A-Za-z]-\Z", before):
        return False
    if re.match(r"[/\w]|\.\d|[+-](?!\d)(?=[\s,;.]|$)", after) or first == 0 or second == 0:
        return False
    month_first, day_first = first <= 12 and second <= 31, second <= 12 < first <= 31
    if not (month_first or day_first):
        return False
    words = re.findall(r"[A-Za-z>/:.'-]+", before.rsplit("\n", 1)[-1].lower())
    last = words[-1].strip(".:,(-") if words else ""
    near_score = any(word.strip(".:,(") in _SCORE_WORDS for word in words[-1 if first > second else -2 :])
    if re.match(r" \d{4}\b", after) and not _SCORE_AFTER.match(after):
        return True
    if _SCORE_AFTER.match(after) or (
        near_score and last not in _DATE_BEFORE and (second <= 12 or last in _SCORE_WORDS)
    ):
        return False
    line_start = _LIST_MARK.search(before) is not None
    if last in _DATE_BEFORE and re.search(r"[A-Za-z>:]\W{0,3}\Z", before):
        return True
    if day_first:
        return line_start or bool(re.search(r"\d/\d{1,2}\W{1,4}(?:and |to )?\Z", before))
    if second > 12:
        return True
    beside = re.search(r"\b\d{1,2}/\d{1,2}(?:/\d{2,4})?\s?(?:-|,|&|and|to|->|thru|;|or|\+|then)\s?\Z", before)
    onward = re.match(r"\s?(?:-|,|&|and|to|->|thru|or)\s?(\d{1,2})/(\d{1,2})", after)
    if line_start:
        return second != 5 or first > 5 or after[:1] in ":|"
    if first > second or second in {1, 7, 9, 11} or re.search(r"(?:\d\.\d{1,2}|#\d|\d m?c?g) \Z", before):
        return True
    if beside or (onward and int(onward[2]) > 12):
        return second not in {5, 10} or first > 5
    return bool(re.search(r"[(|]\s?\Z", before)) and second not in {5, 10} and after[:1] in ")|: "


def _is_pair(folded: str, start: int, end: int) -> bool:
    """Refuse rows of scores, and weeks and days of gestation (``29 2/7``)."""
    if folded[start:end].endswith("/7") and re.search(r"\b[2-4]\d \Z", folded[max(0, start - 4) : start]):
        return False
    return not is_score_pair(folded, start, end) and _reads_as_day(folded, start, end)


def _is_range(folded: str, start: int, end: int) -> bool:
    """Accept ``3/1-3/5`` and ``3/28-4/2``: days rising within a month or into the next; refuse ``4/5-5/5``."""
    first, day, second, other = (int(part) for part in re.findall(r"\d+", folded[start:end]))
    joined = re.search(r"[\w/.-]\Z", folded[max(0, start - 1) : start]) or re.match(
        r"[-/\w]|\.\d", folded[end : end + 2]
    )
    days = 1 <= first <= second <= 12 and min(day, other) >= 1 and max(day, other) <= 31
    rising = day < other if first == second else second == first + 1 and day != other
    return days and rising and joined is None


def _is_dashed_pair(folded: str, start: int, end: int) -> bool:
    first, second = (int(part) for part in folded[start:end].split("-"))
    before = folded[max(0, start - 20) : start]
    if not (1 <= first <= 12 and 1 <= second <= 31) or re.match(r"[-/\w]|\.\d", folded[end : end + 2]):
        return False
    if re.search(r"[\w/.-]\Z", before):
        return False
    words = re.findall(r"[A-Za-z/]+", before.lower())
    sure = {"on", "since", "dated", "date", "seen", "dob", "born", "d", "t", "visit", "egd"}
    return bool(words) and words[-1] in sure and second > first


def _is_ordinal(folded: str, start: int, end: int) -> bool:
    """Refuse the 5th rib, the 90th percentile, a 2nd dose."""
    number = int(re.search(r"\d+", folded[start:end]).group())  # type: ignore[union-attr]
    after = folded[end : end + 18].lstrip().lower()
    if folded[end : end + 1] == ":" and folded[end + 1 : end + 2].isdigit():  # "Thursday 1:00" is a time
        return False
    noun = re.match(
        r"(?:percentile|%ile|floor|rib|nerve|week|wk|day|visit|dose|cycle|grade|century|toe|finger|digit|"
        r"mtp|metatarsal|metacarpal|cn|cranial|"
        r"ics|intercostal|degree|trimester|time|child|pregnancy|attempt|line|round|year|yr|stage|"
        r"ventricle|generation|ave|st\b|street|"
        r"avenue|edition|person|party|step|part|place|most|one\b|and \d|infantry|ward|ray|hour|month|lead|"
        r"shift|opinion|set|"
        r"ed\b|cousin|birthday|lot|phase|session|arch|space|pass|tmt|tarsometatarsal|grader|tues|mon\b|thurs|fri\b)",
        after,
    )
    return number <= 31 and noun is None


def _is_no_list_number(folded: str, start: int, _end: int) -> bool:
    """Refuse ``Shingrix #2 Sept`` and ``116.8 July``: the number belongs to the preceding text."""
    return re.search(r"(?:#|\d\.)\Z", folded[max(0, start - 2) : start]) is None


_MEASURED: Final = re.compile(r"\.\d\d(?!\d)(?!\.\d)| ?m(?:c?g|[lL])\b")


def _is_day_of_month(folded: str, start: int, end: int) -> bool:
    """Refuse ``May 3/10`` (pain score after a date), ``Oct 6:58`` (time) and ``e' sept 5.1`` (measure)."""
    surface = folded[start:end]
    digits = re.findall(r"\d+", surface)
    gene = surface.isupper() and re.fullmatch(r"[A-Z]+\d{1,2}", surface) is not None
    gene = gene or surface.startswith("Mayo ")  # a score, no month
    timed = folded[end : end + 1] == ":" and folded[end + 1 : end + 2].isdigit()
    timed = timed or (surface[0].islower() and re.match(r"\.\d(?!\d)", folded[end : end + 3]) is not None)
    timed = timed or (surface[-1:] == digits[-1][-1:] and _MEASURED.match(folded, end) is not None)
    return (
        not gene
        and not timed
        and folded[end : end + 1] not in {"/", "%"}
        and bool(digits)
        and 1 <= int(digits[0]) <= 31
    )


def _is_damaged(folded: str, start: int, end: int) -> bool:
    """Accept OCR-damaged dates (``l/29/24``, ``lO/03``); require digits and letters, which ``I/O`` lacks."""
    surface = folded[start:end]
    around = folded[max(0, start - 1) : start] + folded[end : end + 1]
    whole = not set(around) & set("/-.")
    return (
        whole
        and end - start > 3
        and sum(c.isdigit() for c in surface) >= surface.count("/")
        and any(c.isalpha() for c in surface)
    )


def _is_bare_month(folded: str, start: int, end: int) -> bool:
    """Refuse a month name that is a person's: June beside another name, ``Dr. April``."""
    after, before = folded[end : end + 2], folded[max(0, start - 5) : start]
    name_after = (
        len(after) == 2
        and after[0] == " "
        and after[1].isupper()
        and folded[start:end].lower() in {"june", "april", "august"}
    )
    tests = folded[start:end] in {"OCT", "JUN"} or folded.startswith((" breath", " BS"), end)
    return not name_after and not tests and not re.search(r"(?:Dr|Mrs?|Ms|Miss)\.? \Z|[A-Za-z-]\Z", before)


RULES: Final = Rules(
    PatternRule(
        r"\b((?:19|20)\d\d(?:-" + _MM + r"-|/" + _MM + r"/|\." + _MM + r"\.)(?:0[1-9]|[12]\d|3[01]))(?:\b|T\d)",
        PhiLabel.DATE,
        _IN_FULL,
        _is_triple,
    ),
    PatternRule(
        r"\b(\d{1,2}/\d{1,2}/(?:19|20)\d\d|\d{1,2}-\d{1,2}-(?:19|20)\d\d|\d{1,2}\.\d{1,2}\.(?:19|20)\d\d)\b",
        PhiLabel.DATE,
        _IN_FULL,
        _is_triple,
    ),
    PatternRule(r"\b(\d{4}\s?[-/.]\s?\d{1,2}\s?[-/.]\s?\d{1,2})(?:\b|T\d)", PhiLabel.DATE, 0.93, _is_triple),
    PatternRule(r"\b(\d{1,2}\s?[-/.]\s?\d{1,2}\s?[-/.]\s?'?(?:\d{4}|\d{2}))", PhiLabel.DATE, 0.92, _is_triple),
    PatternRule(
        r"\b((?:19|20)\d{6}(?:\d{4}(?:\d{2})?)?)(?:\.\d{1,4})?(?:[+-]\d{4})?(?:\b|T\d|_)", PhiLabel.DATE, 0.9, _is_stamp
    ),
    PatternRule(r"(?i)\b(" + _MONTH_FIRST + r"\s?,?\s{1,2}(?:19|20)\d\d)\b", PhiLabel.DATE, _IN_FULL, _is_day_of_month),
    PatternRule(
        r"(?i)\b(" + _MONTH_FIRST + r"(?:\s?,?\s{1,2}" + _YEAR + r"|[-/]\d{2}\b|,\s?\d{4})?)\b",
        PhiLabel.DATE,
        0.9,
        _is_day_of_month,
    ),
    PatternRule(
        r"(?i)\b(" + _DAY_FIRST + r"\.?(?:,?[ \t]{0,2}|-|/| de )(?:19|20)\d\d)",
        PhiLabel.DATE,
        _IN_FULL,
        _is_no_list_number,
    ),
    PatternRule(r"(?i)\b(" + _DAY_FIRST + r"\b\.?(?:(?:-|/| ?')\d\d\b)?)", PhiLabel.DATE, 0.9, _is_no_list_number),
    PatternRule(
        r"(?i)\b((?:early |late |mid[- ])?" + _MONTH + r"\.?(?:,? of|,)?[ /-]{1,2}" + _YEAR + r")\b", PhiLabel.DATE, 0.9
    ),
    PatternRule(r"\b((?:early |late |mid[- ])?" + _SURE_MONTH + r")\b", PhiLabel.DATE, 0.83, _is_bare_month),
    PatternRule(
        r"\b(?:in|since|last|by|this|next|until|of|late|early|mid|from|for|around|end of|through|before|"
        r"after|IN|SINCE|LAST|OF) ((?:March|May|MARCH|MAY|march|june|july|january|february|april|august|"
        r"september|october|november|december)\b)",
        PhiLabel.DATE,
        0.83,
    ),
    PatternRule(r"(?i)\b((?:" + _WEEKDAY + r",? )?the \d{1,2}(?:st|nd|rd|th))\b", PhiLabel.DATE, 0.8, _is_ordinal),
    PatternRule(r"(?i)\b(" + _WEEKDAY + r",? (?:the )?\d{1,2}(?:st|nd|rd|th)?)\b", PhiLabel.DATE, 0.75, _is_ordinal),
    PatternRule(
        r"(?i)\b(?:on|since|by|until|til|till|back|from|and) (\d{1,2}(?:st|nd|rd|th))\b",
        PhiLabel.DATE,
        0.7,
        _is_ordinal,
    ),
    PatternRule(
        r"(?i)\b((?:[0-2]?\d|3[01])(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\d{2,4})\b", PhiLabel.DATE, 0.92
    ),
    PatternRule(
        r"\b((?:[0-2]?\d|3[01])/(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}/(?:19|20)\d\d)\b",
        PhiLabel.DATE,
        0.92,
    ),
    PatternRule(r"\b((?:19|20)\d\d-W\d\d)\b", PhiLabel.DATE, 0.91),
    PatternRule(r"\b([lIO\d]{1,2}/[lIO\d]{1,2}/[lIOS\d]{2,4})\b", PhiLabel.DATE, 0.85, _is_damaged),
    PatternRule(r"\b([lIO]{1,2}/\d{1,2}|\d{1,2}/[lIO]{1,2})\b", PhiLabel.DATE, 0.7, _is_damaged),
    PatternRule(
        r"(?i)\b(?:dob|dos|doa|dod|date|born|dd|dt|d/c|adm(?:itted)?|disch(?:arged)?|d|t)[: ]{1,3}"
        r"((?:0[1-9]|1[0-2])(?: [0-3]\d (?:19|20)?\d\d|[0-3]\d\d\d))\b",
        PhiLabel.DATE,
        0.85,
    ),
    PatternRule(r"\b((?:19|20)\d\d-(?:0[1-9]|1[0-2]))(?:[^-\w]|$)", PhiLabel.DATE, 0.91),
    PatternRule(
        r"(?i)\b(?:in|since|last|by|this|next|until|till?|of|late|early|mid|from|end of) ((?:sept|oct|nov|"
        r"feb|jan|aug|december|january|june|july|april))\b",
        PhiLabel.DATE,
        0.83,
    ),
    PatternRule(r"\b(\d{1,2}/\d{1,2} ?- ?\d{1,2}/\d{1,2})\b", PhiLabel.DATE, 0.88, _is_range),
    PatternRule(r"\b(\d{1,2}\s?/\s?\d{1,2})", PhiLabel.DATE, 0.7, _is_pair),
    PatternRule(r"\b(\d{1,2}-\d{1,2})\b", PhiLabel.DATE, 0.6, _is_dashed_pair),
    PatternRule(r"\b((?:0?[1-9]|1[0-2])/(?:19|20)\d\d)\b", PhiLabel.DATE, 0.9),
    PatternRule(
        r"(?i)\b(?:dob|d\.o\.b\.?|date of birth|birth[ _]?date|born|dos|doa|dod|date),?"
        + SEP
        + rf"((?:19|20)\d\d{GAP}{_MONTH_AND_DAY}|{_MONTH_AND_DAY}{GAP}(?:19|20)\d\d)\b",
        PhiLabel.DATE,
        0.9,
        _is_labelled,
    ),
    PatternRule(
        rf"(?i)\b(?:dob|d\.o\.b\.?|date of birth|birth[ _]?date|born),?{SEP}({_MONTH_AND_DAY}{GAP}\d\d)\b",
        PhiLabel.DATE,
        0.9,
        _is_labelled,
    ),
    *MONTH_AND_YEAR,
    *IN_WORDS,
)


def find(view: View) -> Iterator[Span]:
    """Yield the dates finer than a year in a view."""
    return RULES.find(view, NAME)
