"""Define the recipe settings of the de-identification stage."""

from dataclasses import dataclass
from typing import Final, Literal

from llmops.errors import RecipeError

_SCORE_THRESHOLD: Final = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class DeidConfig:
    """The settings of `PresidioDeidentifier`.

    Args:
        use: the component.
        policy: name of a bundled policy or path of a YAML file.
        determination: reference of the expert's determination, for a policy under 164.514(b)(1).
        ner: the NER component of the spaCy pipeline behind Presidio; ``"none"`` runs the rules alone.
        score_threshold: findings below it are ignored; lower masks more, above the default is refused.
        word_threshold: minimum PHI probability at which a word is masked; applies only below the model card's own
            threshold, so no value masks less than the card says.
        recognizers: recognizers to add, each the path of a YAML file in Presidio's format or an entry point name of the
            group ``llmops.recognizers``.
        max_characters: longer documents are withheld, not searched in part.
        withhold_above_risk: residual risk in [0, 1] above which a document is withheld; 1 withholds none.
    """

    use: Literal["presidio"] = "presidio"
    policy: str = "safe_harbor"
    determination: str = ""
    ner: Literal["clinical", "spacy_sm", "none"] = "clinical"
    score_threshold: float = _SCORE_THRESHOLD
    word_threshold: float = 1.0
    recognizers: tuple[str, ...] = ()
    max_characters: int = 2_000_000
    withhold_above_risk: float = 1.0

    def __post_init__(self) -> None:
        """Refuse NaN limits, which would let everything pass because no comparison with NaN is true."""
        for name in ("score_threshold", "word_threshold", "withhold_above_risk"):
            if not 0 <= getattr(self, name) <= 1:
                raise RecipeError(f"deid: {name} must lie between 0 and 1")
        if self.score_threshold > _SCORE_THRESHOLD:
            raise RecipeError(f"deid: score_threshold may only be lowered, from {_SCORE_THRESHOLD}; higher loses finds")
