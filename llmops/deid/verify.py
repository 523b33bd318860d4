"""Exit gate: check that no identifier of the subject is left, and estimate the residual risk independently.

Both checks read only text the first pass left unchanged: placeholders, surrogates, shifted dates and kept PHI are
decided already, so they are blanked out first and cannot raise an alarm.
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
"""No letter, digit, blank or punctuation, so that no pattern matches across it."""

_LIKELY_WEIGHT: Final = 0.4
_MAY_BE_KEPT: Final = frozenset({PhiLabel.LOC, PhiLabel.ZIP, PhiLabel.DATE, PhiLabel.AGE90, PhiLabel.OTHERID})
Check = Callable[[str, re.Match[str]], bool]


class Suspicion(NamedTuple):
    """An identifier pattern, its label, the risk weight of one match, and the maximum number counted."""

    label: PhiLabel
    weight: float
    pattern: re.Pattern[str]
    check: Check
    most: int = 1_000


class SecondLook(NamedTuple):
    """The exit gate's result for a document.

    Args:
        survivors: certain identifiers of the subject, including addresses and birth dates in every format.
        risk: estimate in [0, 1] that an identifier is left.
    """

    survivors: int
    risk: float


def survivors(texts: Iterable[str], matcher: KnownMatcher) -> int:
    """Count the subject's certain identifiers that are still in the output.

    Names in both orders, numbers with or without zeros and separators, e-mail; short or dictionary words (an MRN
    ``100``, a Mr. May) only if the context confirms them. Places, ZIP codes and dates are skipped, since a policy may
    keep them and the text alone does not show it: `second_look` counts them too.

    Args:
        texts: all output of the document: text, title, field values.
        matcher: the subject's known identifiers. PHI.
    """
    bare = (PLACEHOLDER.sub(_blank, text) for text in texts if text)
    return sum(matcher.survivors(View.of(text), _MAY_BE_KEPT).certain for text in bare)


def residual_risk(text: str, findings: Sequence[PhiFinding] = (), policy: Policy | None = None) -> float:
    """Estimate in [0, 1] the probability that an identifier is left in a de-identified text.

    The features differ from the first pass: no network, no score, no name list, but cues and patterns in the unchanged
    text. Terminology codes, genomic positions and measurements are no identifiers.

    Args:
        text: output text.
        findings: its findings, with offsets in it.
        policy: labels it keeps (a limited data set: dates) are not counted; None applies Safe Harbor.
    """
    return round(1.0 - _cleanness(fold(blanked(text, findings)), policy), 4)


def _cleanness(left: str, policy: Policy | None) -> float:
    """Estimate in [0, 1] that a folded text, with everything decided blanked out, holds no identifier."""
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
    """Check all output of a document once.

    What the policy replaced or kept is skipped by position, not by kind. The risk is `residual_risk` over text, title
    and free-text fields, plus likely identifiers of the subject.

    Args:
        document: the de-identified document.
        policy: the policy applied.
        matcher: the subject's known identifiers; a remaining misspelt name raises the risk. PHI.
        count_added: counts findings of user-supplied recognizers in a text.
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
    """Blank out every finding and placeholder of an output text, preserving its length."""
    characters = list(text)
    for finding in findings:
        characters[finding.start : finding.end] = _BLANK * (finding.end - finding.start)
    return PLACEHOLDER.sub(_blank, "".join(characters))


def _blank(match: re.Match[str]) -> str:
    return _BLANK * len(match.group())


def _leaving(document: DeidentifiedDocument) -> Iterator[tuple[str, list[PhiFinding], bool]]:
    """Yield each output text with its findings, and whether people wrote it (not codes and numbers)."""
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
    """Return the findings of each of ``count`` same-named fields, none if the assignment is uncertain.

    A finding holds only the field name, but findings are ordered: if each value begins with one, each starts a field.
    Otherwise only placeholders are skipped, as everywhere.
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
    """Require a word after the cue that is not in the dictionary, medicine, drugs or eponyms, and is no label."""
    if left[match.end() : match.end() + 1] == ":":  # "Patient Provider Rating: 1st" names a column
        return False
    return any(not is_word(word.lower()) for word in re.findall(r"[A-Za-z]{3,}", match.group(1)))


def _is_named(left: str, match: re.Match[str]) -> bool:
    """Require more for a bare ``Name:``: in tables it also heads drugs and tests, whose last word is their kind."""
    last = re.findall(r"[A-Za-z]{3,}", match.group(1))[-1:]
    bare = match.group().lower().startswith("name")
    return _is_person(left, match) and not (bare and any(is_word(word.lower()) for word in last))


def _are_strange(_left: str, match: re.Match[str]) -> bool:
    """Require two words, none of them a dictionary or medical word, even inflected."""
    return not any(is_word(word.lower()) for word in match.groups())


def _is_calendar_date(left: str, match: re.Match[str]) -> bool:
    """Refuse doses, versions and positions: a date adjoins no other number and has a month and a day."""
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
"""Patterns and cues; every repetition is bounded, so the search is linear in the text."""
