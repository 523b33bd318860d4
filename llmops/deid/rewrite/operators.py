"""Apply a policy's operators to the findings of one text through Presidio's AnonymizerEngine."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any, Final

from llmops.deid.ages import is_over_89
from llmops.deid.dates import DateOrder, Moment, read_date
from llmops.deid.placeholders import placeholder
from llmops.deid.policy import Operator, Policy
from llmops.deid.rewrite.shifting import shift_surface
from llmops.deid.rewrite.surrogates import Surrogates
from llmops.deid.rewrite.towns import Towns
from llmops.deid.spans import Span
from llmops.deid.subjects import NOBODY, Subject
from llmops.deid.vocabulary import word_set
from llmops.phi import PhiFinding, PhiLabel

_AT_ONCE: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """A surface's replacement, and the operator that made it."""

    text: str = field(repr=False)
    operator: Operator


class Rewriter:
    """Replace PHI in the texts of one document, consistently in narrative and fields. Holds PHI.

    Args:
        policy: the operator for each label.
        subject: the document's subject. PHI.
        time: of the document, ISO 8601: reference for its partial dates, and for which birth years mean over 89.
        dates: all dates of the document, as written: they decide whether day or month comes first. PHI.
    """

    def __init__(self, policy: Policy, subject: Subject, time: str = "", dates: Iterable[str] = ()) -> None:
        self._policy = policy
        self._subject = subject
        self._written = (read_date(time[:10]) if time else None) or Moment()
        self._order = DateOrder.of(dates)
        self._days = _whole_weeks(subject.date_offset_days) if policy.keep_weekday else subject.date_offset_days
        self._surrogates = Surrogates(subject.seed, subject.known, subject.in_use) if subject.seed else None
        self._operations: dict[Operator, Callable[[PhiLabel, str], Replacement]] = {
            Operator.REDACT: _redact,
            Operator.KEEP: lambda _label, surface: Replacement(text=surface, operator=Operator.KEEP),
            Operator.SURROGATE: self._surrogate,
            Operator.GENERALISE: self._generalise,
        }

    def replacement(self, label: PhiLabel, surface: str, near: Moment | None = None) -> Replacement:
        """Return the replacement of a surface; a placeholder if the operator cannot be applied safely.

        Args:
            label: label of the surface.
            surface: the text found. PHI.
            near: for a partial date, another date of the text; None uses the document's time. PHI.
        """
        operator = self._policy.operators[label]
        if operator is Operator.SHIFT_DATE:
            return self._shift(label, surface, near or self._written)
        return self._operations[operator](label, surface)

    def rewrite(self, text: str, spans: Sequence[Span], field_name: str = "") -> tuple[str, tuple[PhiFinding, ...]]:
        """Replace every span.

        Args:
            text: the text. PHI.
            spans: disjoint and ordered.
            field_name: name of the typed field, for the findings; empty for the narrative.

        Returns:
            The new text and the findings with offsets in it.
        """
        if not spans:
            return text, ()
        surfaces = [text[span.start : span.end] for span in spans]
        near = self._near(spans, surfaces)
        made = [self.replacement(span.label, s, n) for span, s, n in zip(spans, surfaces, near, strict=True)]
        made = self._with_towns(made, text, spans, field_name)
        rewritten = _anonymize(text, spans, made)
        return rewritten, _findings(spans, made, field_name)

    @cached_property
    def _towns(self) -> Towns:
        return Towns(address for identity in self._subject.known for address in identity.addresses)

    def _with_towns(
        self, made: list[Replacement], text: str, spans: Sequence[Span], field_name: str
    ) -> list[Replacement]:
        """Keep towns where places are generalised: only their context shows that they are towns."""
        if self._policy.operators[PhiLabel.LOC] is not Operator.GENERALISE:
            return made
        left = iter(self._towns.left_of(text, spans, field_name))
        return [
            Replacement(text=next(left), operator=Operator.GENERALISE) if span.label is PhiLabel.LOC else one
            for span, one in zip(spans, made, strict=True)
        ]

    def _near(self, spans: Sequence[Span], surfaces: Sequence[str]) -> list[Moment]:
        """Return for each finding the last preceding date with a month, or the first of the text.

        Years carry over from date to date; the first ones use the document's.
        """
        if self._policy.operators[PhiLabel.DATE] is not Operator.SHIFT_DATE:
            return [self._written] * len(spans)
        read = [self._read(s) if span.label is PhiLabel.DATE else None for span, s in zip(spans, surfaces, strict=True)]
        dated = [self._dated(moment, self._written) for moment in read if moment is not None and moment.month]
        last = self._written if self._written.month or not dated else dated[0]
        found: list[Moment] = []
        for moment in read:
            found.append(last)
            if moment is not None and moment.month:
                last = self._dated(moment, last)
        return found

    def _read(self, surface: str) -> Moment | None:
        return read_date(surface, day_first=self._order.is_day_first(surface))

    @staticmethod
    def _dated(moment: Moment, last: Moment) -> Moment:
        return Moment(year=moment.year or last.year, month=moment.month, day=moment.day)

    def _surrogate(self, label: PhiLabel, surface: str) -> Replacement:
        stand_in = self._surrogates.stand_in(label, surface) if self._surrogates else ""
        return Replacement(text=stand_in, operator=Operator.SURROGATE) if stand_in else _redact(label, surface)

    def _generalise(self, label: PhiLabel, surface: str) -> Replacement:
        if label is PhiLabel.AGE90:
            return Replacement(text=placeholder(label, "90+"), operator=Operator.GENERALISE)
        if label is PhiLabel.LOC:
            return _redact(label, surface)  # without context, nothing shows that it is a town
        if label is PhiLabel.ZIP:
            prefix = safe_zip3(surface, self._policy.restricted_zip3)
            return Replacement(text=placeholder(label, prefix), operator=Operator.GENERALISE)
        year = self._year(surface)
        if year is None or is_over_89(year, self._written.year):
            return _redact(label, surface)
        return Replacement(text=placeholder(label, f"{year:04d}"), operator=Operator.GENERALISE)

    def _year(self, surface: str) -> int | None:
        moment = read_date(surface, self._written.year)
        return moment.year if moment is not None else None

    def _shift(self, label: PhiLabel, surface: str, near: Moment) -> Replacement:
        """Shift at the date's own precision; redact what is not in the calendar (``Ramadan``).

        Also redact what reveals an age over 89 beside the other dates, if the policy does not keep such ages.
        """
        if self._policy.operators[PhiLabel.AGE90] is not Operator.KEEP and self._tells_an_age(surface):
            return _redact(label, surface)
        day_first = self._order.is_day_first(surface)
        shifted = shift_surface(surface, self._days, near, day_first=day_first) if self._days is not None else None
        return Replacement(text=shifted, operator=Operator.SHIFT_DATE) if shifted else _redact(label, surface)

    def _tells_an_age(self, surface: str) -> bool:
        year = self._year(surface)
        return year is not None and is_over_89(year, self._written.year)


def dates_of(found: Iterable[tuple[str, Sequence[Span]]]) -> list[str]:
    """Return every date found in the texts of a document, as written. PHI."""
    return [text[span.start : span.end] for text, spans in found for span in spans if span.label is PhiLabel.DATE]


def _whole_weeks(days: int | None) -> int | None:
    """Round an offset to whole weeks, never to zero, to preserve weekdays."""
    if days is None:
        return None
    weeks = round(days / 7) or (1 if days > 0 else -1)
    return weeks * 7


def _redact(label: PhiLabel, _surface: str) -> Replacement:
    return Replacement(text=placeholder(label), operator=Operator.REDACT)


def _findings(spans: Sequence[Span], made: Sequence[Replacement], field_name: str) -> tuple[PhiFinding, ...]:
    found = []
    shift = 0
    for span, replacement in zip(spans, made, strict=True):
        start = span.start + shift
        found.append(
            PhiFinding(
                start=start,
                end=start + len(replacement.text),
                label=span.label,
                operator=str(replacement.operator),
                field=field_name,
            )
        )
        shift += len(replacement.text) - (span.end - span.start)
    return tuple(found)


def _anonymize(text: str, spans: Sequence[Span], made: Sequence[Replacement]) -> str:
    """Run Presidio's engine over chunks of spans: it copies its whole text at each replacement."""
    borders = [0, *(spans[last].end for last in range(_AT_ONCE - 1, len(spans) - 1, _AT_ONCE)), len(text)]
    return "".join(
        _anonymize_stretch(text[start:end], start, spans[first : first + _AT_ONCE], made[first : first + _AT_ONCE])
        for first, (start, end) in zip(range(0, len(spans), _AT_ONCE), pairwise(borders), strict=True)
    )


def _anonymize_stretch(text: str, before: int, spans: Sequence[Span], made: Sequence[Replacement]) -> str:
    """Use one entity type per span, so that the engine never merges or drops neighbours."""
    engine, result_type, config_type = _presidio_anonymizer()
    names = [f"{span.label}-{number}" for number, span in enumerate(spans)]
    results = [
        result_type(entity_type=name, start=span.start - before, end=span.end - before, score=span.score)
        for name, span in zip(names, spans, strict=True)
    ]
    operators = {
        name: config_type("replace", {"new_value": replacement.text})
        for name, replacement in zip(names, made, strict=True)
    }
    done = engine.anonymize(text, results, operators, merge_entities_with_spaces=False)
    return str(done.text)


@lru_cache(maxsize=1)
def _presidio_anonymizer() -> tuple[Any, Any, Any]:
    from presidio_anonymizer import AnonymizerEngine  # noqa: PLC0415 - loads on first use
    from presidio_anonymizer.entities import OperatorConfig, RecognizerResult  # noqa: PLC0415

    engine: Any = AnonymizerEngine  # Presidio's constructor is untyped
    return engine(), RecognizerResult, OperatorConfig


def presidio_operators(policy: Policy) -> dict[str, Any]:
    """Return an `OperatorConfig` per label, for a text without a subject."""
    _, _, config_type = _presidio_anonymizer()
    rewriter = Rewriter(policy, NOBODY)

    def operator(label: PhiLabel) -> Callable[[str], str]:
        return lambda surface: rewriter.replacement(label, surface).text

    return {str(label): config_type("custom", {"lambda": operator(label)}) for label in PhiLabel}


_UNASSIGNED: Final = word_set("unassigned")
"""Prefixes that no census table knows: never assigned, or military mail."""

_FIVE_DIGITS: Final = re.compile(r"(?<!\d)(\d{3})\s?\d{2}(?:\s?-?\s?\d{4})?(?!\d)")


def safe_zip3(surface: str, restricted: frozenset[str]) -> str:
    """Return the first three digits, or ``"000"`` if they are restricted or in no census table.

    164.514(b)(2)(i)(B): the initial three digits may be kept only if all ZIP codes sharing them together hold more than
    20,000 people.

    Args:
        surface: a ZIP or ZIP+4 code as written. PHI.
        restricted: prefixes of areas with fewer people.
    """
    match = _FIVE_DIGITS.search(surface)
    if match is None:
        return "000"
    prefix = match.group(1)
    return "000" if prefix in restricted or prefix in _UNASSIGNED else prefix
