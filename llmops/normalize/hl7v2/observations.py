"""Render observations (OBX) as readable lines and typed values; consecutive text lines become one paragraph."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

from llmops.documents import Field, FieldPhi
from llmops.normalize.fhir.types import GENOTYPE_LOINC
from llmops.normalize.hl7v2.fields import PHI_OF_DATATYPE
from llmops.normalize.hl7v2.modifiers import is_retracted
from llmops.normalize.hl7v2.page import Page, remarks, says
from llmops.normalize.hl7v2.segments import FieldText, Segment
from llmops.normalize.hl7v2.shapes import misplaced
from llmops.normalize.hl7v2.values import (
    code_of,
    coded_text,
    loinc_of,
    number,
    numeric_phi,
    plain_unit,
    readable,
    typed,
)
from llmops.normalize.text.units import measured_phi, spoken_unit
from llmops.phi import PhiLabel

_ATTACHED: Final = frozenset({"ED", "RP"})
# OBX-11 X: no result could be obtained; any value present is no finding.
_UNOBTAINABLE: Final = "X"
_SHORT_ANSWER: Final = 120
_LONGEST_FLAG: Final = 4
_VARIANT: Final = re.compile(
    r"(?:^|[\s(:;,])(?:[cgmnr]\.[*-]?\d{1,12}[\w*+>-]{0,8}(?:del|dup|ins|inv|con|=|[ACGTUacgu]>[ACGTUacgu])"
    r"|p\.\(?[A-Z][a-z]{2}\d{1,6}|rs\d{3,12}\b)"
)
"""A DNA, RNA or protein change in HGVS notation, or a dbSNP number."""


def observations(page: Page, segments: Sequence[Segment], title: str) -> None:
    """Add the observations and comments of one report, in order.

    Args:
        page: target. PHI.
        segments: OBX and NTE segments. PHI.
        title: the report's title, not repeated as a heading.
    """
    for (kind, label, _), group in groupby(segments, _group_key):
        together = list(group)
        if kind == "attachment":
            page.attachments += together
        elif kind == "retracted":
            page.builder.count("dropped:retracted", len(together))
        elif kind == "remark":
            remarks(page, together)
        elif kind == "genotype":
            _genotypes(page, together)
        elif kind == "narrative":
            _narrative(page, together, "" if label == title or label.isdigit() else label)
        else:
            _result(page, together[0])


def has_content(segments: Sequence[Segment]) -> bool:
    """Say whether any observation or comment adds text: attachments, genotypes and retracted ones do not."""
    return any(
        says(segment, 3 if segment.name == "NTE" else 5)
        for segment in segments
        if _group_key(segment)[0] not in {"attachment", "retracted", "genotype"}
    )


def _group_key(segment: Segment) -> tuple[str, str, int]:
    if segment.name == "NTE":
        return ("remark", "", 0)
    if is_retracted(segment):
        return ("retracted", "", 0)
    datatype = segment.get(2).upper()
    if datatype in _ATTACHED:
        return ("attachment", "", 0)
    if _is_genotype(segment):
        return ("genotype", "", 0)
    if segment.get(11).upper() == _UNOBTAINABLE:
        return ("result", "", segment.ordinal)
    if datatype in {"TX", "FT"} or (datatype in {"ST", ""} and not any(segment.get(n) for n in (6, 7, 8))):
        return ("narrative", coded_text(segment.first(3)), 0)
    return ("result", "", segment.ordinal)


def _is_genotype(segment: Segment) -> bool:
    """Say whether an observation is a genotype, by its code or as a short answer in variant notation."""
    value = segment.whole(5).text()
    return loinc_of(segment.first(3)) in GENOTYPE_LOINC or (
        len(value) <= _SHORT_ANSWER and _VARIANT.search(value) is not None
    )


def _genotypes(page: Page, segments: Sequence[Segment]) -> None:
    """Add genotypes only as typed values, under a name that `keep` drops unless a recipe names it."""
    for segment in segments:
        datatype = segment.get(2).upper() or "ST"
        values = [value for value in segment.repetitions(5) if readable(value, datatype)]
        page.fields += [replace(_field(segment, value, datatype), name="OBX-5.genotype") for value in values]
        page.builder.count("typed_only")


def _narrative(page: Page, segments: Sequence[Segment], label: str) -> None:
    """Add lines of text under their label; one short answer follows it on the same line."""
    for segment in segments:
        for value in segment.repetitions(5):
            page.misplaced("OBX-5", value, "TX")
    filled = [segment for segment in segments if says(segment, 5)]
    if not filled:
        return
    lone = len(filled) == 1 and "\n" not in filled[0].whole(5).text() and len(filled[0].repetitions(5)) == 1
    if not lone:
        page.builder.blank_line()
    if label:
        page.write(filled[0], 3, filled[0].first(3), label)
        page.builder.glue(": " if lone else ":\n")
    # An empty line between two text lines is the author's; leading and trailing ones are not.
    for segment in segments[segments.index(filled[0]) : segments.index(filled[-1]) + 1]:
        page.lines(segment, 5, "TX")
        page.builder.glue("\n")
    if lone and label and len(filled[0].whole(5).raw) <= _SHORT_ANSWER:
        page.fields.append(_field(filled[0], filled[0].first(5), "ST"))
    if not lone:
        page.builder.blank_line()


def _result(page: Page, segment: Segment) -> None:
    """Add ``Glucose: 182 mg/dl (70-105) H`` and its typed values."""
    datatype = segment.get(2).upper() or ("NM" if number(segment.get(5)) is not None else "ST")
    values = [value for value in segment.repetitions(5) if readable(value, datatype)]
    for value in segment.repetitions(5):
        page.misplaced("OBX-5", value, datatype)
    if not values:
        return
    has_result = segment.get(11).upper() != _UNOBTAINABLE
    if has_result:
        page.fields += [_field(segment, value, datatype) for value in values]
        _range_and_flag_fields(page, segment)
    if isinstance(PHI_OF_DATATYPE.get(datatype), PhiLabel) and PHI_OF_DATATYPE[datatype] is not PhiLabel.DATE:
        # An observation that is a person's name, address or number: typed, so that the policy treats it whole.
        page.builder.count("typed_only")
        return
    page.write(segment, 3, segment.first(3), coded_text(segment.first(3)) or "Result")
    page.builder.glue(": " if has_result else " (no result): ")
    for n, value in enumerate(values):
        page.builder.glue(", " if n else "")
        page.write(segment, 5, value, readable(value, datatype))
    _around(page, segment, 6, " ", _spoken_unit(segment, datatype))
    _around(page, segment, 7, " (", _reference(segment), ")")
    _around(page, segment, 8, " ", ", ".join(filter(None, (coded_text(flag) for flag in segment.repetitions(8)))))
    page.builder.newline()


def _around(page: Page, segment: Segment, field_number: int, before: str, text: str, after: str = "") -> None:
    if text:
        page.builder.glue(before)
        page.write(segment, field_number, segment.whole(field_number), text)
        page.builder.glue(after)


def _spoken_unit(segment: Segment, datatype: str) -> str:
    return spoken_unit(coded_text(segment.first(6)) if datatype in {"CWE", "CE"} else _unit(segment))


def _reference(segment: Segment) -> str:
    return "" if misplaced(segment.first(7), "ST") else segment.whole(7).text().strip()


def _unit(segment: Segment) -> str:
    return segment.get(6, 1) or segment.get(6, 2)


def _field(segment: Segment, value: FieldText, datatype: str) -> Field:
    """Return OBX-5 as a typed value, coded with what was observed."""
    base = typed("OBX-5", value, datatype)
    unit = plain_unit(_unit(segment)) if isinstance(base.value, int | float) or datatype == "SN" else ""
    phi = measured_phi(base.value, _unit(segment)) if base.phi is FieldPhi.NONE else base.phi
    return Field(name=base.name, value=base.value, phi=phi, unit=unit, code=code_of(segment.first(3)) or base.code)


def _range_and_flag_fields(page: Page, segment: Segment) -> None:
    code = code_of(segment.first(3))
    reference = _reference(segment)
    if reference:
        page.fields.append(Field(name="OBX-7", value=reference, phi=numeric_phi(reference), code=code))
    flags = ",".join(filter(None, (flag.component(1) for flag in segment.repetitions(8))))
    if flags:
        phi = FieldPhi.NONE if len(flags) <= _LONGEST_FLAG and " " not in flags else FieldPhi.FREE_TEXT
        page.fields.append(Field(name="OBX-8", value=flags, phi=phi, code=code))
