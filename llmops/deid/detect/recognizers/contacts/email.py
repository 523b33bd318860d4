"""E-mail addresses, 164.514(b)(2)(i)(F)."""

from collections.abc import Iterator
from typing import Final

from llmops.deid.detect.recognizers.rules import PatternRule, Rules
from llmops.deid.spans import Span, View
from llmops.phi import PhiLabel

NAME: Final = "email"
LABEL: Final = PhiLabel.EMAIL
_BOX: Final = r"[A-Za-z0-9][A-Za-z0-9._%+~-]{0,63}"
_AT: Final = r"(?:@|\[at\]|\(at\))"
_DOMAIN: Final = r"[A-Za-z0-9~][A-Za-z0-9.~-]{0,190}\.[A-Za-z~]{2,24}"
"""Requires a dot: ``80 @ rest`` and ``propofol@20mcg`` are no addresses."""

RULES: Final = Rules(
    PatternRule(r"\b" + _BOX + _AT + r"[A-Za-z~][A-Za-z0-9.~-]{1,190}[A-Za-z~]{2}\b", PhiLabel.EMAIL, 0.7),
    PatternRule(r"\b" + _BOX + r"\s?" + _AT + r"\s?" + _DOMAIN + r"\b", PhiLabel.EMAIL, 0.95),
)


def find(view: View) -> Iterator[Span]:
    """Yield the E-mail addresses in a view."""
    return RULES.find(view, NAME)
