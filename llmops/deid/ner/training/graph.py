"""Writes trained weights as an ONNX graph of fused operators that onnxruntime can quantise."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from llmops.deid.ner.training.network import EPSILON, head_count, layer_count, shape_table

Arrays = Mapping[str, npt.NDArray[np.float32]]

_FUSED: Final = "com.microsoft"
_OPSET: Final = 17


class GraphWriter:
    """Collects nodes and constants; each method adds one operator and gives the name of its output."""

    def __init__(self) -> None:
        self._onnx = import_module("onnx")
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, name: str, value: npt.NDArray[Any]) -> str:
        """Add a named constant."""
        self.constants.append(self._onnx.numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Add an operator of the standard set."""
        self.nodes.append(self._onnx.helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def fused(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Add one of onnxruntime's fused operators."""
        return self.add(operator, inputs, output, domain=_FUSED, **attributes)

    def model(self, inputs: list[Any], outputs: list[Any]) -> Any:
        """Make the checked model."""
        helper = self._onnx.helper
        graph = helper.make_graph(self.nodes, "clinical_ner", inputs, outputs, initializer=self.constants)
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_FUSED, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=9, producer_name="llmops")


def build(weights: Arrays, *, longest: int) -> Any:
    """Build the graph: ``ids``, ``shapes`` (int64) and ``mask`` (int32, 1 where a piece is no padding), each
    (batch, pieces), to ``probabilities`` (batch, pieces, tags).

    Args:
        weights: trained, as `network.start_weights` names them.
        longest: most pieces of a window, the special ones counted.
    """
    writer = GraphWriter()
    onnx = import_module("onnx")
    value = onnx.helper.make_tensor_value_info
    x = _embeddings(writer, weights, longest)
    for number in range(layer_count(weights)):
        x = _layer(writer, weights, f"layer.{number}", x)
    x = writer.add("MatMul", [x, writer.constant("tags.weight", weights["tags"].T)], "tags.product")
    x = writer.add("Add", [x, writer.constant("tags.bias", weights["tags.bias"])], "tags.sum")
    writer.add("Softmax", [x], "probabilities", axis=-1)
    shape = ["batch", "pieces"]
    return writer.model(
        [
            value("ids", onnx.TensorProto.INT64, shape),
            value("shapes", onnx.TensorProto.INT64, shape),
            value("mask", onnx.TensorProto.INT32, shape),
        ],
        [value("probabilities", onnx.TensorProto.FLOAT, [*shape, weights["tags"].shape[0]])],
    )


def _embeddings(writer: GraphWriter, weights: Arrays, longest: int) -> str:
    """Sum word, shape and position embeddings; a row of the word table is eight bits and a scale of its own."""
    words = weights["words"]
    scales = np.maximum(np.abs(words).max(axis=1, keepdims=True), 1e-8) / 127
    rounded = np.clip(np.rint(words / scales), -127, 127).astype(np.int8)
    rows = writer.add("Gather", [writer.constant("words.int8", rounded), "ids"], "words.rows")
    scale = writer.add("Gather", [writer.constant("words.scale", scales.astype(np.float32)), "ids"], "words.scales")
    floats = writer.add("Cast", [rows], "words.floats", to=1)
    word = writer.add("Mul", [floats, scale], "words.values")
    shapes = shape_table(weights, np.concatenate)
    shape = writer.add("Gather", [writer.constant("shape.table", shapes), "shapes"], "shape.values")
    size = writer.add("Shape", ["ids"], "length", start=1, end=2)
    positions = writer.constant("position.table", weights["positions"][:longest])
    zero = writer.constant("zero", np.zeros(1, dtype=np.int64))
    position = writer.add("Slice", [positions, zero, size, zero], "position.values")
    total = writer.add("Add", [writer.add("Add", [word, shape], "word.shape"), position], "embedding")
    norm = [writer.constant("norm.scale", weights["norm"]), writer.constant("norm.shift", weights["norm.bias"])]
    return writer.add("LayerNormalization", [total, *norm], "embedding.norm", axis=-1, epsilon=EPSILON)


def _layer(writer: GraphWriter, weights: Arrays, layer: str, x: str) -> str:
    def constant(name: str, *, transposed: bool = False) -> str:
        value = weights[f"{layer}.{name}"]
        return writer.constant(f"{layer}.{name}", value.T if transposed else value)

    def product(source: str, name: str) -> str:
        return writer.add("MatMul", [source, constant(name, transposed=True)], f"{layer}.{name}.product")

    joint = [constant("attention", transposed=True), constant("attention.bias")]
    seen = writer.fused("Attention", [x, *joint, "mask"], f"{layer}.seen", num_heads=head_count(weights, layer))
    x = _joined(writer, constant, x, product(seen, "mixed"), f"{layer}.mixed", "mixed")
    inner = writer.add("Add", [product(x, "inner"), constant("inner.bias")], f"{layer}.inner.biased")
    inner = writer.fused("Gelu", [inner], f"{layer}.inner.active")
    return _joined(writer, constant, x, product(inner, "outer"), f"{layer}.outer", "outer")


def _joined(writer: GraphWriter, constant: Any, x: str, branch: str, output: str, name: str) -> str:
    """Add a branch with its bias back to the stream and normalise.

    Three plain operators: onnxruntime's fused SkipLayerNormalization takes five times as long on a CPU.
    """
    biased = writer.add("Add", [branch, constant(f"{name}.bias")], f"{output}.biased")
    total = writer.add("Add", [biased, x], f"{output}.total")
    norm = [constant(f"{name}.norm"), constant(f"{name}.norm.bias")]
    return writer.add("LayerNormalization", [total, *norm], f"{output}.stream", axis=-1, epsilon=EPSILON)
