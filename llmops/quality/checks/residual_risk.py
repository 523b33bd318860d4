"""Residual risk: how likely an identifier is left, and how much of the text its removal cost."""

from typing import Final

from llmops.documents import DeidentifiedDocument, Evidence
from llmops.phi import PLACEHOLDER
from llmops.quality.checks.penalties import Penalties
from llmops.quality.placeholders import without_placeholders, words
from llmops.quality.policy import QualityPolicy

_NEGLIGIBLE: Final = 0.01


def check(document: DeidentifiedDocument, policy: QualityPolicy) -> tuple[float, tuple[Evidence, ...]]:
    """Take off the de-identifier's own estimate, and half of what placeholders exceed their allowance by."""
    tally = Penalties()
    if document.residual_risk > _NEGLIGIBLE:
        tally.add("residual_risk", min(1.0, document.residual_risk))
    placeholders = sum(1 for _ in PLACEHOLDER.finditer(document.text))
    share = placeholders / max(1, placeholders + len(words(without_placeholders(document.text))))
    allowed = policy.residual_risk.placeholder_share
    if share > allowed:
        tally.add("heavy_redaction", 0.5 * (share - allowed) / (1 - allowed or 1))
    return tally.result()
