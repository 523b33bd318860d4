"""Assertions that an answer is grounded in the retrieved passages."""

from typing import Final, Literal

import re2
from pydantic import Field

from llmops.evaluation.assertions.result import Answer, AssertionResult, failed, outcome, passed
from llmops.evaluation.assertions.safety import is_refusal
from llmops.evaluation.prompt import citations
from llmops.retrieval.sentences import sentences
from llmops.retrieval.terms import raw_words, words
from llmops.validation import Declared

_NUMERAL: Final = re2.compile(r"\d+(?:[.,]\d+)*")
_NEGATIONS: Final = frozenset(
    ("no", "not", "denies", "denied", "without", "never", "none", "negative", "absent", "nor", "neither", "cannot")
)


class Cites(Declared):
    """The answer cites retrieved passages, and no others.

    Args:
        at_least: minimum number of passages.
    """

    use: Literal["cites"]
    at_least: int = Field(default=1, ge=1)

    def check(self, answer: Answer) -> AssertionResult:
        """Resolve every ``[chunk id]``."""
        cited = citations(answer.text)
        known = {passage.chunk_id for passage in answer.context}
        if any(chunk_id not in known for chunk_id in cited):
            return failed(self.use, "unknown_citation")
        return outcome(self.use, "citation_missing", holds=len(cited) >= self.at_least)


class Supported(Declared):
    """One passage supports every sentence of the answer: most of its words, all of its numbers, its negation.

    Lexical on purpose: it needs no second model, and never accepts a changed number.

    Args:
        overlap: minimum share of a sentence's words in the passage.
    """

    use: Literal["supported"]
    overlap: float = Field(default=0.7, gt=0, le=1)

    def check(self, answer: Answer) -> AssertionResult:
        """Check each sentence; a refusal makes no claim and so passes."""
        if is_refusal(answer.text):
            return passed(self.use)
        lines = answer.prose.splitlines()
        claims = [text[span.start : span.end] for text in lines for span in sentences(text)]
        if not any(words(claim) for claim in claims):
            return failed(self.use, "no_claim")
        texts = [passage.text for passage in answer.context]
        holds = all(any(bears_out(text, claim, self.overlap) for text in texts) for claim in claims)
        return outcome(self.use, "unsupported_sentence", holds=holds)


def bears_out(text: str, claim: str, overlap: float) -> bool:
    """Whether a passage has the claim verbatim, or its numbers, enough of its words, and its negation."""
    if _says(text, claim):
        return True
    if not set(_NUMERAL.findall(claim)) <= set(_NUMERAL.findall(text)):
        return False
    claimed = set(words(claim))
    if claimed and len(claimed & set(words(text))) < overlap * len(claimed):
        return False
    return _negates(claim) == _negates(_nearest(text, claimed))


def _says(text: str, claim: str) -> bool:
    """Whether a passage has the claim verbatim from the start of a sentence or line; half a sentence may mislead."""
    starts = {span.start for span in sentences(text)} | {at + 1 for at, char in enumerate(text) if char == "\n"}
    said = " ".join(claim.split())
    return any(" ".join(text[start:].split()).startswith(said) for start in starts)


def _nearest(text: str, claimed: set[str]) -> str:
    """The run of up to 3 adjacent sentences that shares most words with the claim; the shortest of equals."""
    spans = sentences(text)
    stretches = [
        text[spans[first].start : spans[last].end]
        for first in range(len(spans))
        for last in range(first, min(first + 3, len(spans)))
    ]
    return max(stretches, key=lambda part: (len(claimed & set(words(part))), -len(part)), default="")


def _negates(text: str) -> bool:
    return not _NEGATIONS.isdisjoint(raw_words(text))
