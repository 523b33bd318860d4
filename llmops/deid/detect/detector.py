"""Find PHI in batches of texts; imports Presidio and spaCy on first use, which takes seconds."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from llmops.deid.config import DeidConfig
from llmops.deid.detect.known.matcher import KnownMatcher
from llmops.deid.spans import Span

if TYPE_CHECKING:
    from llmops.deid.detect.presidio import ClinicalAnalyzer


class Detector:
    """Find PHI in texts. The model loads on first use; not thread-safe.

    Args:
        config: NER component, thresholds and added recognizers.
    """

    def __init__(self, config: DeidConfig) -> None:
        self._config = config
        self._engine: ClinicalAnalyzer | None = None

    @property
    def engine(self) -> "ClinicalAnalyzer":
        """The Presidio engine.

        Raises:
            RecipeError: a model file or an added recognizer cannot be used.
        """
        if self._engine is None:
            from llmops.deid.detect.presidio import ClinicalAnalyzer  # noqa: PLC0415 - loads on first use

            self._engine = ClinicalAnalyzer(self._config)
        return self._engine

    def find(self, texts: Sequence[str], known: Sequence[KnownMatcher | None] = ()) -> list[tuple[Span, ...]]:
        """Find PHI in each text.

        Args:
            texts: any texts. PHI.
            known: per text, the matcher of its subject's known identifiers, or None; empty for none.

        Returns:
            Per text, its findings: disjoint, ordered, without placeholders.
        """
        return list(self.engine.find(texts, known or [None] * len(texts)))

    def count_added(self, text: str) -> int:
        """Count findings of added recognizers in a text that is about to leave. PHI."""
        return self.engine.added.count(text) if self._config.recognizers else 0
