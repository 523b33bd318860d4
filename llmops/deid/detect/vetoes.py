"""Drop findings that are never PHI, whatever network and judge say, and trim non-PHI words at their edges."""

import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from llmops.deid.detect.veto_terms import terms
from llmops.deid.spans import Span, View
from llmops.deid.vocabulary import word_set
from llmops.deid.vocabulary.words import is_plain
from llmops.phi import PhiLabel

_CERTAIN: Final = 0.99
"""Score from which a rule's finding cannot be vetoed."""
_UNITS: Final = word_set("unit_words")
"""Specialties with their kinds of unit, body parts and procedures: no word is a name."""
_LINKS: Final = frozenset({"of", "and", "the", "in", "at", "for", "an", "a", "to", "on", "from", "by", "with", "or"})
_LEADS: Final = re.compile(r"(?:(?:of|and|the|in|at|for|an|a|to|on|from|by|with|or|downtown)[ \t]{1,2})+(?=[A-Za-z])")
_TAILS: Final = re.compile(r"(?:[ \t]{1,2}(?:of|and|the|in|at|for|an|a|to|on|from|by|with|or))+\Z")
_PLACES: Final = frozenset({PhiLabel.ORG, PhiLabel.LOC})
_WORDY: Final = _PLACES | {PhiLabel.NAME}
_WORD: Final = re.compile(r"[A-Za-z~][A-Za-z~-]*(?:'s\b)?|[0-9]+")
_BEFORE: Final = re.compile(r"([A-Za-z~][A-Za-z~-]*)(?:'s)?[ \t]{0,2}[&/-]?[ \t]{0,2}\Z")
_BEHIND: Final = re.compile(r"[ \t]{0,2}[&/-]?[ \t]{0,2}([A-Za-z~][A-Za-z~-]*)")
_HOSPITALS: Final = frozenset({"hospital", "hospitals"})
_NAMES_BEFORE: Final = frozenset({"of", "and"})
"""Words across which a unit's name continues to the left."""
_NAMES_BEHIND: Final = frozenset({"of", "at", "in", "and"})
_FIRST_WORDS: Final = word_set("first_words") | _LINKS
_FAR: Final = 40
_LONGEST: Final = 6
"""Words of a unit's name read beside a finding."""
_LIST_NUMBER: Final = re.compile(r"(?:\A|\n)[ \t]*\d{1,2}\.[ \t]{0,4}(?=[A-Za-z])")
_NUMBERED: Final = re.compile(r"\d{1,2}\.[ \t]{0,4}")
_MONTH_ENDS_SENTENCE: Final = re.compile(
    r"(?i)(January|February|March|April|June|July|August|September|October|November|December)\.\s{1,2}\d{1,2}"
    r"(?:[ -]?[a-z]+)?\Z"
)
_COUNTS_BEHIND: Final = re.compile(r"(?i)[ -]?(?!at\b|on\b|to\b|and\b|with\b|in\b|for\b|st\b|nd\b|rd\b|th\b)[a-z]{2,}")
"""A number that counts what follows it (``October. 24-hour Holter``) begins the next sentence."""
_DECIMAL: Final = re.compile(r"\d{1,3}\.\d|\d{1,3}(?:-\d{1,3})?(?:feet|foot|ft|mm|cm|mg|ml)")
_DAY_OF_MONTH: Final = re.compile(
    r"(?i)(?:\d(?:st|nd|rd|th)?|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|"
    r"teenth|tieth)[ \t]\Z"
)
_ORDINAL: Final = r"(?:\d{1,2}(?:st|nd|rd|th)|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth)"
_ORDINALS: Final = re.compile(r"(?i)(?:on )?(?:the )?" + _ORDINAL)
_COUNTED: Final = re.compile(
    r"(?i)(?:(?:,| to| and| or|, or|-|,? through)[ \t]?(?:the )?" + _ORDINAL + r")*"
    r"(?: of (?:\d{1,2}|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b(?![/-])|"
    r"(?: (?:post-?operative|post-?op|hospital|cranial|thoracic|lumbar|cervical|intercostal|left|right|anterior|TNM|"
    r"AJCC|metatarsal|proximal|distal|middle))?"
    r" (?:day|rib|ribs|nerves?|edition|digits?|toes?|fingers?|metatarsals?|metacarpals?|vertebrae?|interspace|"
    r"ventricle|percentile|child|pregnancy|week|interval)\b)"
)
_SCORED: Final = re.compile(r"([0-5])/\1\Z|[0-5]/[45]\Z|[1-6]/6\Z")
_GRADED: Final = re.compile(
    r"(?i)\b(?:reflex\w*|dtrs?|strength|pulses?|motor|power|murmurs?|patellar|achilles|biceps|triceps|knee jerks?)\b"
    r"[^.;\n\d]{0,20}\Z"
)
_GRADES: Final = re.compile(
    r"(?i)[ \t](?:strength|reflexes|pulses|power|murmur|throughout|bilaterally|and symmetric)\b"
)
_ON_A_DAY: Final = re.compile(r"(?i)\b(?:on|since|until|by|of|dated|due|date|seen|from)[: ]{1,2}\Z")


def without_vetoed(view: View, found: Sequence[Span]) -> list[Span]:
    """Return the findings without those that are never PHI, each trimmed to its true extent.

    A certain rule's finding is unchanged. A term inside a longer finding does not veto it.

    Args:
        view: the text. PHI.
        found: findings of rules, network and judge; not of known identifiers.
    """
    doubtful = frozenset(span.label for span in found if span.score < _CERTAIN)
    if not doubtful:
        return list(found)
    folded = view.folded
    spoken = list(terms(folded, view.data, doubtful))
    starts, ends = {span.start for span in found}, {span.end for span in found}
    kept = (span if span.score >= _CERTAIN else _cut(folded, span, starts, ends) for span in found)
    return [span for span in kept if span is not None and not _is_dropped(folded, span, spoken)]


def _is_dropped(folded: str, span: Span, spoken: Iterable[tuple[int, int, frozenset[PhiLabel]]]) -> bool:
    if span.score >= _CERTAIN:
        return False
    if any(start <= span.start and span.end <= end and span.label in labels for start, end, labels in spoken):
        return True
    if span.label in _WORDY:
        return _is_unit(folded, span)
    return span.label is PhiLabel.DATE and _is_no_date(folded, span.start, span.end)


def _cut(folded: str, span: Span, starts: AbstractSet[int], ends: AbstractSet[int]) -> Span | None:
    """Trim a list number before a date, and linking words at the edges of a place.

    Links between two findings stay: they may join two parts of one name.
    """
    surface = folded[span.start : span.end]
    if span.label is PhiLabel.DATE:
        number = _NUMBERED.match(surface)
        if number and _LIST_NUMBER.match(folded, max(0, folded.rfind("\n", 0, span.start)), span.end + 1):
            return span.cut(span.start + number.end(), span.end)
        month = _MONTH_ENDS_SENTENCE.match(folded, span.start, span.end)
        if month and _COUNTS_BEHIND.match(folded, span.end):
            return span.cut(span.start, span.start + month.end(1) - month.start())
        return None if surface in _LINKS and not _is_in_date(folded, span) else span
    if span.label not in _PLACES:
        return span
    lead, tail = _LEADS.match(surface), _TAILS.search(surface)
    before, behind = _last_word(folded, span.start), _next_word(folded, span.end)
    start, end = span.start, span.end
    if lead and before not in ends and not (span.label is PhiLabel.LOC and lead.group().strip() == "the"):
        start += lead.end()
    if tail and behind not in starts:
        end -= len(tail.group())
    if surface in _LINKS or surface == "The":
        return span if before in ends and behind in starts else None
    return span.cut(start, end) if start < end else None


def _last_word(folded: str, start: int) -> int:
    while folded[start - 1 : start] in {" ", "\t"}:
        start -= 1
    return start


def _next_word(folded: str, end: int) -> int:
    while folded[end : end + 1] in {" ", "\t"}:
        end += 1
    return end


def _is_in_date(folded: str, span: Span) -> bool:
    """Say whether a word such as ``of`` is part of a date: ``4th of July``."""
    return span.label is PhiLabel.DATE and _DAY_OF_MONTH.search(folded, max(0, span.start - 9), span.start) is not None


def _is_unit(folded: str, span: Span) -> bool:
    """Accept ``Cardiology Service``, ``Department of Pathology``, a study heading; no unit named after a place."""
    words = [word.lower() for word in _WORD.findall(folded, span.start, span.end)]
    if not words or words[0] not in _UNITS or not all(word in _UNITS or word in _LINKS for word in words):
        return False
    if len(words) > 1 and words[-1] in _HOSPITALS:
        return False
    left, named_before = _beside(_words_before(folded, span.start), _NAMES_BEFORE)
    right, named_behind = _beside(_words_behind(folded, span.end), _NAMES_BEHIND)
    if span.label is not PhiLabel.ORG and len(words) + left + right < 2:
        return False
    return not named_before and not named_behind


def _beside(words: Iterator[str], links: frozenset[str]) -> tuple[int, bool]:
    """Count the unit words beside a finding, and say whether a name follows them."""
    generic, linked = 0, False
    for word in words:
        low = word.lower()
        if low in _UNITS:
            generic += 1
            linked = False
        elif low in links and not linked:
            linked = True
        elif low == "the" and linked:
            continue
        else:
            return generic, not (linked and links is _NAMES_BEFORE) and _is_proper(word)
    return generic, False


def _words_before(folded: str, start: int) -> Iterator[str]:
    for _ in range(_LONGEST):
        match = _BEFORE.search(folded, max(0, start - _FAR), start)
        if match is None:
            return
        yield match[1]
        start = match.start()


def _words_behind(folded: str, end: int) -> Iterator[str]:
    for _ in range(_LONGEST):
        match = _BEHIND.match(folded, end)
        if match is None:
            return
        yield match[1]
        end = match.end()


def _is_proper(word: str) -> bool:
    """Say whether a word may be a name: capitalised in running text, or non-dictionary."""
    low = word.lower()
    if low in _FIRST_WORDS or len(word) < 2:
        return False
    return (word[0].isupper() and not word.isupper()) or not is_plain(word)


def _is_no_date(folded: str, start: int, end: int) -> bool:
    """Accept ordinals that count something else, decimals, and grades of strength and reflexes."""
    surface = folded[start:end]
    if _DECIMAL.fullmatch(surface) or (_ORDINALS.fullmatch(surface) and _COUNTED.match(folded, end)):
        return True
    if _SCORED.fullmatch(surface) is None or _ON_A_DAY.search(folded, max(0, start - 12), start):
        return False
    before = _GRADED.search(folded[max(0, start - _FAR) : start])
    return before is not None or _GRADES.match(folded, end) is not None
