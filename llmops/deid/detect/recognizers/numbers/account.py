"""Account numbers, 164.514(b)(2)(i)(J)."""

from collections.abc import Iterator
from typing import Final

from llmops.deid.detect.recognizers.rules import PatternRule, Rules
from llmops.deid.detect.recognizers.shapes import CODE, SEP, is_code
from llmops.deid.spans import Span, View
from llmops.phi import PhiLabel

NAME: Final = "account"
LABEL: Final = PhiLabel.ACCT
RULES: Final = Rules(
    PatternRule(
        r"(?i)\b(?:acct|account|acc't|a/c|har|guarantor(?: account)?|guar|fin\b|billing|invoice|inv|"
        r"statement|bank|card|visa|client|household|customer|cust|claim|claims|routing|"
        r"receipt)(?:\s?(?:id|no|number|#|nr|num|ending))*" + SEP + r"((?-i:" + CODE + r"))",
        PhiLabel.ACCT,
        0.8,
        is_code(3),
    ),
)


def find(view: View) -> Iterator[Span]:
    """Yield the account numbers in a view."""
    return RULES.find(view, NAME)
