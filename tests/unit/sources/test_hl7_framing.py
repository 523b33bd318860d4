"""HL7 v2 messages out of single files, batches and captures."""

import pytest

from llmops.documents import SourceRecord

ONE = b"MSH|^~\\&|LAB|GH|EHR|GH|20240301||ORU^R01|1|P|2.5%PID|1||123^^^GH^MR||Doe^Jane%OBX|1|ST|x||MSH|not a start%"
TWO = b"MSH|^~\\&|LAB|GH|EHR|GH|20240302||ADT^A01|2|P|2.5%PID|1||124^^^GH^MR%"


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", b"\n\n"])
def test_each_message_is_a_record(read_bytes, end, mark):
    """Two messages in a row, whatever ends their segments."""
    data = mark + (ONE + TWO).replace(b"%", end)
    answers = read_bytes(data, "a.hl7")
    assert [a.payload for a in answers] == [m.replace(b"%", end).rstrip() for m in (ONE, TWO)]
    for answer in answers:
        assert data[answer.locator.start : answer.locator.end] == answer.payload


@pytest.mark.parametrize("end", [b"\r", b"\n"])
def test_batch_envelopes_are_dropped(read_bytes, end):
    """FHS, BHS, BTS and FTS belong to no message; a wrong count in the trailer harms none."""
    data = (b"FHS|^~\\&|A%BHS|^~\\&|A%" + ONE + TWO + b"BTS|7%FTS|1%").replace(b"%", end)
    answers = read_bytes(data)
    assert [a.payload[-20:] for a in answers] == [m.replace(b"%", end).rstrip()[-20:] for m in (ONE, TWO)]


def test_mllp_framing_is_dropped(read_bytes):
    """A capture of a socket: VT before and FS CR after each message."""
    data = b"".join(b"\x0b" + m.replace(b"%", b"\r") + b"\x1c\r" for m in (ONE, TWO))
    assert [a.payload[:3] + a.payload[-2:] for a in read_bytes(data)] == [b"MSHrt", b"MSHMR"]


def test_segments_of_no_message_are_answered_for(read_bytes):
    """What stands between a trailer and the next header is kept as a record of its own, for the normalizer to judge."""
    data = (b"BHS|^~\\&|A%PID|1||9%" + ONE + b"BTS|1%ZZZ|orphan%" + TWO).replace(b"%", b"\r")
    assert [a.payload[:3] for a in read_bytes(data)] == [b"PID", b"MSH", b"ZZZ", b"MSH"]


def test_a_message_over_the_cap_is_passed_over(read_bytes, outcome):
    """The messages around it are read."""
    long = TWO + b"OBX|1|TX|" + b"x" * 900_000 + b"%"
    data = (ONE + long + TWO).replace(b"%", b"\r")
    answers = read_bytes(data, max_record_bytes=2000)
    assert outcome(answers) == ["hl7v2", "too_large", "hl7v2"]
    assert answers[2].payload == TWO.replace(b"%", b"\r").rstrip()


def test_a_long_batch_is_framed_across_reads(read_bytes):
    """Messages that straddle the reader's chunks stay whole."""
    messages = [TWO.replace(b"%", b"\r") + b"NTE|" + b"n" * (n % 977) + b"\r" for n in range(2000)]
    answers = read_bytes(b"".join(messages))
    assert [a.payload for a in answers] == [m.rstrip() for m in messages]
    assert len({a.record_id for a in answers}) == len(set(messages))


def test_encodings_are_found_for_each_message(read_bytes):
    """One system writes UTF-8, another Windows-1252, into the same file."""
    data = TWO.replace(b"%", b"\r") + "NTE|1||Ørsted\r".encode() + TWO.replace(b"%", b"\r") + b"NTE|1||\xd8rsted\r"
    answers = read_bytes(data)
    assert all(isinstance(a, SourceRecord) for a in answers)
    assert [(a.encoding, a.encoding_from) for a in answers] == [("utf-8", "utf-8"), ("cp1252", "detected")]


def test_wide_messages_are_recoded(read_bytes):
    """UTF-16 cannot be framed by its bytes, so its records come as UTF-8."""
    answers = read_bytes((ONE + TWO).replace(b"%", b"\r").decode().encode("utf-16"))
    assert [a.payload[:4] for a in answers] == [b"MSH|", b"MSH|"]
