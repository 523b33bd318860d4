"""Uniqueness within a document: repeated lines and paragraphs (copy forward)."""

import re
from typing import Final

from llmops.documents import DeidentifiedDocument, Evidence
from llmops.quality.checks.penalties import Penalties
from llmops.quality.policy import QualityPolicy

_LINE: Final = re.compile(r"[^\n]+")
_PARAGRAPH: Final = re.compile(r"[^\n]+(?:\n[^\n]+)*")
_SHORT: Final = 24  # headings and "Normal." may recur
_LONG_PARAGRAPH: Final = 80


def check(document: DeidentifiedDocument, policy: QualityPolicy) -> tuple[float, tuple[Evidence, ...]]:
    """Subtract the share of text that repeats earlier text, paragraphs first."""
    del policy
    text = document.text
    tally = Penalties()
    taken = _repeats(text, _PARAGRAPH, _LONG_PARAGRAPH, "repeated_paragraph", [], tally)
    _repeats(text, _LINE, _SHORT, "repeated_line", taken, tally)
    return tally.result()


def _repeats(
    text: str, unit: re.Pattern[str], least: int, rule: str, taken: list[tuple[int, int]], tally: Penalties
) -> list[tuple[int, int]]:
    """Report each repeat outside ``taken``; both lists are sorted, so one pass is enough."""
    seen: set[str] = set()
    found, at = [], 0
    for match in unit.finditer(text):
        start, end = match.span()
        while at < len(taken) and taken[at][1] <= start:
            at += 1
        if end - start < least or (at < len(taken) and taken[at][0] <= start):
            continue
        content = " ".join(match[0].casefold().split())
        if content in seen and any(char.isalpha() for char in content):
            tally.add(rule, (end - start) / len(text), start, end)
            found.append((start, end))
        seen.add(content)
    return found
