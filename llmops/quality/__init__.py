"""Score the fitness for use of de-identified documents: six dimensions, evidence, duplicates, scorecard."""

from llmops.quality.config import QualityConfig
from llmops.quality.duplicates import find_duplicates
from llmops.quality.policy import QualityPolicy, load_policy
from llmops.quality.scorecard import Scorecard, scorecard
from llmops.quality.scorer import Scorer
from llmops.quality.similarity import body_key, content_key

__all__ = [
    "QualityConfig",
    "QualityPolicy",
    "Scorecard",
    "Scorer",
    "body_key",
    "content_key",
    "find_duplicates",
    "load_policy",
    "scorecard",
]
