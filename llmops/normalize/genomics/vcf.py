"""Read VCF files: one document per sample stating what was measured; never genotypes (164.514(b)(2)(i)(R))."""

import re
from collections.abc import Iterator
from typing import Final

from llmops.documents import ClinicalDocument, Field, FieldPhi, Kind, Provenance, Reason, SourceRecord
from llmops.identities import Identity, PersonName, SubjectIdentifier
from llmops.normalize.config import NormalizeConfig
from llmops.normalize.errors import Refused
from llmops.normalize.genomics.samples import is_personal, name_words, sample_identifier
from llmops.normalize.genomics.vcf_header import Header, MetaLine, read_header
from llmops.normalize.text.builder import TextBuilder
from llmops.normalize.text.dates import iso_date
from llmops.normalize.text.sections import find_sections
from llmops.phi import PhiLabel

_MOST_SAMPLES: Final = 100
_MOST_DEFINITIONS: Final = 60
_DEFINITIONS: Final = (
    ("FILTER", "Filters"),
    ("INFO", "Annotations"),
    ("FORMAT", "Per-sample values"),
    ("ALT", "Alleles"),
)
# Lines parsed separately. Any other line may be a path, command or name, so its whole value is an identifier.
_READ: Final = frozenset({"fileformat", "contig", "SAMPLE", "PEDIGREE", "META", *(key for key, _ in _DEFINITIONS)})
_DATES: Final = frozenset({"filedate", "date"})
_SAMPLE_TEXT: Final = ("Description", "Disease", "Tissue", "Assay")
_VERSION: Final = re.compile(r"VCFv\d\.\d")
_ASSEMBLY: Final = re.compile(
    r"GRCh3[678]|NCBI3[56]|hg1[789]|hg38|CHM13|(?<![A-Za-z0-9])[bB]3[67](?!\d)", re.IGNORECASE
)


def documents(record: SourceRecord, config: NormalizeConfig) -> tuple[ClinicalDocument, ...]:
    """Make one document per sample; a file of no samples or over 100 (a cohort) has no subject and gets one.

    Args:
        record: the file, decompressed. PHI.
        config: whether a file without a sample is refused.

    Raises:
        Refused: no readable header, or no subject but one required.
    """
    header = read_header(record)
    samples = header.samples
    if not 1 <= len(samples) <= _MOST_SAMPLES:
        if config.require_subject:
            raise Refused(Reason.NO_SUBJECT)
        return (_document(record, header, None),)
    return tuple(_document(record, header, n) for n in range(len(samples)))


def identities(record: SourceRecord, config: NormalizeConfig) -> tuple[Identity, ...]:  # noqa: ARG001  every format's signature
    """Return the samples a file names; a sample's name is often the patient's number, sometimes the name.

    Args:
        record: the file. PHI.
        config: not used: nothing about samples is configurable.

    Raises:
        Refused: no readable header.
    """
    names = dict.fromkeys(name for name, _, _ in read_header(record).samples)
    return tuple(
        Identity(
            subject=(sample_identifier(name, record.record_id),),
            names=(PersonName(text=" ".join(name_words(name))),) if is_personal(name) else (),
        )
        for name in names
    )


def _document(record: SourceRecord, header: Header, sample: int | None) -> ClinicalDocument:
    """Return the document of one sample, or of the file if ``sample`` is None."""
    builder = TextBuilder("utf-8")
    fields = [*_file_fields(header)]
    subject: tuple[SubjectIdentifier, ...] = ()
    path = "header"
    builder.glue("Genomic variant file (VCF)\n")
    if sample is not None:
        name, _, _ = header.samples[sample]
        subject = (sample_identifier(name, record.record_id),)
        path = f"#CHROM[{sample + 10}]"
        builder.glue(f"Sample {sample + 1} of {len(header.samples)}\n")  # its name is an identifier: a field, not text
        fields.append(Field(name="sample", value=name, phi=PhiLabel.OTHERID))
        fields += _write_sample(builder, header, name)
    _write_facts(builder, header)
    _write_definitions(builder, header)
    text, align = builder.build()
    return ClinicalDocument(
        document_id=f"{record.record_id}.{sample or 0}",
        record_id=record.record_id,
        subject=subject,
        kind=Kind.GENOMIC,
        title="Genomic variant file (VCF)",
        text=text,
        sections=find_sections(text),
        fields=tuple(fields),
        time=_file_date(header),
        align=align,
        provenance=Provenance(format=record.format, path=path, changes=builder.changes),
    )


def _write_sample(builder: TextBuilder, header: Header, name: str) -> Iterator[Field]:
    """Add the ``##SAMPLE`` content of a sample; returns typed values, including relatives of ``##PEDIGREE``."""
    for line in header.named("SAMPLE"):
        attributes = line.attributes()
        if attributes.get("ID") != name:
            continue
        for key in _SAMPLE_TEXT:
            if attributes.get(key):
                _glued(builder, f"{key}: ", attributes[key], line)
                builder.newline()
                yield Field(name=f"SAMPLE.{key}", value=attributes[key], phi=FieldPhi.FREE_TEXT)
    for line in header.named("PEDIGREE"):
        attributes = line.attributes()
        if name in {attributes.get("ID"), attributes.get("Child"), attributes.get("Derived")}:
            others = [value for value in attributes.values() if value != name]
            yield from (Field(name="PEDIGREE", value=value, phi=PhiLabel.OTHERID) for value in others)


def _write_facts(builder: TextBuilder, header: Header) -> None:
    """Add the facts about the file in fixed words: paths and commands stay out of the text."""
    version, assembly = _version(header), _assembly(header)
    facts = (
        f"Format: {version}" if version else "",
        f"Reference assembly: {assembly}" if assembly else "",
        f"Contigs: {len(header.named('contig'))}" if header.named("contig") else "",
        f"Samples in the file: {len(header.samples)}",
        f"Variant records: {header.records}",
    )
    builder.glue("\n".join(fact for fact in facts if fact) + "\n")


def _write_definitions(builder: TextBuilder, header: Header) -> None:
    """Add what was measured: defined filters, annotations, per-sample values and alleles, one line per kind."""
    for key, label in _DEFINITIONS:
        lines = [line for line in header.named(key) if line.attributes().get("ID")][:_MOST_DEFINITIONS]
        for n, line in enumerate(lines):
            attributes = line.attributes()
            about = attributes.get("Description", "").rstrip(".")
            described = f"{attributes['ID']} ({about})" if about else attributes["ID"]
            _glued(builder, "; " if n else f"{label}: ", described, line)
        builder.newline()


def _glued(builder: TextBuilder, before: str, text: str, line: MetaLine) -> None:
    builder.glue(before)
    builder.add(text, path=f"##{line.key}[{line.ordinal}]", source_start=line.start, source_end=line.end)


def _file_fields(header: Header) -> Iterator[Field]:
    version = _version(header)
    if version:
        yield Field(name="fileformat", value=version)
    if _assembly(header):
        yield Field(name="assembly", value=_assembly(header))
    yield Field(name="contigs", value=len(header.named("contig")))
    yield Field(name="records", value=header.records)
    for line in header.lines:
        if line.key.lower() in _DATES:
            yield Field(name="fileDate", value=iso_date(line.value) or line.value, phi=PhiLabel.DATE)
        elif line.key not in _READ and line.value:
            yield Field(name="header.line", value=line.value, phi=PhiLabel.OTHERID)


def _version(header: Header) -> str:
    line = header.first("fileformat")
    return line.value if line is not None and _VERSION.fullmatch(line.value) else ""


def _assembly(header: Header) -> str:
    """Return the reference assembly if a line about it contains a known name; never the path itself."""
    lines = (*header.named("reference"), *header.named("assembly"), *header.named("contig")[:1])
    return next((match.group() for line in lines if (match := _ASSEMBLY.search(line.value))), "")


def _file_date(header: Header) -> str:
    dates = (iso_date(line.value) for line in header.lines if line.key.lower() in _DATES)
    return next(filter(None, dates), "")
