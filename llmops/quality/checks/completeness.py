"""Completeness: is any part of the document missing?"""

import re
from typing import Final

from llmops.documents import DeidentifiedDocument, Evidence, Kind
from llmops.phi import PLACEHOLDER
from llmops.quality.checks.penalties import Penalties
from llmops.quality.placeholders import without_placeholders, words
from llmops.quality.policy import QualityPolicy

_FEW_WORDS: Final = 3
_LONG_LINE: Final = 60
_MISSING: Final = 0.1
# A sentence that ends with one of these is cut off.
_DANGLING: Final = frozenset(
    """
    a an and as at because but by for from had has have her his if in into is no nor not of on or our per than that the
    their then these this to was were which while who whose with without your she he they we will would should could may
    can are be been being its also very about after before between during through under over until upon including such
    showing due
    """.split()  # noqa: SIM905 - a hundred words read better as words
)
_SIGNATURE: Final = re.compile(r"\b(?:MD|DO|RN|NP|PA|BSN|PhD|signed|dictated|transcribed)\b|[@|/~\\]")
_MARKED: Final = re.compile(
    r"\b(?:report|note|text|message|document|output)\s(?:was\s|is\s)?(?:truncated|cut off)\b"
    r"|[\[<(]\s?truncated\s?[\])>]",
    re.IGNORECASE,
)
_HEADING: Final = re.compile(r"[A-Z][A-Za-z /&-]{2,60}:")


def check(document: DeidentifiedDocument, policy: QualityPolicy) -> tuple[float, tuple[Evidence, ...]]:
    """Look for missing text, a missing end, and missing parts for a document of this kind."""
    tally = Penalties()
    text = document.text
    count = len(words(without_placeholders(text)))
    least = policy.completeness.min_words.get(document.kind, 0)
    if not text.strip() and not document.fields:
        tally.add("empty", 1.0)
        return tally.result()
    if count < _FEW_WORDS and PLACEHOLDER.search(text):
        tally.add("placeholder_only", 0.8, 0, len(text))
    elif count < least:
        tally.add("very_short", 0.5 * (1 - count / least), 0, len(text))
    for part in policy.completeness.expected.get(document.kind, ()):
        if not getattr(document, part):
            tally.add(f"missing_{part}", _MISSING)
    if document.kind in (Kind.NOTE, Kind.REPORT):
        _ending(text, tally)
    return tally.result()


def _ending(text: str, tally: Penalties) -> None:
    end = len(text.rstrip())
    marked = _MARKED.search(text)
    if marked is not None:
        tally.add("cut_off", 0.5, *marked.span())
        return
    start = text.rfind("\n", 0, end) + 1
    line = text[start:end]
    if not line:
        return
    last = line.rsplit(None, 1)[-1]
    prose = len(words(line)) >= _FEW_WORDS
    broken_word = last.endswith("-") and len(last) > 1 and last[-2].isalpha()
    # In an outline a short last line without a full stop is normal; ending mid-phrase is not.
    dangling = prose and (last.lower() in _DANGLING or last.endswith((",", "(", "&")) or broken_word)
    if dangling or _HEADING.fullmatch(line.strip()):
        tally.add("cut_off", 0.5, start, end)
    elif len(line) >= _LONG_LINE and last[-1].islower() and not _SIGNATURE.search(line) and _ends_sentences(text):
        tally.add("ends_mid_sentence", 0.2, start, end)


def _ends_sentences(text: str) -> bool:
    """Whether the writer ends sentences with a full stop at all, so that a missing one is evidence."""
    return len(re.findall(r"[a-z)\]]\.(?=\s)", text)) >= _FEW_WORDS
