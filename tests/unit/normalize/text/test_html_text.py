"""HTML becomes text a person can read."""

import pytest

from llmops.normalize.text.html_text import html_to_text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<div>a<br/>b</div>", "a\nb"),
        ("<p>one</p><p>two &amp; three</p>", "one\n\ntwo & three"),
        (
            "<table><tr><th>Test</th><th>Value</th></tr><tr><td>Hgb</td><td>9.1</td></tr></table>",
            "Test | Value\nHgb | 9.1",
        ),
        ("<ul><li>x</li><li>y</li></ul>", "- x\n- y"),
        ("<style>p{}</style><script>alert(1)</script>plain", "plain"),
        ("just text", "just text"),
        ("", ""),
        ("<b>un<i>closed", "unclosed"),
    ],
)
def test_markup_goes_and_structure_stays(markup: str, text: str) -> None:
    """Tables, lists and paragraphs survive; scripts do not."""
    assert html_to_text(markup) == text


def test_entities_of_a_doctype_are_not_expanded() -> None:
    """No file is read and nothing grows."""
    bomb = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><p>&a;</p>'
    assert "root:" not in html_to_text(bomb)


def test_deep_nesting_does_not_break_the_reader() -> None:
    """A bomb of tags is read or refused, never a crash."""
    assert isinstance(html_to_text("<div>" * 50_000 + "x"), str)
