"""The HL7 v2 tokenizer: what it splits, and that every field knows its bytes."""

import hl7
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmops.documents import Locator, Reason, SourceRecord
from llmops.normalize.errors import Refused
from llmops.normalize.hl7v2.parse import parse

MSH = "MSH|^~\\&|LAB|NORTHSIDE|EHR|CLINIC|20240102030405||ORU^R01|42|P|2.5.1"


def message_record(payload: bytes | str, encoding: str = "utf-8") -> SourceRecord:
    data = payload.encode(encoding) if isinstance(payload, str) else payload
    return SourceRecord(record_id="r1", format="hl7v2", payload=data, locator=Locator(container="x"), encoding=encoding)


@pytest.mark.parametrize("line_end", ["\r", "\n", "\r\n", "\n\n"])
def test_segments_end_with_any_line_end(line_end: str) -> None:
    """CR is the standard's, but files arrive with LF and CRLF too."""
    (message,) = parse(message_record(line_end.join([MSH, "PID|1||7", "NTE|1||fine"])))
    assert [segment.name for segment in message.segments] == ["MSH", "PID", "NTE"]


def test_mixed_line_ends_byte_order_mark_and_mllp_bytes_are_passed_over() -> None:
    """Transport leaves its marks in files."""
    payload = b"\xef\xbb\xbf\x0b" + MSH.encode() + b"\r\nPID|1||7\rNTE|1||fine\n\x1c\r"
    (message,) = parse(message_record(payload))
    assert [segment.name for segment in message.segments] == ["MSH", "PID", "NTE"]
    note = message.segments[2].first(3)
    assert payload[note.start : note.end] == b"fine"


def test_the_message_declares_its_own_separators() -> None:
    """MSH-1 and MSH-2 decide, whatever is usual."""
    (message,) = parse(message_record("MSH#*@!%#A#B\rPID#1##77*x%y*z@88"))
    first, second = message.segments[1].repetitions(3)
    assert first.component(2, 2) == "y"
    assert first.component(2) == "x y"
    assert second.component(1) == "88"


def test_a_line_that_is_no_segment_continues_the_one_before() -> None:
    """A bare line feed inside free text must not lose the rest of the text."""
    payload = MSH + "\rOBX|1|TX|||first line\r\nsecond line\nthird|||F"
    (message,) = parse(message_record(payload))
    value = message.segments[1].first(5)
    assert value.text() == "first line\r\nsecond line\nthird"
    assert payload.encode()[value.start : value.end].decode() == value.raw


def test_spans_count_bytes_of_other_encodings() -> None:
    """A span is a place in the payload, not in the decoded text."""
    for encoding in ("utf-8", "cp1252", "utf-16-le"):
        payload = (MSH + "\rNTE|1||Grüße|café").encode(encoding)
        (message,) = parse(message_record(payload, encoding))
        value = message.segments[1].first(4)
        assert payload[value.start : value.end].decode(encoding) == "café"


def test_escapes_are_resolved_and_unknown_ones_kept() -> None:
    """Chapter 2.7: separators, hexadecimal data, formatting."""
    (message,) = parse(
        message_record(MSH + "\rNTE|1||a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f\\.br\\g\\X41\\\\H\\h\\N\\ C:\\x\\y")
    )
    assert message.segments[1].first(3).text() == "a|b^c&d~e\\f\ngAh C:\\x\\y"


def test_a_cut_off_message_keeps_what_stands() -> None:
    """The tail of a transfer may be missing."""
    (message,) = parse(message_record(MSH + "\rPID|1||77^^^NORTH"))
    assert message.segments[1].get(3) == "77"


def test_several_messages_in_one_payload_are_told_apart() -> None:
    """A batch envelope holds messages and says nothing itself."""
    envelope = (r"FHS|^~\&", r"BHS|^~\&", MSH, "PID|1||1", MSH, "PID|1||2", "BTS|2", "FTS|1")
    found = parse(message_record("\r".join(envelope)))
    assert [message.segments[1].get(3) for message in found] == ["1", "2"]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", Reason.EMPTY),
        (b"\x0b\x1c\r", Reason.EMPTY),
        (b"PID|1||7", Reason.MALFORMED),
        (b"hello", Reason.MALFORMED),
        (b"MSH|^~\\&|\xff\xfe\xff", Reason.WRONG_ENCODING),
    ],
)
def test_what_is_no_message_is_refused(payload: bytes, reason: Reason) -> None:
    """With a reason, and without the payload in the exception."""
    with pytest.raises(Refused) as refused:
        parse(message_record(payload))
    assert refused.value.reason is reason
    assert refused.value.args == (reason.value,)


ANY_BUT_MARKS = st.characters(codec="utf-8", exclude_characters="|\r\n\x0b\x1c\x00\ufeff", exclude_categories=("Cs",))
FIELD = st.text(ANY_BUT_MARKS, max_size=20)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(FIELD, min_size=1, max_size=6), min_size=1, max_size=5), st.sampled_from(["\r", "\n", "\r\n"]))
def test_segments_round_trip_and_spans_point_at_their_bytes(rows: list[list[str]], line_end: str) -> None:
    """Whatever stands in a field, its raw text is what was sent, and its span are those bytes."""
    sent = ["ZZZ|" + "|".join(row) for row in rows]
    payload = line_end.join([MSH, *sent]).encode()
    (message,) = parse(message_record(payload))
    assert [segment.raw for segment in message.segments[1:]] == sent
    for segment, row in zip(message.segments[1:], rows, strict=True):
        assert payload[segment.start : segment.end].decode() == segment.raw
        for number, text in enumerate(row, start=1):
            value = segment.whole(number)
            assert value.raw == text
            assert payload[value.start : value.end].decode() == text


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=200))
def test_no_bytes_break_the_tokenizer(tail: bytes) -> None:
    """Input is hostile; the only exception is a refusal."""
    try:
        messages = parse(message_record(MSH.encode() + b"\r" + tail, "latin-1"))
    except Refused:
        return
    for segment in messages[0].segments:
        for number in segment.field_numbers():
            segment.get(number, 2, 1)


WORD = st.text("abcXYZ 0189.-", min_size=1, max_size=8).map(str.strip).filter(bool)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(st.lists(WORD, min_size=1, max_size=3), min_size=1, max_size=3), min_size=1, max_size=5))
def test_agrees_with_the_hl7_package(fields: list[list[list[str]]]) -> None:
    """On well-formed messages the tokenizer splits as an independent implementation does."""
    line = "PID|" + "|".join("~".join("^".join(parts) for parts in repetitions) for repetitions in fields)
    ours = parse(message_record(MSH + "\r" + line))[0].segments[1]
    theirs = hl7.parse(MSH + "\r" + line + "\r").segment("PID")
    for n, repetitions in enumerate(fields, start=1):
        assert [value.raw for value in ours.repetitions(n)] == [str(one) for one in theirs[n]]
        for value, parts in zip(ours.repetitions(n), repetitions, strict=True):
            assert value.components() == tuple(parts)
