"""How the de-identification stage is configured in a recipe."""

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
        score_threshold: finds below it are left; lower masks more, and higher than the default is refused.
        word_threshold: probability of being PHI from which on a word is masked, where it is lower than the model's own:
            lower masks more, and no value masks less than the model's card says.
        recognizers: recognizers to add, of each the path of a YAML file in Presidio's format or the name of an entry
            point of the group ``llmops.recognizers``.
        max_characters: longer documents are withheld rather than searched in part.
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
        """Refuse a limit that would let everything pass, as no comparison with it is true."""
        for name in ("score_threshold", "word_threshold", "withhold_above_risk"):
            if not 0 <= getattr(self, name) <= 1:
                raise RecipeError(f"deid: {name} must lie between 0 and 1")
        if self.score_threshold > _SCORE_THRESHOLD:
            raise RecipeError(f"deid: score_threshold may only be lowered, from {_SCORE_THRESHOLD}; higher loses finds")
