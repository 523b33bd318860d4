"""What a file is, by its content."""

import gzip

import pytest

MSH = b"MSH|^~\\&|LAB|GH|EHR|GH|20240301||ORU^R01|1|P|2.5\rPID|1||123^^^GH^MR||Doe^Jane\r"
VCF = b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n1\t5\t.\tA\tG\t.\tPASS\t.\n"
CDA = b'<ClinicalDocument xmlns="urn:hl7-org:v3"><title>x</title></ClinicalDocument>'
PHENOPACKET = b'{"id": "p", "subject": {"id": "s"}, "phenotypicFeatures": [], "metaData": {}}'

CASES = [
    ("prose", b"Seen in clinic today, feels well, no fever.\nPlan: return, as needed.\n", "x.txt", ["text"]),
    ("markdown", b"# Progress note\n\nSmith, John\n\n- stable\n", "note.md", ["text"]),
    ("hl7", MSH, "a.bin", ["hl7v2"]),
    ("hl7 with a mark", b"\xef\xbb\xbf" + MSH, "a", ["hl7v2"]),
    ("hl7 behind blanks", b"\r\n  \n" + MSH, "a", ["hl7v2"]),
    ("hl7 in MLLP", b"\x0b" + MSH + b"\x1c\r", "a", ["hl7v2"]),
    ("hl7 with other separators", MSH.replace(b"|", b"#"), "a", ["hl7v2"]),
    ("hl7 with a damaged header name", MSH.replace(b"MSH", b"AAA"), "a.hl7", ["hl7v2"]),
    ("fhir", b'{"resourceType": "Patient", "id": "1"}', "a.txt", ["fhir"]),
    (
        "fhir, type behind a list",
        b'{"entry": [' + b'{"a": 1},' * 20000 + b'{}], "resourceType": "Bundle"}',
        "a",
        ["fhir"],
    ),
    ("fhir, cut off", b'{"resourceType": "Patient", "name": [{"fam', "a", ["fhir"]),
    ("fhir, pretty", b'\xef\xbb\xbf{\n  "id": "1",\n  "resourceType": "Patient"\n}\n', "a", ["fhir"]),
    ("fhir lines", b'{"resourceType":"Patient","id":"1"}\n\n{"resourceType":"Patient","id":"2"}\n', "a", ["fhir"] * 2),
    ("fhir lines, first broken", b'{"resourceType":"Pat\n{"resourceType":"Patient","id":"2"}\n', "a", ["fhir"] * 2),
    ("resource inside another", b'{"contained": {"resourceType": "Patient"}}', "a.json", ["unknown_format"]),
    ("phenopacket", PHENOPACKET, "a.json", ["phenopacket"]),
    ("family", b'{"id": "f", "proband": {"id": "p"}, "pedigree": {}, "metaData": {}}', "a", ["phenopacket"]),
    ("json of no kind", b'{"settings": {"debug": true}}', "a.json", ["unknown_format"]),
    ("one row a line", b'{"id": "1", "text": "a"}\n{"id": "2", "text": "b"}\n', "a", ["row"] * 2),
    ("a single row", b'{"id": "1", "text": "a"}\n', "a.jsonl", ["row"]),
    ("rows, each with half a character", b'{"id": "1\\ud83d"}\n{"id": "\\uDE00"}\n', "a", ["row"] * 2),
    ("array with half a character", b'[{"id": "1\\ud83d"}]', "a.json", ["row"]),
    ("lines that are no JSON for their NaN", b'{"a": NaN}\n{"a": NaN}\n', "a.jsonl", ["bad_row"] * 2),
    ("array of rows", b'[{"id": "1"}, {"id": "2"}, 3]', "a.json", ["row", "row", "bad_row"]),
    ("array of resources", b'[{"resourceType": "Patient"}]', "a.json", ["fhir"]),
    ("broken array", b'[{"id": "1"}, {"id', "a.json", ["malformed"]),
    ("empty array", b"[]", "a.json", ["empty"]),
    ("ccda", CDA, "a", ["ccda"]),
    ("ccda behind a prolog", b'\xef\xbb\xbf<?xml version="1.0"?>\n<?pi x?><!-- c > -->\n' + CDA, "a", ["ccda"]),
    ("ccda with a DOCTYPE", b"<!DOCTYPE ClinicalDocument [<!ENTITY a 'b'>]>" + CDA, "a", ["ccda"]),
    ("ccda with a prefix", b'<n1:ClinicalDocument xmlns:n1="urn:hl7-org:v3"></n1:ClinicalDocument>', "a", ["ccda"]),
    ("ccda fragment", b'<section><templateId root="2.16.840.1"/><sdtc:x/></section>', "a", ["ccda"]),
    ("section of other XML", b"<section><p>text</p></section>", "a.xml", ["unknown_format"]),
    ("fhir in XML", b'<Patient xmlns="http://hl7.org/fhir"><id value="1"/></Patient>', "a", ["unknown_format"]),
    ("html", b"<!DOCTYPE html><html><body>x</body></html>", "a", ["unknown_format"]),
    ("prose that begins with a bracket", b"<2 cm nodule in the right lobe, unchanged.", "a.txt", ["text"]),
    ("vcf", VCF, "a.txt", ["vcf"]),
    ("vcf in gzip blocks", gzip.compress(VCF[:60]) + gzip.compress(VCF[60:]), "a.vcf.gz", ["vcf"]),
    ("sam header", b"@HD\tVN:1.6\tSO:unsorted\n@SQ\tSN:1\tLN:9\n", "a", ["unknown_format"]),
    ("bam", gzip.compress(b"BAM\x01\x00\x00"), "a.bam", ["unknown_format"]),
    ("dicom", b"\x00" * 128 + b"DICM\x02\x00", "a.dcm", ["unknown_format"]),
    ("pdf", b"%PDF-1.7\n1 0 obj", "a.txt", ["unknown_format"]),
    ("png", b"\x89PNG\r\n\x1a\n", "a.csv", ["unknown_format"]),
    ("other binary", bytes(range(256)) * 4, "a.txt", ["unknown_format"]),
    ("sample sheet", b"[Header],,\nDate,1,\n\n[Data],,\n", "a.csv", ["unknown_format"]),
    ("csv", b"id,note_text,when\n1,ok,2\n2,ok,3\n3,ok,4\n", "a", ["row"] * 3),
    ("csv by extension", b"id,text\n1,a\n", "a.csv", ["row"]),
    ("csv with one column", b"text\nfine\n", "a.csv", ["row"]),
    ("csv with a header only", b"id,text\n", "a.csv", ["empty"]),
    ("tsv", b"id\ttext\n1\ta, b, c\n", "a.tsv", ["row"]),
    ("semicolons, as Excel says", b"sep=;\r\nid;text;x\r\n1;a, b;2\r\n", "a.csv", ["row"]),
    ("semicolons", b"id;text;x\n1;a, b;2\n", "a.csv", ["row"]),
    ("nothing", b"", "a.txt", ["empty"]),
    ("blanks", b" \r\n\t\n", "a.json", ["empty"]),
    ("only a mark", b"\xef\xbb\xbf\n", "a", ["empty"]),
]


@pytest.mark.parametrize(("data", "name", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_content_says_what_a_file_is(read_bytes, outcome, data, name, expected):
    """Each content is recognised whatever the name says, and what we do not read is withheld."""
    assert outcome(read_bytes(data, name)) == expected


@pytest.mark.parametrize(
    ("format_", "data", "expected"),
    [
        ("text", b'{"resourceType": "Patient"}', ["text"]),
        ("jsonl", b'{"id": 1}', ["row"]),
        ("csv", b"a sentence of prose\nanother\n", ["row"]),
        ("fhir", b'{"id": "no type"}', ["fhir"]),
        ("fhir", b'{"resourceType":"A"}\n{"resourceType":"B"}', ["fhir"] * 2),
        ("phenopacket", b'{"id": "x"}', ["phenopacket"]),
        ("hl7v2", b"PID|1||2\rOBX|1\r", ["hl7v2"]),
        ("ccda", b"<other/>", ["ccda"]),
        ("vcf", b"#CHROM\tPOS\n", ["vcf"]),
        ("text", gzip.compress(b"inside gzip"), ["text"]),
        ("parquet", b"no parquet", ["truncated"]),
    ],
)
def test_an_explicit_format_is_believed(read_bytes, outcome, format_, data, expected):
    """The recipe's format overrides the content; gzip is opened all the same."""
    assert outcome(read_bytes(data, format=format_)) == expected
