"""Geographic units below a state, 164.514(b)(2)(i)(B): streets, boxes, towns, counties; states and countries stay."""

import re
from collections.abc import Iterator
from typing import Final

from llmops.deid.detect.recognizers.places.words import STATE_ABBREVIATIONS, STATE_NAMES, STREET_WORDS
from llmops.deid.detect.recognizers.rules import PatternRule, Rules
from llmops.deid.spans import Span, View
from llmops.deid.vocabulary.words import COUNTRIES, STATES, is_plain
from llmops.phi import PhiLabel

NAME: Final = "location"
LABEL: Final = PhiLabel.LOC
_WORD: Final = r"(?:[A-Z~][A-Za-z~]*(?:['.-][A-Za-z~]+)*\.?)"
_STREET: Final = "|".join(
    form for word in STREET_WORDS.split("|") for form in (word.capitalize(), word.upper(), word) if len(word) > 1
)
_UNIT: Final = (
    r"(?:,?[ \t]{1,2}(?:(?i:apt|apartment|unit|ste|suite|rm|room|#|lot|bldg|fl|floor|spc|trlr)\.?[ "
    r"#]{0,2}[A-Za-z0-9-]{1,5}|#\s?[A-Za-z0-9-]{1,5}))?"
)
_WORDS: Final = re.compile(r"[A-Za-z~]+")
_PLACE_BEFORE: Final = re.compile(r"(?i)\b(?:in|from|of|to|near|at|outside|lives in|moved to|born in)\s$")

_LIVES_BEFORE: Final = re.compile(r"(?i)\b(?:lives in|moved to|born in|near|from)\s\Z")
_BEFORE_ZIP: Final = re.compile(r"(?:,[ \t]{1,4}[A-Z]{2}|[ \t]{1,4}(?:[A-HJ-Z][A-Z]|I[ALN]))[ \t]{1,3}\d{5}\b")


def _is_street(folded: str, start: int, end: int) -> bool:
    """Refuse ``20 ml Dr`` and doses: a street contains no measure."""
    words = _WORDS.findall(folded[start:end])
    return bool(words) and not re.search(r"(?i)\b(?:mg|ml|units|mcg|days?|hours?|weeks?)\b", folded[start:end])


def _is_town(folded: str, start: int, end: int) -> bool:
    words = _WORDS.findall(folded[start:end])
    return not all(is_plain(word) for word in words) and "\n" not in folded[start:end]


def _is_sure_town(folded: str, start: int, end: int) -> bool:
    surface = folded[start:end]
    lives = _LIVES_BEFORE.search(folded, max(0, start - 16), start) is not None
    return surface.istitle() and (surface.endswith(" City") or (lives and " " not in surface))


def _is_town_of_state(folded: str, start: int, end: int) -> bool:
    """Require a comma, ZIP code or non-word state: ``SPECIMENS TO DR QURESHI IN`` names no town.

    Dictionary words (``Orange``, ``Reading``) are a town only with more evidence: a ZIP code, a ``City``, a resident.
    """
    after = folded[end : end + 14]
    if _BEFORE_ZIP.match(after) or (after.startswith(",") and _is_sure_town(folded, start, end)):
        return "\n" not in folded[start:end]
    listed = after.startswith(",") or re.search(r"\d{5}", after) is not None
    state = re.search(r"[A-Z]{2}", after)
    return _is_town(folded, start, end) and (listed or (state is not None and state.group() not in _WORDS_TOO))


_WORDS_TOO: Final = frozenset(
    (
        "IN",
        "OR",
        "ME",
        "OK",
        "HI",
        "MA",
        "PA",
        "MD",
        "ID",
        "MS",
        "MT",
        "CO",
        "CT",
        "SC",
        "AL",
        "DE",
        "LA",
        "VA",
        "PR",
        "MI",
    )
)
_DEGREES: Final = (
    r"\d{1,3}(?:\.\d{1,8})? ?[?o*] ?(?:\d{1,2}(?:\.\d{1,6})? ?['?] ?(?:\d{1,2}(?:\.\d{1,4})? ?(?:[\"?]|'') ?)?)?"
)
"""Degrees, minutes and seconds; their non-ASCII signs fold to ``?``, an ordinal sign to ``o``."""
RULES: Final = Rules(
    PatternRule(
        rf"\b({_DEGREES}[NS][ ,;/]{{0,3}}{_DEGREES}[EWO]|[NS] ?{_DEGREES}[ ,;/]{{1,3}}[EW] ?{_DEGREES})",
        PhiLabel.LOC,
        0.95,
    ),
    PatternRule(
        r"(?i)\b(?:lat(?:itude)?|gps|coord(?:inate)?s?|geo|position|pin)[ :=(]{1,3}"
        r"(-?\d{1,2}\.\d{3,8}[ ,;/]{1,3}(?:(?:lon(?:g(?:itude)?)?|lng)[ :=]{1,3})?-?\d{1,3}\.\d{3,8})\b",
        PhiLabel.LOC,
        0.95,
    ),
    PatternRule(
        r"(?i)(?:\b(?:w3w|what ?3 ?words)[: ]{1,3}/{0,3}|(?:^|[\s(:])///)([a-z]{2,20}\.[a-z]{2,20}\.[a-z]{2,20})\b",
        PhiLabel.LOC,
        0.95,
    ),
    PatternRule(
        r"\b(\d{1,6}(?:-\d{1,4}|[A-Z]|/\d)?[ \t](?:(?:[NSEW]|NE|NW|SE|SW|North|South|East|West)\.?[ \t])?(?:"
        + _WORD
        + r"|\d{1,3}(?:st|nd|rd|th|ST|ND|RD|TH)|(?i:avenue))(?:[ \t]"
        + _WORD
        + r"){0,3}[ \t](?:"
        + _STREET
        + r")\b\.?(?:[ \t](?:N|S|E|W|NE|NW|SE|SW)\b)?"
        + _UNIT
        + r")",
        PhiLabel.LOC,
        0.82,
        _is_street,
    ),
    PatternRule(
        r"(?i)\b((?:p\.?\s?o\.? ?box|post office box|po bx|hc \d{1,3} box|(?:rural route|rr|r\.r\.|rte|"
        r"route|star route)\s?#?\d{1,3},? box)\s?#?\s?\d{1,6}[a-z]?|rural route \d{1,3})\b",
        PhiLabel.LOC,
        0.92,
    ),
    PatternRule(
        r"(?i)\b((?:apt|apartment|ste|suite|trlr|spc)\.?\s?#?\s?(?:\d{1,5}-?[a-z]?|[a-z]-?\d{1,4}))\b",
        PhiLabel.LOC,
        0.75,
    ),
    PatternRule(
        r"\b("
        + _WORD
        + r"(?:[ \t]"
        + _WORD
        + r"){0,2}),?[ \t]{1,4}(?:"
        + STATE_ABBREVIATIONS
        + r")\b(?:[ \t]{1,3}\d{5}|[.,;)\s]|$)",
        PhiLabel.LOC,
        0.7,
        _is_town_of_state,
    ),
    PatternRule(
        r"\b(" + _WORD + r"(?:[ \t]" + _WORD + r"){0,2}),[ \t](?i:" + STATE_NAMES + r")\b", PhiLabel.LOC, 0.75, _is_town
    ),
    PatternRule(
        r"\b(" + _WORD + r"(?:[ \t]" + _WORD + r"){0,1}[ \t](?:County|COUNTY|Co\.|Parish|Township|Twp|Borough))\b",
        PhiLabel.LOC,
        0.8,
        _is_town,
    ),
    PatternRule(
        r"\b((?:"
        + _WORD
        + r"[ \t]){1,2}(?:Street|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Blvd|Boulevard|Court|Ct|Highway|Hwy|Pkwy|"
        r"Parkway|Terrace|Turnpike))\b",
        PhiLabel.LOC,
        0.83,
        _is_town,
    ),
    PatternRule(
        r"(?i)\b((?:(?:us|state|county|farm) (?:hwy|highway|route|rte|rd|road)|hwy|highway|route|rte|interstate)\.? "
        r"\d{1,4}(?: (?:mm|mp|mile(?: marker)?) \d{1,4})?|(?-i:(?:US|SR|CR|FM|I)[- ][1-9]\d{0,3}(?: MM \d{1,4})?))\b",
        PhiLabel.LOC,
        0.6,
    ),
    PatternRule(
        r"(?i)\b(?:lives? (?:in|near)|living in|resides? in|resident of|moved (?:to|from)|from|native of|"
        r"born in|grew up in|home in|house in|drove from|visiting|city|"
        r"town)\s?:?\s((?-i:[A-Z~][a-z~]{2,}(?:[ -](?:[A-Z~][a-z~]+|Falls|Springs|Rapids|City|Beach|"
        r"Creek)){0,2}))",
        PhiLabel.LOC,
        0.83,
        _is_town,
    ),
)


def find(view: View) -> Iterator[Span]:
    """Yield pattern findings, then the NER component's places that are no state, country or known word."""
    yield from RULES.find(view, NAME)
    for start, end, kind in view.entities:
        if kind != "PLACE":
            continue
        surface = view.folded[start:end]
        words = [w for w in _WORDS.findall(surface) if len(w) > 1]
        strange = [w for w in words if not is_plain(w) and w.lower() not in STATES and w.lower() not in COUNTRIES]
        proper = all(w[0].isupper() for w in strange) and not surface.isupper() and "\n" not in surface
        if strange and proper:
            sure = _PLACE_BEFORE.search(view.folded[max(0, start - 12) : start]) is not None
            yield Span(start=start, end=end, label=PhiLabel.LOC, score=0.6 if sure else 0.4, recognizer="ner")
