"""Write trained weights as an ONNX graph of fused operators that onnxruntime can quantise."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from llmops.deid.detect.ner.labels import OUTSIDE, TAGS
from training.network import EPSILON, head_count, layer_count, shape_table

Arrays = Mapping[str, npt.NDArray[np.float32]]

_FUSED: Final = "com.microsoft"
_OPSET: Final = 17
DOUBT: Final = "doubt.product"
"""Name of the node that is not quantised: it selects the pieces for the other layers."""


class GraphWriter:
    """Collect nodes and constants; each method adds one operator and returns the name of its output."""

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
        """Build and check the model."""
        helper = self._onnx.helper
        graph = helper.make_graph(self.nodes, "clinical_ner", inputs, outputs, initializer=self.constants)
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_FUSED, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=9, producer_name="llmops")


def build(weights: Arrays, *, longest: int, least_doubt: float) -> Any:
    """Build the graph: ``ids``, ``shapes`` (int64) and ``mask`` (int32, 1 where a piece is no padding), each
    (batch, pieces), to ``probabilities`` (batch, pieces, tags).

    If the weights have a doubt head, pieces below the minimum doubt stop after the first layer, and are outside with
    probability 1.

    Args:
        weights: trained, named as by `network.start_weights`.
        longest: maximum pieces of a window, including the special ones.
        least_doubt: minimum logit for a piece to be in doubt.
    """
    writer = GraphWriter()
    onnx = import_module("onnx")
    value = onnx.helper.make_tensor_value_info
    x = _layer(writer, weights, "layer.0", _embeddings(writer, weights, longest), "mask")
    chosen = _choose(writer, weights, x, least_doubt) if "doubt" in weights else None
    x, mask = (chosen.pieces, chosen.mask) if chosen else (x, "mask")
    for number in range(1, layer_count(weights)):
        x = _layer(writer, weights, f"layer.{number}", x, mask)
    x = writer.add("MatMul", [x, writer.constant("tags.weight", weights["tags"].T)], "tags.product")
    x = writer.add("Add", [x, writer.constant("tags.bias", weights["tags.bias"])], "tags.sum")
    if chosen:
        _put_back(writer, chosen, writer.add("Softmax", [x], "chosen.probabilities", axis=-1), "probabilities")
    else:
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


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Names of the tensors after the first layer: the k most doubtful pieces of each window.

    Args:
        pieces: (batch, k, hidden).
        mask: int32 (batch, k), 1 for pieces in doubt.
        places: int64 (batch, k, 1), original positions.
    """

    pieces: str
    mask: str
    places: str


def _choose(writer: GraphWriter, weights: Arrays, x: str, least_doubt: float) -> _Chosen:
    last = writer.constant("last.axis", np.array([-1], dtype=np.int64))
    least = writer.constant("doubt.least", np.array(least_doubt, dtype=np.float32))
    nothing = writer.constant("doubt.nothing", np.array(-1e9, dtype=np.float32))
    x_doubt = writer.add("MatMul", [x, writer.constant("doubt.weight", weights["doubt"].T)], DOUBT)
    doubt = writer.add("Add", [x_doubt, writer.constant("doubt.bias", weights["doubt.bias"])], "doubt.sum")
    doubt = writer.add("Squeeze", [doubt, last], "doubt.flat")
    doubt = writer.add("Where", [writer.add("Cast", ["mask"], "doubt.shown", to=9), doubt, nothing], "doubt.values")
    told = writer.add("GreaterOrEqual", [doubt, least], "doubt.told")
    count = writer.add("ReduceSum", [writer.add("Cast", [told], "doubt.ones", to=7), last], "doubt.counts", keepdims=0)
    most = writer.add("ReduceMax", [count], "doubt.most", axes=[0], keepdims=1)
    one = writer.constant("one", np.ones(1, dtype=np.int64))
    writer.add("Max", [most, one], "chosen.k")
    writer.nodes.append(
        import_module("onnx").helper.make_node(
            "TopK", ["doubt.values", "chosen.k"], ["chosen.doubts", "chosen.index"], name="chosen", axis=-1, sorted=0
        )
    )
    kept = writer.add("GreaterOrEqual", ["chosen.doubts", least], "chosen.told")
    mask = writer.add("Cast", [kept], "chosen.mask", to=6)
    places = writer.add("Unsqueeze", ["chosen.index", last], "chosen.places")
    return _Chosen(writer.add("GatherND", [x, places], "chosen.pieces", batch_dims=1), mask, places)


def _put_back(writer: GraphWriter, chosen: _Chosen, probabilities: str, output: str) -> None:
    """Scatter the answers to their pieces' positions; every other piece is outside."""
    row = np.zeros((1, 1, len(TAGS)), dtype=np.float32)
    row[..., OUTSIDE] = 1
    outside = writer.constant("outside", row)
    tags = writer.constant("tags.count", np.array([len(TAGS)], dtype=np.int64))
    mask = writer.add("Unsqueeze", [chosen.mask, "last.axis"], "chosen.mask3")
    told = writer.add("Cast", [mask], "chosen.bool", to=9)
    answers = writer.add("Where", [told, probabilities, outside], "chosen.answers")
    whole = writer.add("Concat", [writer.add("Shape", ["ids"], "ids.shape"), tags], "output.shape", axis=0)
    nothing = writer.add("Expand", [outside, whole], "output.outside")
    size = writer.add("Shape", [answers], "chosen.shape")
    places = writer.add("Expand", [chosen.places, size], "chosen.places3")
    writer.add("ScatterElements", [nothing, places, answers], output, axis=1)


def _embeddings(writer: GraphWriter, weights: Arrays, longest: int) -> str:
    """Sum word, shape and position embeddings; a row of the word table has 8-bit values and its own scale."""
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


def _layer(writer: GraphWriter, weights: Arrays, layer: str, x: str, mask: str) -> str:
    def constant(name: str, *, transposed: bool = False) -> str:
        value = weights[f"{layer}.{name}"]
        return writer.constant(f"{layer}.{name}", value.T if transposed else value)

    def product(source: str, name: str) -> str:
        return writer.add("MatMul", [source, constant(name, transposed=True)], f"{layer}.{name}.product")

    joint = [constant("attention", transposed=True), constant("attention.bias")]
    seen = writer.fused("Attention", [x, *joint, mask], f"{layer}.seen", num_heads=head_count(weights, layer))
    x = _joined(writer, constant, x, product(seen, "mixed"), f"{layer}.mixed", "mixed")
    inner = writer.add("Add", [product(x, "inner"), constant("inner.bias")], f"{layer}.inner.biased")
    inner = writer.fused("Gelu", [inner], f"{layer}.inner.active")
    return _joined(writer, constant, x, product(inner, "outer"), f"{layer}.outer", "outer")


def _joined(writer: GraphWriter, constant: Any, x: str, branch: str, output: str, name: str) -> str:
    """Add a branch with its bias to the residual stream and normalise.

    Three plain operators: onnxruntime's fused SkipLayerNormalization takes five times as long on a CPU.
    """
    biased = writer.add("Add", [branch, constant(f"{name}.bias")], f"{output}.biased")
    total = writer.add("Add", [biased, x], f"{output}.total")
    norm = [constant(f"{name}.norm"), constant(f"{name}.norm.bias")]
    return writer.add("LayerNormalization", [total, *norm], f"{output}.stream", axis=-1, epsilon=EPSILON)
