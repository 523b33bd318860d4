"""The settings of the scorer that a recipe gives; everything else is the policy's."""

from dataclasses import dataclass
from typing import Literal

from llmops.errors import RecipeError


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityConfig:
    """Scores documents by a policy.

    Args:
        policy: name of a bundled policy (``configs/quality``) or path of a YAML file.
        reference_year: dates of a later year are implausible; 0 judges no date, since a stage has no clock.
        min_score: documents below are withheld; 0 leaves the policy's ``min_score`` in force.

    Raises:
        RecipeError: a number is out of range.
    """

    use: Literal["default"] = "default"
    policy: str = "default"
    reference_year: int = 0
    min_score: float = 0.0

    def __post_init__(self) -> None:
        """Refuse numbers that could never work."""
        if not 0 <= self.min_score <= 1:
            raise RecipeError("quality: min_score must lie between 0 and 1")
        if self.reference_year and not 1900 <= self.reference_year <= 2200:
            raise RecipeError("quality: reference_year must be a year between 1900 and 2200, or 0 for none")
