"""Any bytes at all: every record answered, no exception."""

import gzip
import io
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmops.documents import SourceRecord
from llmops.formats import FORMATS, choices
from llmops.sources import FilesConfig, ShardSize, UnitSource, plan_units

STARTS = [
    b"",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\x1f\x8b\x08",
    b"PK\x03\x04",
    b"PAR1",
    b"MSH|^~\\&|",
    b"FHS|^~\\&|\rBTS|",
    b'{"resourceType": "',
    b'{"a": 1}\n{"',
    b"[{",
    b"[" * 3000,
    b'{"a":' * 3000,
    b"<?xml version='1.0'?><ClinicalDocument",
    b"<!--",
    b"##fileformat=VCF",
    b'id,text\n1,"',
    b"a\tb\tc\n1\t2\t3\n",
]
CHOICES = choices()
SOUP = st.lists(st.sampled_from([b"\n", b"\r", b'"', b",", b"{", b"}", b"|", b"MSH|", b"\x00", b"\x0b", b"a", b"\xe9"]))


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    start=st.sampled_from(STARTS),
    body=st.binary(max_size=200) | SOUP.map(b"".join),
    format_=st.sampled_from(CHOICES),
    wrap=st.sampled_from(["", "gzip", "zip"]),
    name=st.sampled_from(["a", "a.csv", "a.jsonl", "a.txt"]),
)
def test_any_bytes_are_answered(tmp_path, start, body, format_, wrap, name):
    """At least one answer; other records, other ids; every payload within its cap and decodable as it says."""
    data = start + body
    if wrap == "gzip":
        data = gzip.compress(data)
    elif wrap == "zip":
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr(name, data)
        data = out.getvalue()
    path = tmp_path / name
    path.write_bytes(data)
    config = FilesConfig(format=format_, max_record_bytes=4096)
    units = plan_units([path], config, ShardSize(bytes=64), formats=FORMATS)
    answers = [a for unit in units for a in UnitSource(unit, config, b"k", FORMATS).records()]
    assert answers
    records = [a for a in answers if isinstance(a, SourceRecord)]
    assert len({a.record_id for a in records}) == len({(a.format, a.payload) for a in records})
    for answer in answers:
        if isinstance(answer, SourceRecord):
            assert len(answer.payload) <= 4096 + 64
            answer.payload.decode(answer.encoding)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(min_value=0, max_value=10**6), value=st.integers(min_value=0, max_value=255))
def test_any_byte_of_an_archive_may_be_wrong(tmp_path, position, value):
    """A changed byte gives other answers, never an exception or a silence."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", b"Seen in clinic today.\n" * 3)
        archive.writestr("b.jsonl.gz", gzip.compress(b'{"id": "1"}\n{"id": "2"}\n'))
    data = bytearray(out.getvalue())
    data[position % len(data)] = value
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    (unit,) = plan_units([path], FilesConfig(), formats=FORMATS)
    assert list(UnitSource(unit, FilesConfig(), b"k", FORMATS).records())


@pytest.mark.parametrize("cut", range(0, 700, 37))
def test_any_cut_of_a_parquet_file_is_answered(tmp_path, cut):
    """A file cut off or damaged anywhere is withheld, not raised."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "a"
    pq.write_table(pa.table({"id": ["a", "b"], "text": ["x" * 50, "y" * 50]}), path)
    data = path.read_bytes()
    for damaged in (data[:cut], data[:cut] + b"\xff" * 8 + data[cut + 8 :]):
        path.write_bytes(damaged)
        (unit,) = plan_units([path], FilesConfig(), formats=FORMATS)
        assert list(UnitSource(unit, FilesConfig(), b"k", FORMATS).records())


def test_a_large_vcf_is_framed_as_its_header(tmp_path):
    """Header and samples of a whole genome are read; its variant lines are not."""
    path = tmp_path / "wgs.vcf"
    header = b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\n"
    path.write_bytes(header + b"1\t5\t.\tA\tG\t.\tPASS\t.\tGT\t0/1\n" * 5000)
    config = FilesConfig(max_record_bytes=4096)
    (unit,) = plan_units([path], config, formats=FORMATS)
    (record,) = UnitSource(unit, config, b"k", FORMATS).records()
    assert record.payload == header
    assert record.locator.end == len(header)


def test_a_document_over_the_cap_is_too_large(read_bytes, outcome):
    """Whole documents are judged by the same cap as rows."""
    assert outcome(read_bytes(b'{"resourceType": "Bundle", "a": "' + b"x" * 5000 + b'"}', max_record_bytes=999)) == [
        "too_large"
    ]
    assert outcome(read_bytes(b"prose without end. " * 300, max_record_bytes=999)) == ["too_large"]


def test_an_element_nested_too_deep_costs_itself_only(read_bytes, outcome):
    """What can be read and not be written again is answered, and so is every element after it."""
    deep = b'{"a": ' + b"[" * 400 + b"]" * 400 + b"}"
    assert outcome(read_bytes(b"[" + deep + b', {"mrn": "7", "text": "seen"}]')) == ["too_deep", "row"]
