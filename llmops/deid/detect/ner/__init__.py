"""The shipped clinical NER: a small transformer token classifier run by onnxruntime."""

from llmops.deid.detect.ner.clinical import ClinicalNer
from llmops.deid.detect.ner.entities import Entity

__all__ = ["ClinicalNer", "Entity"]
