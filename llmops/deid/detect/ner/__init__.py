"""Our own clinical NER: a small transformer token classifier that comes with the package and runs on onnxruntime."""

from llmops.deid.detect.ner.clinical import ClinicalNer
from llmops.deid.detect.ner.entities import Entity

__all__ = ["ClinicalNer", "Entity"]
