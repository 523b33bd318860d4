"""Attached bytes become text in an encoding of text, or a reason."""

import pytest

from llmops.documents import Reason
from llmops.normalize.attachments import from_base64, plain_text
from llmops.normalize.errors import Refused


@pytest.mark.parametrize(
    ("data", "charset", "text"),
    [
        ("café".encode(), "", "café"),
        ("café".encode("cp1252"), "", "café"),
        ("café".encode("latin-1"), "iso-8859-1", "café"),
        ("café".encode("utf-16"), "utf-16", "café"),
        (b"\xef\xbb\xbfok", "", "ok"),
    ],
)
def test_text_is_read_in_its_encoding(data: bytes, charset: str, text: str) -> None:
    """The declared one, or UTF-8, or Windows text."""
    assert plain_text(data, charset=charset) == text


@pytest.mark.parametrize(
    ("data", "charset", "reason"),
    [
        (b"%PDF-1.7", "", Reason.UNSUPPORTED_ATTACHMENT),
        (b"  {\\rtf1 ok}", "", Reason.UNSUPPORTED_ATTACHMENT),
        (b"<?xml version='1.0'?><a/>", "", Reason.UNSUPPORTED_ATTACHMENT),
        (b"a\x00b", "", Reason.UNSUPPORTED_ATTACHMENT),
        (b"caf\xe9", "utf-8", Reason.BAD_ATTACHMENT),
        (b"\\ud800", "unicode_escape", Reason.BAD_ATTACHMENT),
        (b"abc", "rot13", Reason.BAD_ATTACHMENT),
        (b"abc", "no such\x00codec", Reason.BAD_ATTACHMENT),
        (b" \n", "", Reason.EMPTY),
    ],
)
def test_what_is_not_text_says_why(data: bytes, charset: str, reason: Reason) -> None:
    """Also codecs that are no character set, which could build what cannot be written."""
    with pytest.raises(Refused) as refused:
        plain_text(data, charset=charset)
    assert refused.value.reason is reason


def test_html_loses_its_tags() -> None:
    """An XML declaration before XHTML is fine."""
    assert plain_text(b"<?xml version='1.0'?><html><p>seen</p></html>", html=True).strip() == "seen"


@pytest.mark.parametrize("written", ["", "  ", "abc", "ab!="])
def test_broken_base64_is_no_shorter_attachment(written: str) -> None:
    """Strict, white space aside."""
    with pytest.raises(Refused) as refused:
        from_base64(written)
    assert refused.value.reason is Reason.BAD_ATTACHMENT
