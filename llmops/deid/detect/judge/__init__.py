"""Decides of each word, from what network, rules, vocabulary and the text around it say, whether it is PHI."""

from llmops.deid.detect.judge.evidence import WIDTH, WORD, WordEvidence, gather
from llmops.deid.detect.judge.judge import Judge
from llmops.deid.detect.judge.lexicon import Lexicon

__all__ = ["WIDTH", "WORD", "Judge", "Lexicon", "WordEvidence", "gather"]
