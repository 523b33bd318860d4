"""De-identifies typed fields by their PHI class, with the same operators as the narrative."""

from collections.abc import Sequence
from dataclasses import replace

from llmops.deid.operators import Rewriter
from llmops.deid.policy import Operator
from llmops.deid.spans import Span
from llmops.documents import ClinicalDocument, Field, FieldPhi
from llmops.phi import PhiFinding, PhiLabel

RECOGNIZER = "structured"


def free_texts(document: ClinicalDocument) -> list[str]:
    """Give the texts of a document that have to be searched: narrative, title, then free-text fields in order."""
    fields = [str(field.value) for field in document.fields if _is_searched(field)]
    return [document.text, document.title, *fields]


def rewrite_fields(
    fields: Sequence[Field], found: Sequence[Sequence[Span]], rewriter: Rewriter
) -> tuple[tuple[Field, ...], tuple[PhiFinding, ...]]:
    """Rewrite every field.

    Args:
        fields: the document's fields. PHI.
        found: the finds of the free-text fields, in order of those fields.
        rewriter: the document's operators.

    Returns:
        The fields and the findings in them, with offsets in the new values.
    """
    waiting = iter(found)
    made: list[Field] = []
    findings: list[PhiFinding] = []
    for field in fields:
        spans: Sequence[Span] = next(waiting) if _is_searched(field) else _whole(field)
        if not spans:
            made.append(field)
            continue
        text, found_here = rewriter.rewrite(str(field.value), spans, field.name)
        made.append(replace(field, value=text))
        findings.extend(found_here)
    return tuple(made), tuple(findings)


def rewrite_time(time: str, rewriter: Rewriter) -> str:
    """Rewrite the document's time: a shifted or kept date stays ISO 8601, a generalised one is the year, else empty.

    A shift moves whole days, so the time of day stays and intervals are kept to the second.
    """
    if not time:
        return ""
    replacement = rewriter.replacement(PhiLabel.DATE, time[:10])
    if replacement.operator is Operator.KEEP:
        return time
    if not replacement.text.startswith("["):
        return replacement.text + time[10:]
    return "".join(c for c in replacement.text if c.isdigit())


def _is_searched(field: Field) -> bool:
    """Search numbers too: a column of telephone numbers may hold integers. Where nothing is found they stay so."""
    return field.phi is FieldPhi.FREE_TEXT and not isinstance(field.value, bool) and field.value not in (None, "")


def _whole(field: Field) -> tuple[Span, ...]:
    """Cover the whole value of a field that is an identifier, whatever its type."""
    if not isinstance(field.phi, PhiLabel) or field.value is None or field.value == "":
        return ()
    if field.phi is PhiLabel.AGE90 and _is_age_up_to_89(str(field.value)):
        return ()
    return (Span(start=0, end=len(str(field.value)), label=field.phi, score=1.0, recognizer=RECOGNIZER),)


def _is_age_up_to_89(value: str) -> bool:
    """Ages up to 89 are no identifier (164.514(b)(2)(i)(C)); what is no plain number is taken for one."""
    whole = value.split(".", maxsplit=1)[0].strip()
    return whole.isascii() and whole.isdigit() and int(whole.lstrip("0")[:4] or 0) <= 89
