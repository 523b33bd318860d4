"""The exit gate: no own identifier of the subject is in the output, and an independent look says what else may be."""

import re
from collections.abc import Iterable
from typing import Final

from llmops.deid.folding import fold
from llmops.deid.known import KnownMatcher
from llmops.deid.placeholders import PLACEHOLDER

_WORD: Final = re.compile(r"[a-z]+")
_DIGITS: Final = re.compile(r"\d")
_SUSPICIONS: Final = (
    # Other features than the first pass on purpose: no vocabulary, no network, only shape.
    (re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|Miss|Sr|Nurse|Prof)\b\.?) {1,2}[A-Z][a-z]{2,}"), 0.5),
    (re.compile(r"\b[A-Z]{3,},? [A-Z]{3,} [A-Z]\b"), 0.3),
    (re.compile(r"\d(?:[- .()]{0,2}\d){8,}"), 0.4),
    (re.compile(r"\b\d{7,}\b"), 0.3),
    (re.compile(r"[A-Za-z0-9.]{2,}@[A-Za-z0-9]"), 0.6),
    (re.compile(r"(?i)\b(?:jan|feb|mar|apr|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.? \d{1,2}\b"), 0.4),
    (re.compile(r"\b\d{1,2}/\d{1,2}/\d{2,4}\b"), 0.5),
    (re.compile(r"\b\d{1,5} [A-Z][a-z]+ (?:St|Ave|Rd|Dr|Ln|Blvd|Street|Avenue|Road|Lane)\b"), 0.5),
    (re.compile(r"\bhttps?://|\bwww\."), 0.6),
)


def survivors(texts: Iterable[str], matcher: KnownMatcher) -> int:
    """Count the subject's own strong identifiers that are still in the output.

    Words are compared whole; numbers also in the digits of each text run together without any separator.

    Args:
        texts: everything of the document that leaves: text, title, field values, time.
        matcher: the subject's known identifiers. PHI.
    """
    names, numbers = matcher.strong_forms()
    found = 0
    for text in texts:
        folded = PLACEHOLDER.sub(" | ", fold(text)).lower()
        found += len(names.intersection(_WORD.findall(folded)))
        runs = re.findall(r"[a-z0-9](?:[-./() _]{0,2}[a-z0-9])*", folded)
        squeezed = [re.sub(r"[^a-z0-9]", "", run) for run in runs if _DIGITS.search(run)]
        found += sum(1 for number in numbers if len(number) >= 7 and any(number in run for run in squeezed))
    return found


def residual_risk(text: str) -> float:
    """Estimate in [0, 1] that an identifier is left in a de-identified text, from shapes alone.

    Args:
        text: output text; placeholders are taken out first.
    """
    bare = PLACEHOLDER.sub(" ", fold(text))
    clean = 1.0
    for pattern, weight in _SUSPICIONS:
        for _ in pattern.finditer(bare):
            clean *= 1.0 - weight
    return round(1.0 - clean, 4)
