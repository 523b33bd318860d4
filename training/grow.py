"""Add inner neurons to a trained network without changing its output."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from training.network import HIDDEN, Weights, layer_count

_SPREAD: Final = 0.02


def grow(weights: Weights, *, inner: Sequence[int], seed: int) -> Weights:
    """Add neurons between the two products of each layer; the output is unchanged until further training.

    Input weights are random, output weights zero: each neuron learns something different from the first step.

    Args:
        weights: trained, as numpy arrays.
        inner: minimum number of neurons of each layer; entries beyond the last layer are ignored.
        seed: seed of the fresh weights.
    """
    rng = np.random.default_rng((seed, 2))
    grown = dict(weights)
    for number, wanted in enumerate(inner[: layer_count(weights)]):
        layer = f"layer.{number}"
        fresh = max(0, wanted - len(weights[f"{layer}.inner"]))
        coming = rng.normal(0, _SPREAD, (fresh, HIDDEN)).astype(np.float32)
        grown[f"{layer}.inner"] = np.concatenate([weights[f"{layer}.inner"], coming])
        grown[f"{layer}.inner.bias"] = np.concatenate([weights[f"{layer}.inner.bias"], np.zeros(fresh, np.float32)])
        grown[f"{layer}.outer"] = np.concatenate(
            [weights[f"{layer}.outer"], np.zeros((HIDDEN, fresh), np.float32)], axis=1
        )
    return grown
