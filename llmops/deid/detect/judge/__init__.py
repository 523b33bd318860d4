"""Decide for each word whether it is PHI, from network, rules, vocabulary and context."""

from llmops.deid.detect.judge.evidence import WIDTH, WORD, WordEvidence, gather
from llmops.deid.detect.judge.judge import Judge
from llmops.deid.detect.judge.lexicon import Lexicon

__all__ = ["WIDTH", "WORD", "Judge", "Lexicon", "WordEvidence", "gather"]
