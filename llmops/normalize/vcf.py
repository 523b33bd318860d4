"""VCF files: one document a sample that says what was measured and how; genotypes are never read (164.514(b)(2)(i)(R))."""

from typing import Final

from llmops.documents import (
    ClinicalDocument,
    Field,
    FieldPhi,
    Format,
    Identity,
    Kind,
    PersonName,
    Provenance,
    Reason,
    SourceRecord,
    SubjectIdentifier,
)
from llmops.normalize.builder import TextBuilder
from llmops.normalize.config import NormalizeConfig
from llmops.normalize.dates import iso_date
from llmops.normalize.errors import Refused
from llmops.normalize.sections import find_sections
from llmops.normalize.vcf_header import Header, MetaLine, read_header
from llmops.phi import PhiLabel

_ASSIGNER: Final = "vcf"
_MOST_SAMPLES: Final = 100
_DEFINITIONS: Final = (("FILTER", "Filters"), ("INFO", "Annotations"), ("FORMAT", "Per-sample values"), ("ALT", "Alleles"))
_DATES: Final = frozenset({"filedate", "date"})
# Lines about the sequence and the format, which name no person; every other unstructured line is a path, a command, ...
_PUBLIC: Final = frozenset({"fileformat", "phasing", "contig", "INFO", "FORMAT", "FILTER", "ALT", "SAMPLE", "PEDIGREE", "META"})
_SAMPLE_TEXT: Final = frozenset({"Description", "Disease", "Tissue", "Assay", "Ethnicity", "Genomes", "Mixture"})


def documents(record: SourceRecord, config: NormalizeConfig) -> tuple[ClinicalDocument, ...]:
    """Make one document a sample, up to 100 samples; beyond that, or without samples, one for the file.

    Args:
        record: the file, decompressed. PHI.
        config: whether a file without a sample is refused.

    Raises:
        Refused: there is no readable header, or no sample where a subject is required.
    """
    header = read_header(record)
    samples = [name for name, _, _ in header.samples]
    if config.require_subject and not samples:
        raise Refused(Reason.NO_SUBJECT)
    if not samples:
        return (_document(record, header, 0, None),)
    if len(samples) > _MOST_SAMPLES:
        return (_document(record, header, 0, None, everyone=tuple(samples)),)
    return tuple(_document(record, header, n, n) for n in range(len(samples)))


def identities(record: SourceRecord, config: NormalizeConfig) -> tuple[Identity, ...]:  # noqa: ARG001  every format's signature
    """Say which samples a file names; a sample's name is often the patient's number, sometimes the name.

    Args:
        record: the file. PHI.
        config: not used: nothing about samples is configurable.

    Raises:
        Refused: there is no readable header.
    """
    names = dict.fromkeys(name for name, _, _ in read_header(record).samples)
    return tuple(
        Identity(
            subject=(_subject(name),),
            names=(PersonName(text=name.replace("_", " ")),) if not any(c.isdigit() for c in name) else (),
        )
        for name in names
    )


def _subject(sample: str) -> SubjectIdentifier:
    return SubjectIdentifier(value=sample, assigner=_ASSIGNER, label=PhiLabel.OTHERID)


def _document(
    record: SourceRecord, header: Header, number: int, sample: int | None, everyone: tuple[str, ...] = ()
) -> ClinicalDocument:
    builder = TextBuilder("utf-8")
    fields = [*_file_fields(header)]
    subject = tuple(_subject(name) for name in everyone)
    path = "header"
    builder.glue("Genomic variant file (VCF)\n")
    if sample is not None:
        name, start, end = header.samples[sample]
        subject = (_subject(name),)
        path = f"#CHROM[{sample + 10}]"
        builder.glue("Sample: ")
        builder.add(name, path=path, source_start=start, source_end=end, exact=True)
        builder.newline()
        fields.append(Field(name="sample", value=name, phi=PhiLabel.OTHERID))
        _write_sample(builder, fields, header, name)
    _write_facts(builder, header)
    _write_definitions(builder, header)
    text, align = builder.build()
    return ClinicalDocument(
        document_id=f"{record.record_id}.{number}",
        record_id=record.record_id,
        subject=subject,
        kind=Kind.GENOMIC,
        title="Genomic variant file (VCF)",
        text=text,
        sections=find_sections(text),
        fields=tuple(fields),
        time=_file_date(header),
        align=align,
        provenance=Provenance(format=Format.VCF, path=path, changes=builder.changes),
    )
