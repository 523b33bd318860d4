"""Residual risk: probability of a remaining identifier, and the share of text lost to its removal."""

from typing import Final

from llmops.documents import DeidentifiedDocument, Evidence
from llmops.phi import PLACEHOLDER
from llmops.quality.checks.penalties import Penalties
from llmops.quality.placeholders import without_placeholders, words
from llmops.quality.policy import QualityPolicy

_NEGLIGIBLE: Final = 0.01


def check(document: DeidentifiedDocument, policy: QualityPolicy) -> tuple[float, tuple[Evidence, ...]]:
    """Subtract the de-identifier's own estimate, and half of the placeholders' excess over their allowance."""
    tally = Penalties()
    if document.residual_risk > _NEGLIGIBLE:
        tally.add("residual_risk", min(1.0, document.residual_risk))
    placeholders = sum(1 for _ in PLACEHOLDER.finditer(document.text))
    share = placeholders / max(1, placeholders + len(words(without_placeholders(document.text))))
    allowed = policy.residual_risk.placeholder_share
    if share > allowed:
        tally.add("heavy_redaction", 0.5 * (share - allowed) / (1 - allowed or 1))
    return tally.result()
