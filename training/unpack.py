"""Read the weights of an exported network, so that training can continue."""

from importlib import import_module

import numpy as np
import numpy.typing as npt

from llmops.deid.detect.ner.pieces import SHAPE_FIELDS
from training.network import Weights

Array = npt.NDArray[np.float32]


def unpack(network: bytes) -> Weights:
    """Return the weights of an exported network as numpy arrays, named as by `network.start_weights`.

    Quantised products are dequantised; exported again they give the same 8-bit values.

    Args:
        network: the ONNX graph written by `export`.
    """
    onnx = import_module("onnx")
    held = {one.name: onnx.numpy_helper.to_array(one) for one in onnx.load_from_string(network).graph.initializer}
    found: Weights = {
        "words": _floats(held["words.int8"]) * held["words.scale"],
        "positions": held["position.table"],
        "norm": held["norm.scale"],
        "norm.bias": held["norm.shift"],
        "tags": _product(held, "tags.weight"),
        "tags.bias": held["tags.bias"],
        **_shapes(held["shape.table"]),
    }
    if "doubt.weight" in held:
        found |= {"doubt": held["doubt.weight"].T, "doubt.bias": held["doubt.bias"]}
    for name, value in held.items():
        layer, _, kind = name.removesuffix("_quantized").rpartition(".")
        if not layer.startswith("layer."):
            continue
        if name.endswith("_quantized"):
            found[f"{layer}.{kind}"] = _product(held, f"{layer}.{kind}")
        elif kind in {"bias", "norm"}:
            found[name] = value
    return {name: np.array(value, dtype=np.float32) for name, value in found.items()}


def _floats(value: npt.NDArray[np.int8]) -> Array:
    return value.astype(np.float32)


def _product(held: Weights, name: str) -> Array:
    weights: Array = (_floats(held[f"{name}_quantized"]) * held[f"{name}_scale"]).T
    return weights


def _shapes(table: Array) -> Weights:
    """Split the rows of all shapes into one embedding per value of each feature; their sums are the rows.

    Args:
        table: output of `network.shape_table`, the row of the special shape last.
    """
    values = np.unravel_index(np.arange(len(table) - 1), SHAPE_FIELDS)
    first = np.cumsum((0, *SHAPE_FIELDS))
    parts = np.zeros((len(table) - 1, first[-1]))
    for number, value in enumerate(values):
        parts[np.arange(len(parts)), first[number] + value] = 1
    solved = np.linalg.lstsq(parts, table[:-1].astype(np.float64), rcond=None)[0]
    found: Weights = {f"shape.{n}": solved[first[n] : first[n + 1]] for n in range(len(SHAPE_FIELDS))}
    return found | {f"shape.{len(SHAPE_FIELDS)}": table[-1:]}
