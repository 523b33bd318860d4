"""Full names with a common given name, 164.514(b)(2)(i)(A): certain, so the network cannot overrule them.

All given names and the 8,000 commonest surnames, by frequency: names files of the US Census Bureau of 1990 (public
domain), through the package ``names`` 0.3.0.
"""

import re
from collections.abc import Iterator
from typing import Final

from llmops.deid.detect.recognizers.names.name_checks import ADVERB_ENDINGS, JOB, is_named_after, is_unusual_word
from llmops.deid.detect.recognizers.rules import PatternRule, Rules, words
from llmops.deid.spans import Span, View
from llmops.deid.vocabulary import word_list, word_set
from llmops.deid.vocabulary.given_names import GIVEN_NAMES
from llmops.deid.vocabulary.words import COMMON_WORDS, EPONYMS, KEPT_PLACES, NEVER_NAMES
from llmops.phi import PhiLabel

NAME: Final = "full_name"
LABEL: Final = PhiLabel.NAME
_CERTAIN: Final = 0.99

_RANKED: Final = word_list("census_given")
_SURNAMES: Final = word_set("census_surnames")
_COMMONEST: Final = frozenset(word_list("census_surnames")[:250]) - {"may", "day", "colon"}
"""Surnames accepted after a given name whatever else they mean (``MARY BROWN``)."""
_COMMON_SURNAMES: Final = frozenset(word_list("census_surnames")[:3000])
_PLAIN: Final = COMMON_WORDS | NEVER_NAMES | KEPT_PLACES
_GIVEN: Final = (frozenset(_RANKED[:1200]) | GIVEN_NAMES) - COMMON_WORDS
"""Common given names that are no dictionary words."""
_ANY_GIVEN: Final = (frozenset(_RANKED) | GIVEN_NAMES) - word_set("outer") - {"son", "miss", "spring", "baby", "twin"}
_SPOKEN: Final = tuple(name for name in _RANKED[:500] if name not in _PLAIN and len(name) > 2)
"""Given names accepted in lower case before a common surname."""
_SHORTEST: Final = 3
_FUNCTION: Final = frozenset({
    "and", "are", "but", "call", "called", "can", "did", "does", "for", "had", "has", "her", "him", "his", "may", "not",
    "now", "our", "out", "see", "she", "still", "than", "that", "the", "then", "they", "this", "was", "well", "were",
    "when", "who", "will", "with", "you",
})  # fmt: skip
"""Running-text words that are no surname in lower case, whatever the census says."""
_NO_SURNAMES: Final = word_set("no_surnames") | {word.lower() for word in word_list("facility_words")}
"""Words that are surnames too, but usually something else even if capitalised."""
_PAIRS: Final = frozenset(tuple(pair.split("_")) for pair in word_list("eponym_pairs"))
"""Full-name pairs that are devices, signs, places or brands."""
_PERSON_BEFORE: Final = re.compile(
    r"(?i)(?:\b(?:male|female|man|woman|lady|gentleman|boy|girl|patient|pt|named|name(?: is)?|husband|wife|son|"
    r"daughter|grandson|granddaughter|mother|father|sister|brother|doctor|dr|mr|mrs|ms|physician|surgeon|nurse|provider|resident|"
    r"supervisor|admission|consultant|contact(?: person)?|guardian|informant|attendees|on call|emergency notify|"
    r"spoke (?:to|with)|discussed (?:\w+ ){0,3}with|talked (?:to|with)|met with|staffed with|handed to|letter to|"
    r"copy to|referring|referred by|seen by|evaluated|saw|examined|consent|helped|paged|told|ask(?:ed)?|notified|"
    r"informed|is it|this is|hi|hello|dear|(?:wound|chart|history|care|records?) of|older of whom is)\.?[ ,:(\"]{1,3}|"
    r"/s/ ?)\Z"
)
_PERSON_AFTER: Final = re.compile(
    r"(?i)'s (?:pain|wound|chart|daughter|son|wife|husband|mother|father|family|insulin|care|symptoms)\b|"
    r",? (?:M\.?D|D\.?O|R\.?N|N\.?P|PA-C|PA|Ph\.?D|LPN|CNA|LCSW)\b|,? \(?\d{1,3}[ -](?:year|yo|y/o)|"
    r"(?:,? who)? (?:is|was) (?:an? |\d|here|seen|reviewed|informed|admitted)|,? (?:presents|presented|called|reports|"
    r"reported|states|stated|denies|denied|returns|says|said|fell|refused|underwent|tolerated|remained|came|"
    r"has been (?:followed|seen)|and the (?:team|family))\b"
)
_MORE: Final = re.compile(r"[ \t]{1,2}[A-Z~][a-z~]|-")
_SAINT_BEFORE: Final = re.compile(r"\b(?:St\.?|Saint|King|Queen|Mount|Fort|Port)[ \t]\Z")
_LONGEST_CREDENTIAL: Final = 3
_W: Final = r"[A-Z~][A-Za-z~]*(?:['-][A-Za-z~]+)*"
_GAP: Final = r"[ \t]{1,2}"
_PARTICLES: Final = frozenset({
    "de", "del", "da", "dos", "di", "van", "von", "der", "den", "la", "le", "el", "al", "bin", "ibn",
})  # fmt: skip
_PARTICLE: Final = r"(?:(?i:de la|de los|van der|van den|van de|" + "|".join(sorted(_PARTICLES)) + r")[ \t])?"


def _bare(word: str) -> str:
    return word.replace("'", "").lower()


def _parts(word: str) -> list[str]:
    return [_bare(part) for part in word.split("-")]


def _is_given(word: str) -> bool:
    return _parts(word)[0] in _GIVEN


def _is_surname(word: str) -> bool:
    """Accept a census surname with no other meaning, also as part of a double name."""
    return any(part in _COMMONEST or (part in _SURNAMES and part not in _PLAIN) for part in _parts(word))


def _is_common(surname: str) -> bool:
    """Accept a common surname that is no dictionary word, for lower-case text."""
    return surname in _COMMON_SURNAMES and surname not in _PLAIN


def _is_name(folded: str, start: int, end: int, given: str, family: str) -> bool:
    """Say whether given and family name form a certain name, whatever the network says."""
    first, last = _parts(given)[0], _parts(family)[-1]
    if len(last) < 2 or last in JOB or (first, last) in _PAIRS:
        return False
    if last in _NO_SURNAMES and not (_is_given(given) and last in _SURNAMES and _is_person(folded, start, end)):
        return False
    if _SAINT_BEFORE.search(folded, max(0, start - 6), start) or folded[start - 1 : start] in {"-", "/"}:
        return False
    if folded[end : end + 1] == "-" or is_named_after(folded, end):
        return False
    if family.isupper() and len(family) <= _LONGEST_CREDENTIAL and not given.isupper():
        return False
    mixed = family[0].isupper() and not family.isupper()
    if _is_given(given):
        if _is_surname(family):
            return True
        alone = last in _SURNAMES or (len(last) > 2 and is_unusual_word(last) and last not in KEPT_PLACES)
        return alone and ((mixed and first not in EPONYMS) or _is_person(folded, start, end))
    if first in COMMON_WORDS and first in _ANY_GIVEN and mixed and _is_common(last):
        return True
    return first in _ANY_GIVEN and last in _SURNAMES and _is_person(folded, start, end)


def _is_person(folded: str, start: int, end: int) -> bool:
    """Require words before or after a name that indicate a person."""
    return bool(_PERSON_BEFORE.search(folded, max(0, start - 40), start) or _PERSON_AFTER.match(folded, end))


def _may_join(middle: str, family: str) -> bool:
    """Accept an initial, a particle, or another name before a known surname."""
    if len(middle.strip(".")) == 1 or middle.lower() in _PARTICLES:
        return True
    return (is_unusual_word(middle) or _is_given(middle)) and _is_surname(family)


def _full_name(folded: str, start: int, end: int) -> int:
    """Return the end of the name at the start of a run of capitalised words; its start if there is none."""
    found = list(_WORD.finditer(folded, start, end))
    for count in (3, 2):
        if len(found) < count:
            continue
        given, *middle, family = [match.group() for match in found[:count]]
        stop = found[count - 1].end() - 2 * family.endswith(("'s", "'S"))
        family = folded[found[count - 1].start() : stop]
        if (not middle or _may_join(middle[0], family)) and _is_name(folded, start, stop, given, family):
            return stop
    return start


def _without_result(folded: str, start: int, end: int) -> int:
    """Cut an electrolyte read as an initial (``K+``), and a possessive."""
    if folded[end - 2 : end - 1] == " " and folded[end : end + 1] in {"+", "-"}:
        return start if folded[end - 3 : end - 2] == "," else end - 2
    return end - 2 if folded[end - 2 : end] in {"'s", "'S"} else end


def _comma_name(folded: str, start: int, end: int) -> bool:
    """Accept ``Smith, John A``; refuse two eponyms in a list."""
    family, given = folded[start:end].split(",", 1)
    first, last = _parts(given.split(maxsplit=1)[0])[0], _parts(family)[-1]
    if first not in _GIVEN or (first in EPONYMS and last in EPONYMS) or folded[start - 1 : start] in {"-", "/"}:
        return False
    listed = re.match(r",? (?:and|or|&)[ \t][A-Z]", folded[end : end + 8]) is not None
    known = _is_surname(family) or (last in _SURNAMES and first not in _SURNAMES and last not in _NO_SURNAMES)
    return known and not listed and not is_named_after(folded, end)


def _spoken_name(folded: str, start: int, end: int) -> bool:
    """Accept lower-case ``john smith`` if neither is a dictionary word or the context indicates a person."""
    last = _parts(folded[start:end].rsplit(maxsplit=1)[-1])[-1]
    bare = last.removesuffix("s") if folded[end - 2 : end] == "'s" else last
    if is_named_after(folded, end) or len(bare) < _SHORTEST or bare.endswith(ADVERB_ENDINGS):
        return False
    named = bare in _SURNAMES or is_unusual_word(bare)
    return _is_common(bare) or (named and bare not in _FUNCTION and _is_person(folded, start, end))


def _listed_name(folded: str, start: int, end: int) -> bool:
    """Accept lower-case ``smith, john``; refuse a list of given names."""
    last = _parts(folded[start:end].split(",", 1)[0])[-1]
    told = folded[end : end + 1].isalnum() or re.match(r",? (?:and|or)\b", folded[end : end + 5])
    return _is_common(last) and last not in _GIVEN and not told


def _titled_name(folded: str, start: int, end: int) -> bool:
    """Accept a surname after a title, whatever else it names, if no other name follows."""
    word = folded[start:end]
    if _MORE.match(folded, end):
        return False
    last = _parts(word)[-1]
    return last in _SURNAMES and last not in JOB and not (word.isupper() and last in COMMON_WORDS)


_WORD: Final = re.compile(r"[A-Za-z~]+(?:['-][A-Za-z~]+)*\.?")

RULES: Final = Rules(
    PatternRule(
        r"\b(" + _W + _GAP + r"(?:(?:[A-Z]\.?|" + _W + r")" + _GAP + r")?" + _PARTICLE + _W + r")",
        PhiLabel.NAME,
        _CERTAIN,
        cut=_full_name,
    ),
    PatternRule(
        r"\b(" + _W + r",[ \t]{0,2}" + _W + r"(?:[ \t][A-Z](?:\.|\b))?)",
        PhiLabel.NAME,
        _CERTAIN,
        _comma_name,
        _without_result,
    ),
    PatternRule(
        r"\b(" + words(*_SPOKEN) + r"[ \t](?:[a-z]\.?[ \t])?[a-z]{3,}(?:['-][a-z]{3,})?)\b",
        PhiLabel.NAME,
        _CERTAIN,
        _spoken_name,
    ),
    PatternRule(
        r"\b([a-z]{3,}(?:['-][a-z]{3,})?,[ \t]?" + words(*_SPOKEN) + r"(?:[ \t][a-z]\b\.?)?)",
        PhiLabel.NAME,
        _CERTAIN,
        _listed_name,
    ),
    PatternRule(
        r"\b(?:Mr|Mrs|Ms|Dr|MR|MRS|DR)\.?" + _GAP + r"(" + _W + r")\b",
        PhiLabel.NAME,
        _CERTAIN,
        _titled_name,
        _without_result,
    ),
)


def find(view: View) -> Iterator[Span]:
    """Yield every certain full name."""
    return RULES.find(view, NAME)
