"""Write trained weights as the model folder that `llmops.deid.detect.ner.shipped` opens."""

import hashlib
import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from llmops.deid.detect.ner.labels import LABELS, TAGS
from llmops.deid.detect.ner.shipped import CARD, LEXICON, NETWORK, TREES, VOCABULARY
from training.batches import WINDOW
from training.graph import DOUBT, build
from training.network import Weights

CONTEXT: Final = 8
"""Pieces on each side of a window's core that the network sees but does not label."""
CORE: Final = WINDOW - 2 * CONTEXT
LEAST_DOUBT: Final = -4.6
"""Minimum logit of PHI after the first layer for a piece to pass through the other layers."""


def export(
    weights: Weights, tokenizer: Any, folder: Path, *, thresholds: Mapping[str, float], provenance: Mapping[str, str]
) -> None:
    """Write network (int8), vocabulary and card.

    Products are quantised dynamically to 7 bits, with one scale per output channel: 8 bits saturate on processors
    without VNNI, which would give other answers.

    Args:
        weights: trained, as numpy arrays.
        tokenizer: a ``tokenizers.Tokenizer``.
        folder: target folder.
        thresholds: minimum probability of PHI, for each of `LABELS`.
        provenance: the card's facts about the model's origin.
    """
    folder.mkdir(parents=True, exist_ok=True)
    exact = folder / "exact.onnx"
    import_module("onnx").save(build(weights, longest=WINDOW + 2, least_doubt=LEAST_DOUBT), str(exact))
    quantization = import_module("onnxruntime.quantization")
    quantization.quantize_dynamic(
        str(exact),
        str(folder / NETWORK),
        op_types_to_quantize=["MatMul", "Attention"],
        per_channel=True,
        reduce_range=True,
        nodes_to_exclude=[DOUBT],
        weight_type=quantization.QuantType.QInt8,
        extra_options={"MatMulConstBOnly": True, "DefaultTensorType": 1},
    )
    exact.unlink()
    tokenizer.no_truncation()
    tokenizer.no_padding()
    (folder / VOCABULARY).write_text(tokenizer.to_str(), encoding="utf-8")
    write_card(folder, thresholds=thresholds, provenance=provenance)


def write_card(folder: Path, *, thresholds: Mapping[str, float], provenance: Mapping[str, str]) -> None:
    """Pin the files of a model folder and record how to read its answers."""
    card = {
        "tags": list(TAGS),
        "thresholds": {label: thresholds[label] for label in LABELS},
        "core": CORE,
        "context": CONTEXT,
        "provenance": dict(provenance),
    }
    (folder / CARD).write_text(json.dumps(card), encoding="utf-8")
    pin(folder, {})


def pin(folder: Path, more: Mapping[str, Any]) -> None:
    """Pin the current files of a model folder, and extend its card."""
    files = [name for name in (NETWORK, VOCABULARY, TREES, LEXICON) if (folder / name).exists()]
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in files}
    card = json.loads((folder / CARD).read_bytes()) | {**more, "sha256": digests}
    (folder / CARD).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
