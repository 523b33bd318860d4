"""How text is to be decoded."""

import orjson
import pytest

PROSE = "The patient was seen for follow-up. No change since the last visit. "


@pytest.mark.parametrize(
    ("data", "encoding", "known_from"),
    [
        (PROSE.encode(), "utf-8", "utf-8"),
        (("Señor " + PROSE).encode(), "utf-8", "utf-8"),
        (("Señor " + PROSE).encode("utf-8-sig"), "utf-8", "bom"),
        (("Señor " + PROSE).encode("cp1252"), "cp1252", "detected"),
        ((PROSE + "“37 °C” – ok").encode("cp1252"), "cp1252", "detected"),
        (PROSE.encode("utf-16"), "utf-16-le", "bom"),
        (("\ufeff" + PROSE).encode("utf-16-be"), "utf-16-be", "bom"),
        (PROSE.encode("utf-16-le"), "utf-16-le", "detected"),
        (PROSE.encode("utf-16-be"), "utf-16-be", "detected"),
        (("\ufeff" + PROSE).encode("utf-32-le"), "utf-32-le", "bom"),
    ],
)
def test_text_says_how_to_decode_it(read_bytes, data, encoding, known_from):
    """The payload decodes with the encoding given, and holds no byte order mark."""
    (record,) = read_bytes(data, "a.txt")
    assert (record.encoding, record.encoding_from) == (encoding, known_from)
    text = record.payload.decode(record.encoding)
    assert not text.startswith("\ufeff")
    assert PROSE[:20] in text
    assert data[record.locator.start : record.locator.end] == record.payload


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ((PROSE + "naïve, café, señor, ").encode() + b"\xff tail", "wrong_encoding"),
        (("Señora Ñ " + PROSE + "é").encode()[:-1], "truncated"),
        (PROSE.encode() + bytes(range(0x80, 0x100)) * 3, "wrong_encoding"),
        (b"\xff\xfea\x00\x00\xd8b\x00", "wrong_encoding"),
        ("русский текст, ".encode("cp1251") * 9, "wrong_encoding"),
    ],
)
def test_bytes_that_fit_no_encoding_are_withheld(read_bytes, outcome, data, reason):
    """A guess that would spoil letters is not made."""
    assert outcome(read_bytes(data, "a.txt")) == [reason]


@pytest.mark.parametrize(
    ("declared", "codec", "encoding"),
    [("ISO-8859-1", "latin-1", "iso8859-1"), ("windows-1252", "cp1252", "cp1252"), ("UTF-16", "utf-8", "utf-8")],
)
def test_an_xml_declaration_is_believed_where_the_bytes_agree(read_bytes, declared, codec, encoding):
    """A declaration of UTF-16 in eight-bit bytes is a lie."""
    data = f'<?xml version="1.0" encoding="{declared}"?><ClinicalDocument xmlns="urn:hl7-org:v3">é</ClinicalDocument>'
    (record,) = read_bytes(data.encode(codec))
    assert record.encoding == encoding


@pytest.mark.parametrize("codec", ["utf-16", "latin-1"])
def test_json_is_utf_8_or_withheld(read_bytes, outcome, codec):
    """RFC 8259, section 8.1."""
    assert outcome(read_bytes('{"resourceType": "Patient", "a": "é"}'.encode(codec))) == ["wrong_encoding"]


@pytest.mark.parametrize(
    ("escaped", "expected"),
    [
        (rb"cut \ud83d off", "cut \ufffd off"),
        (rb"\uDE00\ud83d", "\ufffd\ufffd"),
        (rb"\ud83d\ud83d\ude00", "\ufffd\U0001f600"),
        (rb"\ud83d\uDE00", "\U0001f600"),
        (rb"C:\\ud83d", r"C:\ud83d"),
        (rb"C:\\\ud83d", "C:\\\ufffd"),
    ],
)
@pytest.mark.parametrize(
    "shape", [b'{"resourceType": "Basic", "text": "%s"}', b'{"text": "%s"}\n{"text": ""}', b'[{"text": "%s"}]']
)
def test_half_a_character_in_json_costs_itself(read_bytes, escaped, expected, shape):
    """An escaped surrogate without its other half is read as U+FFFD, whatever the JSON is; no byte moves."""
    first = read_bytes(shape % escaped, "a.json")[0]
    assert orjson.loads(first.payload)["text"] == expected


def test_a_line_in_another_encoding_costs_itself(read_bytes, outcome):
    """The other lines of the file go on."""
    data = b'{"id": "1", "t": "\xe9"}\n{"id": "2", "t": "b"}\n{"id": "3", "t": "c"}\n'
    assert outcome(read_bytes(data, "a.jsonl")) == ["wrong_encoding", "row", "row"]
