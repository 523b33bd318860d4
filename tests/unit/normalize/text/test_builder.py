"""A document's text keeps the way back to the bytes it came from."""

from hypothesis import given
from hypothesis import strategies as st

from llmops.normalize.text.builder import TextBuilder


@given(st.text(max_size=60), st.sampled_from(["utf-8", "utf-16-le", "utf-32-be"]))
def test_exact_segments_are_the_payload_decoded(raw: str, encoding: str) -> None:
    """Whatever is claimed exact can be read back from the payload."""
    payload = raw.encode(encoding, "surrogatepass")
    builder = TextBuilder(encoding)
    builder.add(raw, path="text", source_start=0, source_end=len(payload), exact=True)
    text, align = builder.build()
    for segment in align:
        assert 0 <= segment.start < segment.end <= len(text)
        if segment.exact:
            piece = payload[segment.source_start : segment.source_end].decode(encoding)
            assert piece == text[segment.start : segment.end]


def test_glue_maps_to_nothing_and_pieces_keep_their_path() -> None:
    """Labels of our own come from nowhere in the record."""
    builder = TextBuilder()
    builder.add("one", path="a", source_end=9)
    builder.blank_line()
    builder.glue("- ")
    builder.add("two", path="b", source_end=9)
    text, align = builder.build()
    assert text == "one\n\n- two"
    assert [(s.path, text[s.start : s.end], s.exact) for s in align] == [("a", "one", False), ("b", "two", False)]


def test_trailing_white_space_is_removed_with_its_alignment() -> None:
    """The last segment ends where the text ends."""
    builder = TextBuilder()
    builder.add("note  \n\n", path="text", source_end=8, exact=True)
    text, (segment,) = builder.build()
    assert (text, segment.end, segment.source_end, segment.exact) == ("note", 4, 4, True)
