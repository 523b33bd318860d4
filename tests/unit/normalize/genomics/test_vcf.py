"""VCF files: what of the header becomes text, what is an identifier, and that genotypes never appear."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmops.documents import Kind, Locator, Reason, SourceRecord
from llmops.identities import PersonName
from llmops.normalize.config import NormalizeConfig
from llmops.normalize.errors import Refused
from llmops.normalize.genomics.vcf import documents, identities
from llmops.normalize.genomics.vcf_header import read_header
from llmops.phi import PhiLabel

CONFIG = NormalizeConfig()
HEADER = """##fileformat=VCFv4.2
##fileDate=20240102
##reference=file:///home/tquill/GRCh38/ref.fa
##commandline="call --out /data/Tamsin_Quill.vcf"
##a line without a key
##contig=<ID=1,length=248956422,assembly=GRCh38>
##FILTER=<ID=q10,Description="Quality below 10">
##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth, \\"raw\\"">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##SAMPLE=<ID=S1,Description="Blood of the proband",Disease="Asthma">
##PEDIGREE=<ID=S1,Father=F1,Mother=M1>
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\tTamsin_Quill
1\t1000\trs5\tA\tG\t50\tPASS\tDP=3\tGT\t0/1\t1/1
1\t2000\t.\tC\tT\t50\tPASS\tDP=9\tGT\t0/0\t0/1
"""


def vcf_record(text: str | bytes) -> SourceRecord:
    payload = text.encode() if isinstance(text, str) else text
    return SourceRecord(record_id="r1", format="vcf", payload=payload, locator=Locator(container="x"))


def test_each_sample_has_a_document_of_header_facts() -> None:
    """What was measured and how, in words; the sample is the subject, and its name is a field alone."""
    first, second = documents(vcf_record(HEADER), CONFIG)
    assert first.text == (
        "Genomic variant file (VCF)\nSample 1 of 2\nDescription: Blood of the proband\nDisease: Asthma\n"
        "Format: VCFv4.2\n"
        "Reference assembly: GRCh38\nContigs: 1\nSamples in the file: 2\nVariant records: 2\n"
        'Filters: q10 (Quality below 10)\nAnnotations: DP (Depth, "raw")\nPer-sample values: GT (Genotype)'
    )
    assert (first.kind, first.time) == (Kind.GENOMIC, "2024-01-02")
    assert [(i.value, i.assigner, i.label) for i in first.subject] == [("S1", "vcf:r1", PhiLabel.OTHERID)]
    assert "Quill" not in second.text
    assert ("sample", "Tamsin_Quill", PhiLabel.OTHERID) in [(f.name, f.value, f.phi) for f in second.fields]


def test_paths_commands_dates_and_relatives_are_labelled_and_kept_out_of_the_text() -> None:
    """Free header lines hold user names, file names and samples."""
    first, _ = documents(vcf_record(HEADER), CONFIG)
    labelled = {(field.name, field.value): field.phi for field in first.fields}
    assert labelled["fileDate", "2024-01-02"] is PhiLabel.DATE
    assert labelled["header.line", "file:///home/tquill/GRCh38/ref.fa"] is PhiLabel.OTHERID
    assert labelled["header.line", '"call --out /data/Tamsin_Quill.vcf"'] is PhiLabel.OTHERID
    assert labelled["header.line", "a line without a key"] is PhiLabel.OTHERID
    assert labelled["PEDIGREE", "F1"] is PhiLabel.OTHERID
    for secret in ("tquill", "Quill", "F1", "2024"):
        assert secret not in first.text


def test_genotypes_and_positions_are_never_read() -> None:
    """164.514(b)(2)(i)(R): a genotype can identify a person."""
    for document in documents(vcf_record(HEADER), CONFIG):
        everything = document.text + repr([field.value for field in document.fields])
        for genotype in ("0/1", "1/1", "1000", "rs5"):
            assert genotype not in everything


def test_a_sample_named_after_a_person_makes_that_name_known() -> None:
    """Names in other notes of the same subject are then found."""
    first, second = identities(vcf_record(HEADER), CONFIG)
    assert first.names == ()
    assert second.names == (PersonName(text="Tamsin Quill"),)
    (tumor,) = identities(vcf_record(HEADER.replace("S1\tTamsin_Quill", "TUMOR")), CONFIG)
    assert tumor.names == ()


def test_a_file_of_nobody_or_of_a_cohort_needs_no_subject() -> None:
    """It is refused where a subject is required, and else one document."""
    nobody = HEADER.replace("\tFORMAT\tS1\tTamsin_Quill", "")
    cohort = HEADER.replace("Tamsin_Quill", "\t".join(f"C{n}" for n in range(150)))
    for text in (nobody, cohort):
        with pytest.raises(Refused) as refused:
            documents(vcf_record(text), CONFIG)
        assert refused.value.reason is Reason.NO_SUBJECT
        (document,) = documents(vcf_record(text), NormalizeConfig(require_subject=False))
        assert document.subject == ()


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", Reason.EMPTY),
        (b"hello\n", Reason.MALFORMED),
        (b"##fileformat=VCFv4.2\nchr1\t5\n", Reason.MALFORMED),
        (b"##fileformat=VCFv4.2\n##contig=<ID=1>\n", Reason.TRUNCATED),
    ],
)
def test_what_has_no_header_is_refused(payload: bytes, reason: Reason) -> None:
    """A file that ends before its samples cannot be assigned."""
    with pytest.raises(Refused) as refused:
        documents(vcf_record(payload), CONFIG)
    assert refused.value.reason is reason


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["", "end"])
def test_records_are_counted_whatever_the_line_end(line_end: str, last: str) -> None:
    """The last line may lack its end."""
    text = HEADER.rstrip("\n") + ("\n" if last else "")
    assert read_header(vcf_record(text.replace("\n", line_end))).records == 2


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=300))
def test_no_bytes_break_the_header_reader(tail: bytes) -> None:
    """Input is hostile; the only exception is a refusal."""
    for start in (b"##fileformat=VCFv4.2\n", b"##fileformat=VCFv4.2\n#CHROM", b"##fileformat=VCFv4.2\n##INFO=<"):
        try:
            documents(vcf_record(start + tail), CONFIG)
        except Refused:
            continue


@pytest.mark.skipif("LLMOPS_CORPORA" not in os.environ, reason="LLMOPS_CORPORA is not set")
def test_every_vcf_of_the_specification_is_accepted() -> None:
    """hts-specs keeps files that every reader must take."""
    config = NormalizeConfig(require_subject=False)
    paths = sorted(Path(os.environ["LLMOPS_CORPORA"], "genomics", "hts_specs").rglob("*.vcf"))
    assert paths
    for path in paths:
        assert documents(vcf_record(path.read_bytes()), config)
