"""Prune the attention heads and inner neurons on which a trained network's loss depends least."""

from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from training.batches import Batch
from training.fit import loss
from training.network import HEAD, Weights, head_count, layer_count, run

Floats = npt.NDArray[np.float64]


def prune(weights: Weights, batches: Iterable[Batch], *, heads: Sequence[int], inner: Sequence[int]) -> Weights:
    """Keep the most important heads and neurons of each layer, in order.

    Importance is the first-order change of the loss when the unit is set to zero: gradient times weight, summed over
    its weights (Molchanov et al. 2019, "Importance Estimation for Neural Network Pruning") and over the batches.

    Args:
        weights: trained, as numpy arrays.
        batches: for the gradients.
        heads: number of attention heads to keep, for each layer.
        inner: number of neurons to keep between the two products, for each layer.
    """
    sums = _products(weights, batches)
    found = dict(weights)
    for number in range(layer_count(weights)):
        layer = f"layer.{number}"
        by_head = sums[f"{layer}.attention"].reshape(3, -1, HEAD).sum(axis=(0, 2))
        _keep_heads(found, layer, _best(by_head, heads[number]))
        _keep_inner(found, layer, _best(sums[f"{layer}.inner"], inner[number]))
    return found


def _products(weights: Weights, batches: Iterable[Batch]) -> dict[str, Floats]:
    """Sum |gradient x weight| over the batches for each row of the products that feed heads and neurons."""
    torch = import_module("torch")
    tensors = {name: torch.tensor(value, requires_grad=name != "words") for name, value in weights.items()}
    rows = [f"layer.{n}.{part}" for n in range(layer_count(weights)) for part in ("attention", "inner")]
    sums: dict[str, Floats] = {name: np.zeros(len(weights[name])) for name in rows}
    for batch in batches:
        ids, shapes, mask, wanted = (
            torch.from_numpy(values) for values in (batch.ids, batch.shapes, batch.mask, batch.targets)
        )
        for value in tensors.values():
            value.grad = None
        loss(torch, run(tensors, ids, shapes, mask), mask, wanted, None, 0.0).backward()
        for name in rows:
            sums[name] += (tensors[name].grad * tensors[name]).detach().sum(dim=1).abs().double().numpy()
    return sums


def _best(scores: Floats, count: int) -> npt.NDArray[np.int64]:
    return np.sort(np.argsort(-scores, kind="stable")[:count]).astype(np.int64)


def _keep_heads(weights: Weights, layer: str, kept: npt.NDArray[np.int64]) -> None:
    columns = (kept[:, None] * HEAD + np.arange(HEAD)).reshape(-1)
    width = weights[f"{layer}.mixed"].shape[1]
    rows = np.concatenate([columns + part * width for part in range(3)])
    _take(weights, (f"{layer}.attention", f"{layer}.attention.bias"), rows)
    weights[f"{layer}.mixed"] = weights[f"{layer}.mixed"][:, columns]


def _keep_inner(weights: Weights, layer: str, kept: npt.NDArray[np.int64]) -> None:
    _take(weights, (f"{layer}.inner", f"{layer}.inner.bias"), kept)
    weights[f"{layer}.outer"] = weights[f"{layer}.outer"][:, kept]


def _take(weights: Weights, names: Iterable[str], rows: npt.NDArray[np.int64]) -> None:
    for name in names:
        weights[name] = weights[name][rows]


def sizes(weights: Mapping[str, Any]) -> dict[str, str]:
    """Layer sizes of a network, for its card."""
    layers = [f"layer.{number}" for number in range(layer_count(weights))]
    return {
        "layers": str(len(layers)),
        "heads": "/".join(str(head_count(weights, layer)) for layer in layers),
        "inner": "/".join(str(len(weights[f"{layer}.inner"])) for layer in layers),
    }
