"""Encoded runs (base64, hexadecimal, unspaced words), which cannot be shown to hold no PHI."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from llmops.deid.detect.recognizers.rules import PatternRule, Rules
from llmops.deid.spans import Span, View
from llmops.phi import PhiLabel

NAME: Final = "opaque"
LABEL: Final = PhiLabel.OTHERID
UNREADABLE: Final = 100
"""Word length in characters from which the network's tokenizer gives up."""
_SEQUENCE: Final = re.compile(r"[ACGTUNacgtun]+|[A-Z]+")
"""Nucleotides and amino acids."""
_HEXADECIMAL: Final = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_CHANGES: Final = 0.35
"""Minimum share of adjacent characters that differ in class (capital, small letter, digit): higher than in any text,
camel-case names and code lists included.
"""


def _is_opaque(folded: str, start: int, end: int) -> bool:
    stretch = folded[start:end].split("\n", maxsplit=1)[0].rstrip("=\r")
    if _SEQUENCE.fullmatch(stretch):
        return False
    if _HEXADECIMAL.fullmatch(stretch) or (len(stretch) > UNREADABLE and stretch.isalnum()):
        return True
    kinds = [(c.isdigit(), c.isupper()) if c.isalnum() else None for c in stretch]
    changes = sum(one is not None and other is not None and one != other for one, other in pairwise(kinds))
    return changes >= _CHANGES * len(stretch)


RULES: Final = Rules(
    # Lines of base64 after the first belong to it, including the short last one.
    PatternRule(
        r"(?m)(?:^|[^A-Za-z0-9+/_-])([A-Za-z0-9+/_-]{40,}={0,2}(?:\r?\n[ \t]{0,8}[A-Za-z0-9+/_-]{2,}={0,2}\r?$)*)",
        PhiLabel.OTHERID,
        0.99,
        _is_opaque,
    ),
)


def find(view: View) -> Iterator[Span]:
    """Yield the encoded runs in a view."""
    return RULES.find(view, NAME)
