"""Finds PHI in batches of texts: Presidio over our recognizers, then what one find says about the rest of its text."""

from collections.abc import Iterable, Sequence
from typing import Any

from llmops.deid.config import DeidConfig
from llmops.deid.detect.combine import weigh
from llmops.deid.detect.complete import complete
from llmops.deid.detect.judge import Judge
from llmops.deid.detect.known.matcher import KnownMatcher
from llmops.deid.detect.normal_form import composed
from llmops.deid.detect.propagate import propagate
from llmops.deid.detect.vetoes import vetted
from llmops.deid.placeholders import outside_placeholders
from llmops.deid.spans import Span, View, resolve
from llmops.errors import StageError


class Analyzer:
    """Finds PHI in texts. The model loads on first use; one instance must not be shared between threads."""

    def __init__(self, config: DeidConfig) -> None:
        self._config = config
        self._engine: Any = None
        self._judge: Any = None

    def find(self, texts: Sequence[str], known: Sequence[KnownMatcher | None] = ()) -> list[tuple[Span, ...]]:
        """Find PHI in each text.

        Args:
            texts: any texts. PHI.
            known: for each text the matcher of its subject's known identifiers, or None; empty for none at all.

        Returns:
            For each text its finds: disjoint, ordered, placeholders left out.
        """
        from llmops.deid.detect.presidio import analyze_batch  # noqa: PLC0415 - Presidio and spaCy cost seconds to import

        matchers = known or [None] * len(texts)
        whole = [composed(text) for text in texts]
        analysed = list(analyze_batch(self._loaded(), [one.text for one in whole]))
        return [
            tuple(one.placed(span) for span in self._complete(view, spans, matcher))
            for one, (view, spans), matcher in zip(whole, analysed, matchers, strict=True)
        ]

    def _complete(self, view: View, spans: Iterable[Span], matcher: KnownMatcher | None) -> tuple[Span, ...]:
        strong = [span for span in spans if span.score >= self._config.score_threshold]
        if self._judge is not None:
            if view.words is None:
                raise StageError("the network left no answer on a text")
            least = min(self._config.word_threshold, self._judge.threshold)
            strong = weigh(view, strong, self._judge.words(view, strong), least)
        strong = vetted(view, strong)
        if matcher is not None:
            strong.extend(matcher.find(view))
        found = self._resolved(view, strong)
        more = vetted(view, propagate(view, found))
        return self._resolved(view, complete(view, self._resolved(view, (*found, *more)) if more else found))

    @staticmethod
    def _resolved(view: View, spans: Iterable[Span]) -> tuple[Span, ...]:
        return resolve(outside_placeholders(spans, view.text), view.folded)

    def _loaded(self) -> Any:
        if self._engine is None:
            from llmops.deid.detect.presidio import build_engine  # noqa: PLC0415 - loads on first use
            from llmops.deid.detect.recognizers import FINDERS  # noqa: PLC0415 - compiles every pattern

            if self._config.ner == "clinical":
                self._judge = Judge()
            self._engine = build_engine(self._config.ner, FINDERS)
        return self._engine
