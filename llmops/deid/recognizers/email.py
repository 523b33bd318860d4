"""E-mail addresses, 164.514(b)(2)(i)(F)."""

from collections.abc import Iterator
from typing import Final

from llmops.deid.recognizers.rules import Rule, find_by_rules
from llmops.deid.spans import Span, View
from llmops.phi import PhiLabel

NAME: Final = "email"
RULES: Final = (
    Rule(
        r"\b[A-Za-z0-9][A-Za-z0-9._%+~-]{0,63}\s?(?:@|\[at\]|\(at\))\s?[A-Za-z0-9~][A-Za-z0-9.~-]{1,190}[A-Za-z~]{2}\b",
        PhiLabel.EMAIL,
        0.95,
    ),
)


def find(view: View) -> Iterator[Span]:
    """Yield every find in a view."""
    return find_by_rules(RULES, view, NAME)
