"""Minimum necessary (45 CFR 164.502(b)): drop what a purpose does not need, counted by rule."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Final, Literal

from llmops.documents import AlignSegment, ClinicalDocument, Field, Reason, Section, StageName, Withheld
from llmops.phi import PhiLabel

_EVERYTHING: Final = ("*",)
_LEFT_OUT: Final = "dropped:"
# De-identification leaves something useful of these; any other identifier becomes a mere placeholder.
_USEFUL: Final = frozenset({PhiLabel.DATE, PhiLabel.AGE90, PhiLabel.ZIP})
# Genotypes identify a person (164.514(b)(2)(i)(R)) and no bundled suite reads them.
_GENOTYPES: Final = ("*genotype*", "*Genotype*", "variant*", "*.variant*", "*hgvs*", "*zygosity*", "*molecular*")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepConfig:
    """What a purpose needs; each entry is a glob, and ``drop`` lists override everything else.

    Args:
        resource_types: allowed origins of documents: a kind (``"note"``), a format (``"hl7v2"``) or a FHIR resource
            type (``"DocumentReference"``).
        sections: names of sections; unnamed text is its own section ``"preamble"``, ``"body"`` or ``"other"``.
        fields: names of typed fields.
        drop_resource_types: documents to withhold as not necessary.
        drop_sections: sections to cut out.
        drop_fields: fields to leave out; genotypes by default.
        identifier_fields: keep typed fields that are identifiers as a whole (requester, facility, accession); dates,
            ages and ZIP codes always stay, since policies keep part of them.
    """

    use: Literal["default"] = "default"
    resource_types: tuple[str, ...] = _EVERYTHING
    sections: tuple[str, ...] = _EVERYTHING
    fields: tuple[str, ...] = _EVERYTHING
    drop_resource_types: tuple[str, ...] = ()
    drop_sections: tuple[str, ...] = ()
    drop_fields: tuple[str, ...] = _GENOTYPES
    identifier_fields: bool = False


class Keep:
    """Keep of each document what the configuration names, and drop the rest before release.

    Args:
        config: what to keep.
    """

    def __init__(self, config: KeepConfig | None = None) -> None:
        self.config = config if config is not None else KeepConfig()
        self.dropped: Counter[str] = Counter()
        """Counts of what was dropped, by rule: ``document:<kind>``, ``section:<name>``, ``field:<rule>``, and
        ``dropped:<what>`` for what the format reader omitted earlier (a resource, a segment's fields).
        """

    def process(self, batch: Sequence[ClinicalDocument]) -> Sequence[ClinicalDocument | Withheld]:
        """Reduce each document to what is kept of it, in order.

        Args:
            batch: normalised documents. PHI.
        """
        return [self._keep(document) for document in batch]

    def _keep(self, document: ClinicalDocument) -> ClinicalDocument | Withheld:
        self.dropped.update({rule: n for rule, n in document.provenance.changes if rule.startswith(_LEFT_OUT)})
        if not self._wanted(document):
            self.dropped[f"document:{document.kind}"] += 1
            return _withheld(document, Reason.NOT_NECESSARY)
        fields = tuple(field for field in document.fields if self._keeps_field(field))
        ranges = self._kept_ranges(document)
        text, sections, align = cut(document, ranges)
        if not text.strip() and not fields:
            return _withheld(document, Reason.NOT_NECESSARY)
        return replace(document, text=text, sections=sections, align=align, fields=fields)

    def _wanted(self, document: ClinicalDocument) -> bool:
        names = {document.kind.value, document.provenance.format, *_resource_type(document.provenance.path)}
        keeps = any(_matches(name, self.config.resource_types) for name in names)
        return keeps and not any(_matches(name, self.config.drop_resource_types) for name in names)

    def _keeps_field(self, field: Field) -> bool:
        """Decide on a field; counted by the rule that dropped it, never by value."""
        dropping = next((glob for glob in self.config.drop_fields if fnmatchcase(field.name, glob)), None)
        if dropping is None and isinstance(field.phi, PhiLabel) and field.phi not in _USEFUL:
            dropping = None if self.config.identifier_fields else "identifier"
        if dropping is None and _matches(field.name, self.config.fields):
            return True
        self.dropped[f"field:{dropping or 'unlisted'}"] += 1
        return False

    def _kept_ranges(self, document: ClinicalDocument) -> list[tuple[int, int]]:
        if not document.sections:
            return [(0, len(document.text))]
        kept = []
        for section in document.sections:
            if _matches(section.name, self.config.sections) and not _matches(section.name, self.config.drop_sections):
                kept.append((section.start, section.end))
            else:
                self.dropped[f"section:{section.name}"] += 1
        return kept


def cut(
    document: ClinicalDocument, ranges: Sequence[tuple[int, int]]
) -> tuple[str, tuple[Section, ...], tuple[AlignSegment, ...]]:
    """Reduce a document's text to the ranges, adjusting sections and alignment.

    Args:
        document: the document. PHI.
        ranges: ``[start, end)`` in order, not overlapping.
    """
    text: list[str] = []
    sections: list[Section] = []
    align: list[AlignSegment] = []
    at = 0
    for start, end in ranges:
        text.append(document.text[start:end])
        shift = at - start
        sections += [
            replace(section, start=section.start + shift, end=section.end + shift)
            for section in document.sections
            if start <= section.start and section.end <= end
        ]
        align += [_moved(segment, start, end, shift) for segment in document.align if _touches(segment, start, end)]
        at += end - start
    return "".join(text), tuple(sections), tuple(align)


def _touches(segment: AlignSegment, start: int, end: int) -> bool:
    return segment.start < end and segment.end > start


def _moved(segment: AlignSegment, start: int, end: int, shift: int) -> AlignSegment:
    lo, hi = max(segment.start, start), min(segment.end, end)
    whole = (lo, hi) == (segment.start, segment.end)
    one_to_one = segment.exact and segment.source_end - segment.source_start == segment.end - segment.start
    move = one_to_one and not whole
    return replace(
        segment,
        start=lo + shift,
        end=hi + shift,
        source_start=segment.source_start + (lo - segment.start) if move else segment.source_start,
        source_end=segment.source_end - (segment.end - hi) if move else segment.source_end,
        exact=segment.exact and (whole or one_to_one),
    )


def _matches(name: str, globs: Sequence[str]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)


def _resource_type(path: str) -> tuple[str, ...]:
    """Extract the FHIR resource type from a provenance path such as ``entry[2].resource:DocumentReference``."""
    _, colon, name = path.rpartition(":")
    return (name,) if colon else ()


def _withheld(document: ClinicalDocument, reason: Reason) -> Withheld:
    return Withheld(
        record_id=document.record_id, document_id=document.document_id, stage=StageName.NORMALIZE, reason=reason
    )
