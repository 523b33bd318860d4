"""Locate terms that are never PHI: abbreviations, eponyms, instruments, scales, isotopes, study numbers."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import re2

from llmops.deid.vocabulary.words import EPONYMS, STATES, is_plain
from llmops.phi import PhiLabel

_WORDY: Final = frozenset({PhiLabel.NAME, PhiLabel.ORG, PhiLabel.LOC})
_PLACES: Final = frozenset({PhiLabel.ORG, PhiLabel.LOC})
_CODES: Final = frozenset({
    PhiLabel.OTHERID, PhiLabel.LICENSE, PhiLabel.VEHICLE, PhiLabel.DEVICE, PhiLabel.MRN, PhiLabel.ACCT, PhiLabel.PLAN,
})  # fmt: skip
_ALL: Final = frozenset(PhiLabel)
_TITLED: Final = re.compile(r"(?i)(?:\b(?:dr|mr|mrs|ms|miss|nurse|doctor|patient|pt|by|initials)\b\.?,? {1,2})\Z")
_REACH: Final = 12
"""Characters before a term in which a title makes it a name."""

_ADVERBS: Final = ("ingly", "ally", "ously", "ently", "ately", "fully", "ively", "antly")

Check = Callable[[str, int, int], bool]


def _untitled(folded: str, start: int, _end: int) -> bool:
    return _TITLED.search(folded, max(0, start - _REACH), start) is None


def _named_after(folded: str, start: int, end: int) -> bool:
    """Require a known eponym before the term, and no title before the eponym."""
    first = re.match(r"[A-Za-z]+", folded[start:end])
    return first is not None and first.group().lower() in EPONYMS and _untitled(folded, start, end)


def _goes_on(folded: str, _start: int, end: int) -> bool:
    """Refuse a state that begins another name: ``New York Presbyterian``."""
    return re.match(r" [A-Z][a-z]|,? [A-Z]{2}\b", folded[end : end + 4]) is None


def _is_adverb(folded: str, start: int, end: int) -> bool:
    """Accept ``Interestingly`` and ``Clinically``, not ``Kimberly``."""
    return is_plain(folded[start : end - 2]) or folded.endswith(_ADVERBS, start, end)


@dataclass(frozen=True, slots=True)
class Term:
    """A kind of term: findings of these labels within one are dropped; the first group is the term.

    Args:
        pattern: RE2 syntax over the folded text.
        labels: labels of the findings it vetoes.
        check: refuses look-alikes by term and context.
    """

    pattern: str
    labels: frozenset[PhiLabel]
    check: Check = field(default=lambda *_: True)
    compiled: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compile once."""
        options = re2.Options()
        options.log_errors = False
        object.__setattr__(self, "compiled", re2.compile(self.pattern.encode("ascii"), options))


_ABBREVIATED: Final = (
    r"\b((?:[qQ]\. ?)?(?:J\.V\.D|[btq]\. ?i\. ?d|[BTQ]\. ?I\. ?D|"
    r"p\. ?r\. ?n|P\. ?R\. ?N|n\. ?p\. ?o|N\. ?P\. ?O|p\. ?o|h\. ?s|"
    r"[ap]\. ?m|[pa]\. ?c|e\. ?g|i\. ?e|i\. ?[vm]|s\. ?[cql]|c\. ?c|o\. ?[dsu]|q\. ?o\. ?d|Q\. ?O\. ?D|"
    r"q\. ?(?:\d{1,2}|[adhw]\b)|q\. ?[aph]\. ?[ms]|Q\. ?[APH]\. ?[MS])\b(?:\. ?p\. ?r\. ?n\b)?)"
)
_STRONG: Final = (
    r"(?:[Rr]etractors?|[Ff]orceps|[Ss]cissors|[Bb]unionectomy|[Oo]steotomy|[Rr]ongeurs?|[Cc]urettes?|[Ss]peculum|"
    r"[Tt]enaculum|[Dd]issector|[Bb]urr?|[Tt]ongs|[Pp]acemaker|[Nn]eedle (?:holder|driver)s?)"
)
_WEAK: Final = (
    r"(?:catheters?|valves?|drains?|needles?|sutures?|clamps?|cannulas?|tubes?|plates?|screws?|rods?|stents?|shoes?|"
    r"wedges?|boots?|collars?|blades?|trocars?|shunts?|cages?|sponges?|implants?)"
)
_ADJECTIVE: Final = r"(?:[a-z]{3,12}(?:-[a-z]{3,12})? ){0,1}"
_EPONYM: Final = r"[A-Z][a-z]{2,}(?:-[A-Z][a-z]{2,})?"
_SIDE: Final = (
    r"(?:(?:[Nn]orth|[Ss]outh|[Ee]ast|[Ww]est|[Nn]ortheast|[Nn]orthwest|[Ss]outheast|[Ss]outhwest)(?:ern)?|"
    r"[Cc]entral|[Uu]pstate)"
)
_STATE: Final = (
    "(?:" + "|".join(sorted(state.capitalize() for state in STATES)) + "|New (?:York|Jersey|Mexico|Hampshire))"
)
_SPINE: Final = r"(?:C[1-8]|T(?:1[0-2]|[1-9])|L[1-6]|S[1-5])"

TERMS: Final = (
    Term(_ABBREVIATED, _ALL, _untitled),
    Term(r"(?i)(?:\(|, )(r\.n\.)", _WORDY),
    Term(
        r"(?i)\b((?:technetium|tc)[- ]?(?:99m?|\d\d m\b)|"
        r"(?:99|11[13]|123|131|20[13])m?[- ]?(?:tc|technetium|indium|iodine|thallium))\b",
        _ALL,
    ),
    Term(r"(?:[.:,;][ \t]*|[.:] {1,2})(nan)\b", _WORDY),
    Term(r"(?:^|\n)([A-Z]{2,5}:nan)\b", _WORDY),
    Term(r"(?i)\b(" + _EPONYM + " " + _ADJECTIVE + _STRONG + r")\b", _WORDY, _untitled),
    Term(
        r"(?i)\b(?:the|an?|with|one|two|right|left) (" + _EPONYM + " " + _ADJECTIVE + _WEAK + r")\b",
        _WORDY - {PhiLabel.LOC},
        _untitled,
    ),
    Term(
        r"(?i)\b("
        + _EPONYM
        + r"(?:'s?| s)? (?:[Dd]isease|[Ss]yndrome|[Cc]horea|[Pp]alsy|[Pp]henomenon|[Ss]ign|[Cc]ontracture|"
        r"[Ll]ymphoma|[Tt]hyroiditis|[Ff]racture|[Ss]arcoma))\b",
        _WORDY,
        _named_after,
    ),
    Term(r"(?i)\b(?:of|from|with|for|has|had) (" + _EPONYM + r"'s)(?:[.,;)]|$)", _WORDY, _named_after),
    Term(
        r"(?i)\b(indigo carmine|lou gehrig(?:'?s)?(?: disease)?|moya[- ]?moya|sofamor danek|united states|"
        r"st\.? jude (?:pacemaker|valve|medical|icd|lead|device)|new york heart association|pap smears?|pap test|"
        r"(?:last|exam and) pap|(?:alcoholics|overeaters|narcotics|gamblers) anonymous|south beach diet|"
        r"independent medical evaluation|western aphasia battery|millon behavioral medicine diagnostic|"
        r"tests of achievement|kiddie schedule)\b",
        _WORDY,
        _untitled,
    ),
    Term(
        r"\b((?:[A-Z][A-Za-z-]+ ){1,4}(?:Battery|Inventory|Questionnaire|Scales?|Diet|Anonymous|Evaluation|"
        r"Checklist|Heart Study|Heart Association))\b",
        _PLACES,
    ),
    Term(r"\b(" + _SIDE + " " + _STATE + r")\b", _WORDY, _goes_on),
    Term(
        r"\b((?:North|South|West|New) (?:Carolina|Dakota|Virginia|Jersey|Mexico|Hampshire|Africa|Zealand|Korea))\b",
        _WORDY,
        _goes_on,
    ),
    Term(
        r"\b(NCT ?\d{8}|(?:POG|COG|CALGB|ECOG|SWOG|RTOG|NSABP|GOG|CCG|EORTC|ISRCTN)[- ]?\d{2,8}|[Nn] ?= ?\d+)\b", _CODES
    ),
    Term(r"\b((?:WAC|RCW|CFR|USC) ?\d[\d.-]*\d)\b", _CODES),
    Term(r"\b([RLB][UL]E|R[UL]Q|L[UL]Q)\b", _PLACES),
    Term(r"\b(" + _SPINE + "-" + _SPINE + r")\b", _CODES),
    Term(
        r"(?:old|\d|[Mm]arried|[Ss]ingle|[Ww]idowed|[Dd]ivorced|[Pp]leasant|\b[Aa]) ([Ww]hite|[Bb]lack) (?:fe)?male\b",
        _WORDY,
    ),
    Term(r"(?:^|\n|[.!?:] {1,2})([A-Z][a-z]{5,}ly),", _WORDY, _is_adverb),
    Term(
        r"\b([A-Z][a-z]{3,}(?:coccus|bacter|bacterium|bacillus|monas|spirillum|plasma)|"
        r"[A-Z][a-z]{4,} [a-z]{4,}(?:ensis|icola|phila|osum|niae|ii))\b",
        _WORDY,
    ),
)


def terms(folded: str, data: bytes, labels: frozenset[PhiLabel]) -> Iterator[tuple[int, int, frozenset[PhiLabel]]]:
    """Yield start, end and vetoed labels of each term that applies to findings of these labels.

    Args:
        folded: the folded text. PHI.
        data: the same as bytes.
        labels: labels of the existing findings.
    """
    for term in TERMS:
        if not term.labels.isdisjoint(labels):
            for match in term.compiled.finditer(data):
                start, end = match.span(1)
                if term.check(folded, start, end):
                    yield start, end, term.labels
