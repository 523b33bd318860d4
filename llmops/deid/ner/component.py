"""The network as the ``ner`` component of a spaCy pipeline, which is where Presidio looks for entities."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import filter_spans

from llmops.deid.ner.clinical import ClinicalNer
from llmops.deid.ner.entities import Entity
from llmops.deid.ner.shipped import SHIPPED

COMPONENT: Final = "llmops_clinical_ner"
"""Name of the component factory: ``nlp.add_pipe(COMPONENT, name="ner")``."""

_ENTITIES: Final = "llmops_clinical_ner"


class ClinicalNerComponent:
    """Sets ``doc.ents`` on spaCy's tokens, and keeps the exact offsets and scores for `entities_of`.

    Args:
        model: folder of the model.
        batch_size: texts to one call of the network.
    """

    def __init__(self, model: Path, batch_size: int) -> None:
        self._ner = ClinicalNer(model)
        self._batch_size = batch_size

    def __call__(self, doc: Doc) -> Doc:
        """Answer one document."""
        return self._set(doc, self._ner.entities([doc.text])[0])

    def pipe(self, stream: Iterable[Doc], *, batch_size: int | None = None) -> Iterator[Doc]:
        """Answer documents in order, many windows to a pass of the network."""
        documents = iter(stream)
        while batch := list(islice(documents, batch_size or self._batch_size)):
            found = self._ner.entities([doc.text for doc in batch])
            yield from (self._set(doc, entities) for doc, entities in zip(batch, found, strict=True))

    def _set(self, doc: Doc, found: list[Entity]) -> Doc:
        spans = [doc.char_span(e.start, e.end, label=e.label, alignment_mode="expand") for e in found]
        doc.ents = filter_spans([span for span in spans if span is not None])
        doc.user_data[_ENTITIES] = tuple(found)
        return doc


@Language.factory(COMPONENT, default_config={"model": str(SHIPPED), "batch_size": 16}, assigns=["doc.ents"])
def make_component(nlp: Language, name: str, model: str, batch_size: int) -> ClinicalNerComponent:  # noqa: ARG001
    """Make the component; spaCy gives the pipeline and the name."""
    return ClinicalNerComponent(Path(model), batch_size)


def entities_of(doc: Doc) -> tuple[Entity, ...]:
    """Give what the component found in a document, with offsets in the text rather than in tokens.

    Raises:
        KeyError: the component did not run over the document; nothing may pass as if it had.
    """
    found: tuple[Entity, ...] = doc.user_data[_ENTITIES]
    return found
