"""The formats that are read: one declaration each, and nothing about a format anywhere else outside its own modules."""

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
    """A format: how a file of it is known, how it is cut into records, and how a record is read.

    Args:
        name: in recipes, provenance and audit events; lower-case letters and digits.
        reader: makes documents and identities of one record.
        sniff: whether a file with this head is one of the format; None where nothing but the recipe says so, and for
            JSON.
        keys: whether a JSON object with these top-level names is a record of the format; None for what is no JSON.
            JSON is cut into records as one document, one object a line, or an array.
        frame: cuts a file into records; None where the whole file is one.
        one_record: whether a file that ``frame`` cuts holds one record all the same, and is never read in parts.
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
"""In the order in which they are asked whether a file is theirs. Tables and JSON that nothing else claims are rows,
whatever is left and is text is a note."""


def with_plugins(names: Sequence[str]) -> tuple[FormatSpec, ...]:
    """Give `FORMATS` behind those that installed packages add; those are asked first whether a file is theirs.

    Raises:
        RecipeError: a plug-in is not installed, is no `FormatSpec`, or has the name of another format.
    """
    formats = FORMATS
    for name in names:
        made = load(Extension.FORMAT, name)
        if not isinstance(made, FormatSpec) or made.name in (*choices(formats), ROW):
            raise RecipeError(f"input.formats: plug-in {name!r} is no FormatSpec, or has the name of another format")
        formats = (made, *formats)
    return formats


def choices(formats: tuple[FormatSpec, ...] = FORMATS) -> tuple[str, ...]:
    """Names that a recipe may give as ``input.source.format``."""
    names = tuple(one.name for one in formats if one.name != ROW)
    return ("auto", *names, *(layout.value for layout in TABLE_LAYOUTS))
