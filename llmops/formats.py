"""Registry of input formats: one declaration each; format-specific code is only in the format's own modules."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from llmops.errors import RecipeError
from llmops.normalize import FormatReader
from llmops.normalize.ccda import reader as ccda
from llmops.normalize.fhir import reader as fhir
from llmops.normalize.genomics import phenopackets, vcf
from llmops.normalize.hl7v2 import reader as hl7v2
from llmops.normalize.notes import reader as notes
from llmops.normalize.tables import reader as tables
from llmops.plugins import Extension, load
from llmops.sources import ROW, TABLE_LAYOUTS, TEXT, Framer, Head, hl7, jsons, xmls
from llmops.sources import vcf as vcf_files


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatSpec:
    """An input format: recognise a file, split it into records, read a record.

    Args:
        name: used in recipes, provenance and audit events; lower-case letters and digits.
        reader: converts one record to documents and identities.
        sniff: whether a file with this head has the format; None for JSON, and where only the recipe can name the
            format.
        keys: whether a JSON object with these top-level names is a record of the format; None for non-JSON formats.
            JSON is split into records as one document, one object per line, or an array.
        frame: splits a file into records; None where the whole file is one.
        one_record: whether a file split by ``frame`` still holds one record, and is never read in parts.
    """

    name: str
    reader: FormatReader
    sniff: Callable[[Head], bool] | None = None
    keys: Callable[[frozenset[str]], bool] | None = None
    frame: Framer | None = None
    one_record: bool = False


FORMATS: Final[tuple[FormatSpec, ...]] = (
    FormatSpec(name="vcf", reader=vcf, sniff=vcf_files.is_vcf, frame=vcf_files.record, one_record=True),
    FormatSpec(name="hl7v2", reader=hl7v2, sniff=hl7.is_hl7, frame=hl7.messages),
    FormatSpec(name="ccda", reader=ccda, sniff=xmls.is_ccda),
    FormatSpec(name="fhir", reader=fhir, keys=jsons.is_fhir),
    FormatSpec(name="phenopacket", reader=phenopackets, keys=jsons.is_phenopacket),
    FormatSpec(name=ROW, reader=tables),
    FormatSpec(name=TEXT, reader=notes),
)
"""In detection order. Tables and JSON that no other format claims are rows, and any remaining text is a note."""


def with_plugins(names: Sequence[str]) -> tuple[FormatSpec, ...]:
    """Return `FORMATS` preceded by those of installed packages, which are tried first on a file.

    Raises:
        RecipeError: a plug-in is not installed, is no `FormatSpec`, or reuses the name of another format.
    """
    formats = FORMATS
    for name in names:
        made = load(Extension.FORMAT, name)
        if not isinstance(made, FormatSpec) or made.name in (*choices(formats), ROW):
            raise RecipeError(f"input.formats: plug-in {name!r} is no FormatSpec, or has the name of another format")
        formats = (made, *formats)
    return formats


def choices(formats: tuple[FormatSpec, ...] = FORMATS) -> tuple[str, ...]:
    """Valid values of ``input.source.format`` in a recipe."""
    names = tuple(one.name for one in formats if one.name != ROW)
    return ("auto", *names, *(layout.value for layout in TABLE_LAYOUTS))
