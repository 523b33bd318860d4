"""De-identify typed fields by PHI class, with the same operators as the narrative."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from llmops.deid.policy import Operator
from llmops.deid.rewrite.codes import with_public_codes_only
from llmops.deid.rewrite.operators import Rewriter
from llmops.deid.spans import Span, resolve
from llmops.deid.vocabulary.words import is_plain
from llmops.documents import ClinicalDocument, Field, FieldPhi
from llmops.phi import OLDEST_AGE, UNITS_OF_AGE, PhiFinding, PhiLabel

RECOGNIZER = "structured"
_WORD: Final = re.compile(r"\w+")
_MEASURE: Final = re.compile(r"[<>=+-]*\d{1,4}(?:\.\d{1,4})?|.{1,3}")
"""A number or table code too short for an identifier if its context does not say what it is."""
_ISO_TIME: Final = re.compile(
    r"\d{4}(?:-\d\d(?:-\d\d(?:[T ]\d\d(?::\d\d){0,2}(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)?)?)?(?!\d)"
)
_SHORT: Final = 4
"""Shorter values occur in a narrative by chance: within a date, a name, a telephone number."""


def free_texts(document: ClinicalDocument) -> list[str]:
    """Return the texts of a document to search: narrative, title, then fields in order.

    Fields: free text, and any other whose value is not in the narrative and is more than a measure.
    """
    fields = [str(field.value) for field in document.fields if _is_searched(field, document.text)]
    return [document.text, document.title, *fields]


def rewrite_fields(
    document: ClinicalDocument, found: Sequence[Sequence[Span]], rewriter: Rewriter
) -> tuple[tuple[Field, ...], tuple[PhiFinding, ...]]:
    """Rewrite every field.

    Non-PHI fields (code displays, results) are trusted only as far as they agree with the narrative: senders write
    names and telephone numbers there too. Public codes and units are kept.

    Args:
        document: the document. PHI.
        found: the findings of its `free_texts`, in order.
        rewriter: the document's operators.

    Returns:
        The fields and the findings in them, with offsets in the new values.
    """
    in_text, _, *waiting = found
    narrative = _Narrative(document.text, in_text)
    in_fields = iter(waiting)
    made: list[Field] = []
    findings: list[PhiFinding] = []
    for field in map(with_public_codes_only, document.fields):
        if _is_searched(field, document.text):
            spans = next(in_fields)
            if field.phi is FieldPhi.NONE:
                spans = [span for span in spans if not _are_plain(str(field.value)[span.start : span.end])]
        elif isinstance(field.phi, PhiLabel):
            spans = _whole(field)
        else:
            spans = narrative.findings_in(field)
        if not spans:
            made.append(field)
            continue
        text, found_here = rewriter.rewrite(str(field.value), spans, field.name)
        phi = FieldPhi.FREE_TEXT if field.phi is FieldPhi.NONE else field.phi
        made.append(replace(field, value=text, phi=phi))
        findings.extend(found_here)
    return tuple(made), tuple(findings)


def rewrite_time(time: str, rewriter: Rewriter) -> str:
    """Rewrite the document's time: a shifted or kept date stays ISO 8601, a generalised one becomes the year, else
    empty.

    A shift moves whole days, so the time of day is kept and intervals stay exact to the second. Anything that is no
    such time, or follows one, is dropped.
    """
    iso = _ISO_TIME.match(time)
    if iso is None:
        return ""
    date, clock = iso.group()[:10], iso.group()[10:]
    replacement = rewriter.replacement(PhiLabel.DATE, date)
    if replacement.operator is Operator.KEEP:
        return date + clock
    if not replacement.text.startswith("["):
        return replacement.text + clock
    return "".join(c for c in replacement.text if c.isdigit())


class _Narrative:
    """The narrative of a document with its findings. PHI."""

    def __init__(self, text: str, finds: Sequence[Span]) -> None:
        self._text, self._finds = text, finds
        self._starts, self._ends = [span.start for span in finds], [span.end for span in finds]

    def findings_in(self, field: Field) -> tuple[Span, ...]:
        """Return the narrative's findings in occurrences of a value, with offsets in the value.

        For a short value only findings within it count: a result ``7`` is no part of the date ``3/7``. A single letter
        is a code (``F``), even if the narrative has it as an initial; a number with a unit is a measure, but one in
        years may be an age.
        """
        value = str(field.value)
        is_short = len(value) < _SHORT or _MEASURE.fullmatch(value) is not None
        is_letter = len(value) == 1 and value.isalpha()
        if (
            not _says_something(field)
            or is_letter
            or (is_short and field.unit and field.unit.lower() not in UNITS_OF_AGE)
        ):
            return ()
        told: dict[tuple[int, int], Span] = {}
        for start in _places(value, self._text):
            stop = start + len(value)
            for span in self._finds[bisect_right(self._ends, start) : bisect_left(self._starts, stop)]:
                if is_short and not start <= span.start < span.end <= stop:
                    continue
                first, last = max(span.start, start) - start, min(span.end, stop) - start
                told.setdefault((first, last), replace(span, start=first, end=last))
        return resolve(told.values(), value) if told else ()


def _is_searched(field: Field, narrative: str) -> bool:
    """Say whether to search a value, numbers included, as telephone numbers may be; unchanged without findings."""
    if not _says_something(field) or isinstance(field.phi, PhiLabel):
        return False
    if field.phi is FieldPhi.FREE_TEXT:
        return True
    value = str(field.value)
    return not (_MEASURE.fullmatch(value) or _are_plain(value) or any(_places(value, narrative)))


def _are_plain(value: str) -> bool:
    return all(word.isalpha() and is_plain(word) for word in _WORD.findall(value))


def _says_something(field: Field) -> bool:
    return not isinstance(field.value, bool) and field.value not in (None, "")


def _places(value: str, narrative: str) -> Iterator[int]:
    """Yield the occurrences of a value in the narrative as whole words."""
    start = narrative.find(value)
    while start >= 0:
        end = start + len(value)
        if not (_goes_on(narrative, start) or _goes_on(narrative, end)):
            yield start
        start = narrative.find(value, end)


def _goes_on(text: str, border: int) -> bool:
    """Say whether a word spans a border."""
    return 0 < border < len(text) and text[border - 1].isalnum() and text[border].isalnum()


def _whole(field: Field) -> tuple[Span, ...]:
    """Return a span over the whole value of an identifier field, whatever its type."""
    if not isinstance(field.phi, PhiLabel) or field.value is None or field.value == "":
        return ()
    if field.phi is PhiLabel.AGE90 and _is_age_up_to_89(str(field.value)):
        return ()
    return (Span(start=0, end=len(str(field.value)), label=field.phi, score=1.0, recognizer=RECOGNIZER),)


def _is_age_up_to_89(value: str) -> bool:
    """Say whether a value is an age up to 89, no identifier (164.514(b)(2)(i)(C)); non-numbers count as over 89."""
    whole = value.split(".", maxsplit=1)[0].strip()
    return whole.isascii() and whole.isdigit() and int(whole.lstrip("0")[:4] or 0) <= OLDEST_AGE
