"""Recipe settings of the scorer; all others are in the policy."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from llmops.errors import RecipeError


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityConfig:
    """Score documents by a policy.

    Args:
        policy: name of a bundled policy (``configs/quality``) or path of a YAML file.
        reference_year: dates in a later year are implausible; 0 skips dates, since a stage has no clock.
        checks: weight by name of each check added by an installed package
            (`llmops.plugins.Extension.CHECK`); its dimension has that name.
        min_score: documents below are withheld; 0 uses the policy's ``min_score``.

    Raises:
        RecipeError: a number is out of range.
    """

    use: Literal["default"] = "default"
    policy: str = "default"
    reference_year: int = 0
    min_score: float = 0.0
    checks: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        if not 0 <= self.min_score <= 1:
            raise RecipeError("quality: min_score must lie between 0 and 1")
        if any(not 0 <= weight < math.inf for weight in self.checks.values()):
            raise RecipeError("quality: the weight of a check must be a number that is not negative")
        if self.reference_year and not 1900 <= self.reference_year <= 2200:
            raise RecipeError("quality: reference_year must be a year between 1900 and 2200, or 0 for none")
