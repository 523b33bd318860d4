"""The exit gate: no own identifier of the subject is in the output, and an independent look says what else may be.

Both look only at what the first pass left as it was: placeholders, stand-ins, shifted dates and what the policy keeps
have been decided on, so they are blanked out first and can raise no alarm.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

from llmops.deid.detect.known.index import is_word
from llmops.deid.detect.known.matcher import KnownMatcher
from llmops.deid.folding import fold
from llmops.deid.policy import Operator, Policy
from llmops.deid.spans import View
from llmops.deid.vocabulary.words import is_plain
from llmops.documents import DeidentifiedDocument, Field, FieldPhi
from llmops.phi import PLACEHOLDER, PhiFinding, PhiLabel

_BLANK: Final = "\x1f"
"""No letter, digit, blank or punctuation: nothing joins over it."""

_LIKELY_WEIGHT: Final = 0.4
_MAY_BE_KEPT: Final = frozenset({PhiLabel.LOC, PhiLabel.ZIP, PhiLabel.DATE, PhiLabel.AGE90, PhiLabel.OTHERID})
Check = Callable[[str, re.Match[str]], bool]


class Suspicion(NamedTuple):
    """A shape of an identifier, what it would be, how much one of them says, and how many at most are counted."""

    label: PhiLabel
    weight: float
    pattern: re.Pattern[str]
    check: Check
    most: int = 1_000


class SecondLook(NamedTuple):
    """What the exit gate found in a document.

    Args:
        survivors: certain identifiers of the subject, addresses and birth date in every shape among them.
        risk: estimate in [0, 1] that an identifier is left.
    """

    survivors: int
    risk: float


def survivors(texts: Iterable[str], matcher: KnownMatcher) -> int:
    """Count the subject's own certain identifiers that are still in what leaves.

    Names in both orders, numbers with or without zeros and separators, e-mail; what is short or a word of the language
    (an MRN ``100``, a Mr. May) only where the text says so. Places, ZIP codes and dates are passed over, since a policy
    may keep them and a text alone does not tell: `second_look` counts them too.

    Args:
        texts: everything of the document that leaves: text, title, field values.
        matcher: the subject's known identifiers. PHI.
    """
    bare = (PLACEHOLDER.sub(_blank, text) for text in texts if text)
    return sum(matcher.survivors(View.of(text), _MAY_BE_KEPT).certain for text in bare)


def residual_risk(text: str, findings: Sequence[PhiFinding] = (), policy: Policy | None = None) -> float:
    """Estimate in [0, 1] that an identifier is left in a de-identified text.

    The features are other ones than those of the first pass: no network, no score, no name list; cues and shapes in
    what was left alone. Codes of a terminology, genomic positions and measurements are no identifiers.

    Args:
        text: output text.
        findings: what was done in it, with offsets in it.
        policy: what it keeps (a limited data set: dates) is no residue; None judges as Safe Harbor would.
    """
    return round(1.0 - _cleanness(fold(blanked(text, findings)), policy), 4)


def _cleanness(left: str, policy: Policy | None) -> float:
    """Estimate in [0, 1] that a folded text from which everything decided on is blanked out holds no identifier."""
    clean = 1.0
    for suspicion in _SUSPICIONS:
        if policy is not None and policy.operators[suspicion.label] is Operator.KEEP:
            continue
        hits = (match for match in suspicion.pattern.finditer(left) if suspicion.check(left, match))
        clean *= (1.0 - suspicion.weight) ** sum(1 for _ in islice(hits, suspicion.most))
    return clean


def second_look(
    document: DeidentifiedDocument,
    policy: Policy,
    matcher: KnownMatcher | None = None,
    count_added: Callable[[str], int] = lambda _: 0,
) -> SecondLook:
    """Look once at everything of a document that leaves.

    What the policy put or kept there was decided on, so it is passed over by its place and not by its kind. The risk is
    that of `residual_risk` over text, title and free-text fields, and of what looks like the subject's own.

    Args:
        document: the de-identified document.
        policy: the policy applied.
        matcher: the subject's known identifiers: a misspelt name left is a hint that one is. PHI.
        count_added: counts what recognizers that a user added find in a text.
    """
    survivors, clean = 0, 1.0
    for text, findings, free in _leaving(document):
        if not free and matcher is None:
            continue
        view = View.of(blanked(text, findings))
        certain, likely = matcher.survivors(view) if matcher is not None else (0, 0)
        survivors += certain
        if free:
            clean *= 1.0 - round(1.0 - _cleanness(view.folded, policy), 4)
            clean *= (1.0 - _LIKELY_WEIGHT) ** (likely + count_added(view.text))
    return SecondLook(survivors, round(1.0 - clean, 4))


def blanked(text: str, findings: Iterable[PhiFinding]) -> str:
    """Blank out every finding and placeholder of an output text; the length stays."""
    characters = list(text)
    for finding in findings:
        characters[finding.start : finding.end] = _BLANK * (finding.end - finding.start)
    return PLACEHOLDER.sub(_blank, "".join(characters))


def _blank(match: re.Match[str]) -> str:
    return _BLANK * len(match.group())


def _leaving(document: DeidentifiedDocument) -> Iterator[tuple[str, list[PhiFinding], bool]]:
    """Give each text that leaves with its findings, and whether people wrote it: codes and numbers are not."""
    by_field: dict[str, list[PhiFinding]] = {}
    for finding in document.findings:
        by_field.setdefault(finding.field, []).append(finding)
    yield document.text, by_field.get("", []), True
    names = Counter(field.name for field in document.fields if _is_treated(field))
    names["title"] += bool(document.title)
    parts = {name: _parted(by_field.get(name, []), count) for name, count in names.items()}
    yield document.title, next(parts["title"], []), True
    for field in document.fields:
        findings = next(parts[field.name]) if _is_treated(field) else []
        if field.value is None or isinstance(field.value, bool):
            continue
        yield str(field.value), findings, field.phi is FieldPhi.FREE_TEXT


def _is_treated(field: Field) -> bool:
    return field.phi is not FieldPhi.NONE and bool(field.value)


def _parted(findings: Sequence[PhiFinding], count: int) -> Iterator[list[PhiFinding]]:
    """Give the findings of each of ``count`` fields that share a name, none where it is not sure whose they are.

    A finding says no more than the name, but they stand in order: where each value begins with one, each begins a
    field. Elsewhere only placeholders are passed over, as everywhere.
    """
    if count < 2:
        return iter([list(findings)] * count)
    parts: list[list[PhiFinding]] = []
    for finding in findings:
        if finding.start == 0:
            parts.append([])
        if parts:
            parts[-1].append(finding)
    return iter(parts if len(parts) == count and not findings[0].start else [[]] * count)


def _always(_left: str, _match: re.Match[str]) -> bool:
    return True


def _is_person(left: str, match: re.Match[str]) -> bool:
    """Ask for a word behind the cue that is none of the language, of medicine, a drug or an eponym; for no label."""
    if left[match.end() : match.end() + 1] == ":":  # "Patient Provider Rating: 1st" names a column
        return False
    return any(not is_word(word.lower()) for word in re.findall(r"[A-Za-z]{3,}", match.group(1)))


def _is_named(left: str, match: re.Match[str]) -> bool:
    """Ask more where the cue is a bare ``Name:``: in a table it heads drugs and tests too, whose kind stands last."""
    last = re.findall(r"[A-Za-z]{3,}", match.group(1))[-1:]
    bare = match.group().lower().startswith("name")
    return _is_person(left, match) and not (bare and any(is_word(word.lower()) for word in last))


def _are_strange(_left: str, match: re.Match[str]) -> bool:
    """Ask for two words none of which is of the language or of medicine, inflected either."""
    return not any(is_word(word.lower()) for word in match.groups())


def _is_calendar_date(left: str, match: re.Match[str]) -> bool:
    """Refuse doses, versions and positions: a date stands free of other numbers and has a month and a day."""
    month, day = int(match.group(1)), int(match.group(2))
    before, after = left[max(0, match.start() - 1) : match.start()], left[match.end() : match.end() + 1]
    possible = 1 <= min(month, day) <= 12 and max(month, day) <= 31
    return possible and not re.search(r"[\w/.-]", before + after.replace("T", ""))


def _is_street(left: str, match: re.Match[str]) -> bool:
    return not is_plain(match.group(1).split()[-1]) or left[match.end() : match.end() + 1] == ","


def _is_telephone(left: str, match: re.Match[str]) -> bool:
    return not re.search(r"[\w.:/^|-]", left[max(0, match.start() - 1) : match.start()])


_MONTH: Final = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
_SUSPICIONS: Final = (
    Suspicion(
        PhiLabel.NAME,
        0.5,
        re.compile(r"\b(?:Mr|Mrs|Ms|Dr|Miss|Nurse|Prof)\b\.?[ \t]{1,2}([A-Z][A-Za-z'-]{2,30}(?: [A-Z][a-z'-]{2,30})?)"),
        _is_person,
    ),
    Suspicion(
        PhiLabel.NAME,
        0.4,
        re.compile(
            r"\b(?i:patient|pt|name|wife|husband|son|daughter|mother|father|brother|sister|attending|pcp|signed by|"
            r"dictated by|seen by|spoke with)\b[ \t]?:?[ \t]{1,3}([A-Z][a-z'-]{2,30},? [A-Z][a-z'-]{2,30})"
        ),
        _is_named,
    ),
    Suspicion(
        PhiLabel.NAME,
        0.3,
        re.compile(r"\b([A-Z][a-z'-]{2,30} (?:[A-Z]\. )?[A-Z][a-z'-]{2,30}), (?:MD|DO|RN|NP|PA-C)\b"),
        _is_person,
    ),
    # Weak on its own: brands are unknown words too, so two of them stay under the limit of the default gate.
    Suspicion(PhiLabel.NAME, 0.1, re.compile(r"\b([A-Z][a-z]{2,30}) ([A-Z][a-z]{2,30})\b"), _are_strange, most=2),
    Suspicion(
        PhiLabel.ORG,
        0.25,
        re.compile(r"\b([A-Z][A-Za-z']{2,30}(?: [A-Z&][A-Za-z']{0,30}){0,3}),? (?:LLC|LLP|Inc|PLLC|P\.C\.|Corp)\b"),
        _is_person,
    ),
    Suspicion(PhiLabel.EMAIL, 0.7, re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}\.[A-Za-z]{2,30}"), _always),
    Suspicion(
        PhiLabel.URL,
        0.6,
        re.compile(r"(?i)\b(?:https?|ftp)://(?!(?:loinc|snomed|hl7|unitsofmeasure)\b)|\bwww\."),
        _always,
    ),
    Suspicion(PhiLabel.PHONE, 0.5, re.compile(r"(?:\(\d{3}\) ?|\b\d{3}[-. ])\d{3}[-. ]\d{4}(?![\d.-])"), _is_telephone),
    Suspicion(PhiLabel.SSN, 0.6, re.compile(r"(?<![\d.-])\d{3}-\d{2}-\d{4}(?![\d-])"), _always),
    Suspicion(
        PhiLabel.MRN,
        0.5,
        re.compile(
            r"(?i)\b(?:mrn|medical record|chart (?:no|number|#)|ssn|social security|acct|account|member id|"
            r"policy (?:no|number|#)|csn|visit (?:no|number|#))\.?[ \t]?(?:no|number|is)?\.?[ \t]?[:#]{0,2}[ \t]{0,3}"
            r"[a-z]{0,3}-?\d{4,}"
        ),
        _always,
    ),
    Suspicion(PhiLabel.DATE, 0.4, re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](?:(?:19|20)\d\d|\d\d)"), _is_calendar_date),
    Suspicion(PhiLabel.DATE, 0.4, re.compile(r"\b(?:19|20)\d\d-(\d\d)-(\d\d)"), _is_calendar_date),
    Suspicion(
        PhiLabel.DATE, 0.3, re.compile(rf"(?i)\b{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?,? (?:19|20)\d\d\b"), _always
    ),
    Suspicion(
        PhiLabel.LOC,
        0.4,
        re.compile(
            r"\b\d{1,5} ([A-Z][a-z]{1,30}(?: [A-Z][a-z]{1,30})?) (?:St|Ave|Rd|Ln|Blvd|Street|Avenue|Road|Lane|Drive)\b"
        ),
        _is_street,
    ),
    Suspicion(PhiLabel.AGE90, 0.5, re.compile(r"(?i)\b(?:9\d|1[01]\d)[ -]?(?:year|yr|y)s?[ -]?(?:old|o)\b"), _always),
)
"""Shapes and cues; every repetition has a bound, so the search is linear in the text."""
