"""Surnames after a title, certain whatever they mean elsewhere (``Dr. Johnson``, ``dr irish``), and dictated names."""

import re
from collections.abc import Iterator
from typing import Final

from llmops.deid.detect.recognizers.names.name_checks import ADVERB_ENDINGS, is_unusual_word
from llmops.deid.detect.recognizers.rules import PatternRule, Rules, words
from llmops.deid.spans import Span, View
from llmops.deid.vocabulary import word_set
from llmops.deid.vocabulary.given_names import GIVEN_NAMES
from llmops.deid.vocabulary.words import COMMON_WORDS, EPONYMS, SURNAMES_AND_CITIES
from llmops.phi import PhiLabel

NAME: Final = "titled"
LABEL: Final = PhiLabel.NAME
_CERTAIN: Final = 0.99
_WORD: Final = r"(?:(?:Mc|Mac|O'|D')?[A-Z][a-z]+(?:[-'][A-Z][a-z]+)?)"
_NO_NAMES: Final = word_set("job") | word_set("outer") | word_set("behind_titles")
"""Words after ``dr`` that are no names."""
_NO_SECOND: Final = _NO_NAMES | word_set("unit_words")
_LED: Final = re.compile(
    r"\b(?:by|with|from|see|sees|saw|seeing|to|per|of|and|contact|call|under)[ \t]+(?:dr|doctor)\.?[ \t]{1,2}\Z"
)
_TOLD: Final = re.compile(
    r"(?:'s\b)?[ \t]{1,2}(?:[a-z]{3,12}ly[ \t])?"
    r"(?:is|was|has|had|presents|presented|reports|reported|returns|returned|denies|denied|comes|underwent|"
    r"states|did|will|and (?:his|her))\b|'s\b"
)
_NOT_THEIRS: Final = re.compile(r"'s (?:inserts?|bottles?|nipples?|shoes?|pads?)\b")
_LETTERS: Final = re.compile(r"(?:[A-Za-z]\.? ){1,2}")


def _is_person(folded: str, start: int, end: int) -> bool:
    """Refuse ``Dr. Appointment`` and ``Dr. Pepper``."""
    last = _LETTERS.sub("", folded[start:end]).split(" ")[0]
    return last.lower() not in _NO_NAMES and _NOT_THEIRS.match(folded, end) is None


def _first_and_last(folded: str, start: int, end: int) -> int:
    """Keep initials and the first word; a second one unless it begins a sentence or another heading."""
    lead = _LETTERS.match(folded, start, end)
    parts = list(re.finditer(r"[A-Za-z'-]+", folded[lead.end() if lead else start : end]))
    offset = lead.end() if lead else start
    if len(parts) > 1 and parts[1].group().lower() in _NO_SECOND:
        return offset + parts[0].end()
    return end


def _spoken_run(folded: str, start: int, end: int) -> int:
    """Keep an initial or a given name with the next word, else the first word alone."""
    first, _, second = folded[start:end].partition(" ")
    if not second:
        return end
    named = (len(first) == 1 or first in GIVEN_NAMES) and len(second) > 2 and second not in _NO_NAMES
    return end if named and (is_unusual_word(second) or second in SURNAMES_AND_CITIES) else start + len(first)


def _is_spoken(folded: str, start: int, end: int) -> bool:
    """Accept ``dr irish`` after a word that introduces a person, ``dr helms`` anywhere; never ``dr office``."""
    first, _, second = folded[start:end].partition(" ")
    word = second or first
    if folded[start - 7 : start].strip(" .") == "doctor" and not _LED.search(folded, max(0, start - 24), start):
        return False
    if first in _NO_NAMES and not (second and len(first) == 1):
        return False
    if len(word) == 1:
        return word == "x"
    if is_unusual_word(word) or word in SURNAMES_AND_CITIES:
        return True
    return word not in COMMON_WORDS and _LED.search(folded, max(0, start - 24), start) is not None


def _is_spoken_of(folded: str, start: int, end: int) -> bool:
    """Accept ``ms okafor is``; refuse ``ms contin`` and ``mr imaging``."""
    word = folded[start:end]
    known = word in SURNAMES_AND_CITIES or word in GIVEN_NAMES
    return word not in _NO_NAMES and (known or is_unusual_word(word)) and _TOLD.match(folded, end) is not None


def _is_known_or_strange(folded: str, start: int, end: int) -> bool:
    word = folded[start:end]
    return word not in _NO_NAMES and (is_unusual_word(word) or word in SURNAMES_AND_CITIES)


_WORDS_TOO: Final = frozenset({
    "amber", "april", "august", "carol", "chase", "cliff", "crystal", "daisy", "dale", "dawn", "gene", "ginger",
    "grant", "heather", "holly", "iris", "ivy", "jade", "jean", "joy", "june", "lance", "miles", "norm", "olive",
    "pearl", "penny", "reed", "robin", "rod", "rose", "ruby", "rusty", "sandy", "ted", "violet",
})  # fmt: skip
_SPOKEN_GIVEN: Final = sorted(
    name for name in GIVEN_NAMES - COMMON_WORDS - EPONYMS - _WORDS_TOO if len(name) > 2 and name.isalpha()
)
_NAMED_AFTER: Final = EPONYMS | {"st", "saint"}


def _is_full_name(folded: str, start: int, end: int) -> bool:
    """Accept ``norma dombroski``; refuse ``epstein pearl approximately``."""
    second = folded[start:end].split(" ")[1]
    before = folded[max(0, start - 14) : start].split()
    if second in GIVEN_NAMES or second.endswith(ADVERB_ENDINGS):
        return False
    return is_unusual_word(second) and not (before and before[-1].lower() in _NAMED_AFTER)


RULES: Final = Rules(
    PatternRule(
        r"\b(?:Dr|Drs|Mr|Mrs|Ms|Doctor)\b\.?[ \t]{1,2}((?:[A-Z]\.? ){0,2}" + _WORD + "(?: " + _WORD + r")?)\b",
        PhiLabel.NAME,
        _CERTAIN,
        _is_person,
        _first_and_last,
    ),
    PatternRule(r"\bDr\. (X)\b", PhiLabel.NAME, _CERTAIN),
    PatternRule(
        r"\b(?:dr|doctor)\b\.?[ \t]{1,2}((?:[od]')?[a-z]+(?:-[a-z]+)?(?: (?:[od]')?[a-z]{2,})?)\b",
        PhiLabel.NAME,
        _CERTAIN,
        _is_spoken,
        _spoken_run,
    ),
    PatternRule(r"\bmrs\b\.?[ \t]{1,2}([a-z]{2,}(?:-[a-z]{2,})?)\b", PhiLabel.NAME, _CERTAIN, _is_known_or_strange),
    PatternRule(r"\b(?:mr|ms|miss)\b\.?[ \t]{1,2}([a-z]{2,}(?:-[a-z]{2,})?)\b", PhiLabel.NAME, _CERTAIN, _is_spoken_of),
)
_SPOKEN: Final = Rules(
    PatternRule(r"\b(" + words(*_SPOKEN_GIVEN) + r" [a-z]{5,})\b", PhiLabel.NAME, _CERTAIN, _is_full_name),
)
"""For texts without capitals."""
_INTRODUCED: Final = re.compile(r"\b[Pp]atient (?:([A-Z]{2})|([a-z]{2})) is an? \d{1,3}[- ]year")
_ACTS: Final = r"(?='s\b| (?:is|was|has|had|reports|states|denies|presents|came|went|did|will)\b|,? (?:his|her)\b)"


def find(view: View) -> Iterator[Span]:
    """Yield surnames after titles, and a patient's introduced initials wherever they act as a person."""
    yield from RULES.find(view, NAME)
    if view.folded.islower():
        yield from _SPOKEN.find(view, NAME)
    introduced = _INTRODUCED.search(view.folded)
    if introduced is None:
        return
    acts = re.compile(rf"(?<![\w.]){introduced.group(1) or introduced.group(2)}{_ACTS}")
    for match in acts.finditer(view.folded):
        yield Span(start=match.start(), end=match.end(), label=PhiLabel.NAME, score=_CERTAIN, recognizer=NAME)
