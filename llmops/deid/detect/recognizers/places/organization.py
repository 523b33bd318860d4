"""Hospitals, clinics, homes, schools, employers, churches, 164.514(b)(2)(i)(A), (B): they locate the individual."""

import re
from collections.abc import Iterator
from typing import Final

from llmops.deid.detect.recognizers.rules import PatternRule, Rules, words
from llmops.deid.spans import Span, View
from llmops.deid.vocabulary import word_list, word_set
from llmops.deid.vocabulary.words import is_plain
from llmops.phi import PhiLabel

NAME: Final = "organization"
LABEL: Final = PhiLabel.ORG
_WORD: Final = r"(?:[A-Z~][A-Za-z0-9~.]*(?:['&-][A-Za-z~]+)*'?)"
_GAP: Final = r"[ \t]"
_LINK: Final = r"(?:of|and|the|for|at|de|la|del|&|in|on|y)"
_PHRASE: Final = _WORD + r"(?:(?:" + _GAP + r"|(?:" + _GAP + _LINK + r"){1,2}" + _GAP + r")" + _WORD + r"){0,4}"
_KINDS: Final = tuple(kind.replace("_", " ") for kind in word_list("facility_words"))
_KIND: Final = words(*(re.escape(form) for kind in _KINDS for form in {kind, kind.upper()}))
_SAINT: Final = r"(?:St\.?|Saint|SAINT|ST\.?|Sts\.?|Ste\.?|Our Lady of|OUR LADY OF|Santa|San|Sainte)"
_FIRST_WORDS: Final = word_set("first_words")
_HEAD_CHARACTERS: Final = 400
_NEAR: Final = 200
"""Characters of a line read before a finding, so that a one-line document does not take quadratic time."""
_WORDS: Final = re.compile(r"[A-Za-z~]+")


def _is_named(folded: str, start: int, end: int) -> bool:
    """Require a non-dictionary word: ``Home Health`` locates nobody, ``Elm Home Health`` does."""
    found = _WORDS.findall(folded[start:end])
    return any(not is_plain(word) and word.lower() not in _FIRST_WORDS and len(word) > 2 for word in found[:-1])


def _is_titled(folded: str, start: int, end: int) -> bool:
    """Accept dictionary words capitalised in running text (``Pine Lake Practice``)."""
    found = _WORDS.findall(folded[start:end])
    proper = [w for w in found[:-1] if w[0].isupper() and not w.isupper() and w.lower() not in _FIRST_WORDS]
    near = max(0, start - _NEAR)
    line = folded[max(near, folded.rfind("\n", near, start) + 1) : start]
    running = any(c.islower() for c in line) and not line.rstrip().endswith((".", ":"))
    return _is_named(folded, start, end) or (len(proper) >= 1 and len(found) >= 2 and running)


def _is_letterhead(folded: str, start: int, end: int) -> bool:
    """Accept a line at the document head that names a place, not one that only states the document type."""
    return start < _HEAD_CHARACTERS and _is_named(folded, start, end)


RULES: Final = Rules(
    PatternRule(
        r"(?:^|\n)[ \t#*=]{0,12}("
        + _WORD
        + r"(?:[ \t]{1,2}(?:[-/&,|][ \t]{1,2})?"
        + _WORD
        + r"){0,6}[ \t]{1,2}(?:[-/&,|][ \t]{1,2})?"
        + _KIND
        + r")[ \t*]*(?:\n|$|[ \t]{2}|[-,|])",
        PhiLabel.ORG,
        0.7,
        _is_letterhead,
    ),
    PatternRule(
        r"\b((?:Walmart|Kroger|Walgreens|CVS|Safeway|Vons|Costco|Target|Rite Aid|Publix|Hy-?Vee|Meijer|"
        r"Albertsons|Wegmans|"
        r"Kmart|Menards|Lowe's|Home Depot|Amazon|FedEx|UPS|Tyson|Boeing|Walmart Rx)(?:[ \t](?:Pharmacy|on|"
        r"in|at)(?:[ \t][A-Z][a-z]+)?)?)\b",
        PhiLabel.ORG,
        0.5,
    ),
    PatternRule(
        r"\b([A-Z]{4,}(?:[ \t][A-Z]{3,})?[ \t](?:GENERAL|MEMORIAL|REGIONAL|MERCY|METHODIST|LUTHERAN|"
        r"BAPTIST|PRESBYTERIAN|UNIVERSITY))\b",
        PhiLabel.ORG,
        0.83,
        _is_named,
    ),
    PatternRule(
        r"\b(" + _SAINT + _GAP + _PHRASE + _GAP + _KIND + r")\b",
        PhiLabel.ORG,
        0.86,
    ),
    PatternRule(
        r"\b((?:St\.?|Saint|Mt\.?|Mount|Our Lady of(?: the)?)" + _GAP + r"[A-Z][a-z]+(?:'s)?)\b", PhiLabel.ORG, 0.7
    ),
    PatternRule(
        r"\b("
        + _PHRASE
        + _GAP
        + _KIND
        + r"(?:"
        + _GAP
        + r"(?:of|OF|for)(?:"
        + _GAP
        + r"the)?(?:"
        + _GAP
        + _WORD
        + r"){1,2})?)\b",
        PhiLabel.ORG,
        0.72,
        _is_titled,
    ),
    PatternRule(
        r"\b((?:University|College|Hospital|Church|Bank|City|Port|Diocese|Children's Hospital) of"
        + _GAP
        + r"(?:the"
        + _GAP
        + r")?"
        + _WORD
        + r"(?:"
        + _GAP
        + _WORD
        + r"){0,2})\b",
        PhiLabel.ORG,
        0.83,
    ),
    PatternRule(
        r"\b([A-Z][a-z]{2,}(?:"
        + _GAP
        + r"[A-Z][a-z]+)?"
        + _GAP
        + r"(?:General|Memorial|Regional|Mercy|Hosp|Children's|Community|Methodist|Presbyterian|Baptist|"
        r"Adventist|Lutheran|Deaconess|University))\b",
        PhiLabel.ORG,
        0.83,
        _is_named,
    ),
    PatternRule(
        r"\b((?:Mercy|Memorial|Methodist|Deaconess|Providence|Sacred Heart|Holy Cross|Good Samaritan|"
        r"Kaiser|Mayo|Cleveland Clinic|Shriners|Johns Hopkins)(?:"
        + _GAP
        + r"(?:Hospital|Clinic|Medical|General|Health|Children's|"
        + _WORD
        + r")){0,2})\b",
        PhiLabel.ORG,
        0.6,
    ),
    PatternRule(
        r"(?i)\b(?:works? (?:at|for)|employed (?:at|by)|employer|job at|retired from|teaches at|attends|"
        r"enrolled at|student at|goes to|occupation:?[^\n]{0,20} at)\s?:?\s((?-i:"
        + _WORD
        + r"(?:"
        + _GAP
        + r"(?:"
        + _LINK
        + _GAP
        + r")?"
        + _WORD
        + r"){0,4}))",
        PhiLabel.ORG,
        0.8,
        _is_titled,
    ),
)


def find(view: View) -> Iterator[Span]:
    """Yield pattern findings, then the NER component's organisations that the vocabulary does not contain."""
    yield from RULES.find(view, NAME)
    for start, end, kind in view.entities:
        if kind == "ORG" and _looks_like_one(view.folded[start:end]):
            yield Span(start=start, end=end, label=PhiLabel.ORG, score=0.4, recognizer="ner")


def _looks_like_one(surface: str) -> bool:
    strange = [
        w for w in _WORDS.findall(surface) if len(w) > 2 and w[0].isupper() and not w.isupper() and not is_plain(w)
    ]
    return "\n" not in surface and len(strange) >= 2 and not any(c.isdigit() for c in surface)
