"""Web addresses, 164.514(b)(2)(i)(N), including defanged ones and host names without a scheme."""

import re
from collections.abc import Iterator
from typing import Final

from llmops.deid.detect.recognizers.rules import PatternRule, Rules
from llmops.deid.spans import Span, View
from llmops.phi import PhiLabel

NAME: Final = "url"
LABEL: Final = PhiLabel.URL
_STANDARDS: Final = re.compile(
    r"(?i)(?:https?://)?(?:www\.)?(?:[a-z]{2,20}\.)?"
    r"(?:hl7|loinc|snomed|unitsofmeasure|w3|ietf|nema|ihe|omg|schema|purl)\.(?:org|net|info)(?![\w.-])"
    r"(?![^\s<>\"']{0,400}(?:[?@=]|/(?:Patient|Person|RelatedPerson|Practitioner|Encounter)/))"
)
"""Hosts of standards' code systems (``http://loinc.org``), if without a query: they identify nobody."""


def _is_host(folded: str, start: int, end: int) -> bool:
    """Refuse the domain part of an e-mail address."""
    return folded[max(0, start - 1) : start] != "@" and end - start > 6 and _is_somebodys(folded, start, end)


def _is_somebodys(folded: str, start: int, _end: int) -> bool:
    return _STANDARDS.match(folded, start) is None


RULES: Final = Rules(
    PatternRule(
        r"(?i)\b((?:https?|hxxps?|ftp|s?ftp)://[^\s<>\"']{2,400}[A-Za-z0-9/=~])", PhiLabel.URL, 0.95, _is_somebodys
    ),
    PatternRule(
        r"(?i)\b(www\.[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,4}(?:/[^\s<>\"',;)]{0,200})?)",
        PhiLabel.URL,
        0.95,
        _is_somebodys,
    ),
    PatternRule(
        r"(?i)\b([a-z0-9][a-z0-9-]{1,62}(?:\.[a-z0-9-]{2,63}){0,3}\.(?:com|org|net|edu|gov|mil|io|health|"
        r"example|care|clinic|app|info|uk|us)(?:/[^\s<>\"',;)]{0,200})?)\b",
        PhiLabel.URL,
        0.8,
        _is_host,
    ),
)


def find(view: View) -> Iterator[Span]:
    """Yield the web addresses in a view."""
    return RULES.find(view, NAME)
