"""Write boosted trees as an ONNX graph, which the runtime evaluates in microseconds."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Final

import numpy as np

_LISTS: Final = ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids")


def graph(trees: Sequence[Mapping[str, Any]], features: int) -> bytes:
    """Build the graph ``rows`` (words, features) -> ``odds`` (words, 1), the log odds.

    Args:
        trees: ``tree_structure`` of each, as in a LightGBM dump; splits are "less or equal", no value is missing.
        features: number of columns of a row.
    """
    onnx = import_module("onnx")
    helper, kinds = onnx.helper, onnx.TensorProto
    nodes: dict[str, list[Any]] = {name: [] for name in _LISTS}
    leaves: dict[str, list[Any]] = {"treeids": [], "nodeids": [], "ids": [], "weights": []}
    for number, tree in enumerate(trees):
        _add(tree, number, nodes, leaves)
    ensemble = helper.make_node(
        "TreeEnsembleRegressor",
        ["rows"],
        ["odds"],
        domain="ai.onnx.ml",
        n_targets=1,
        aggregate_function="SUM",
        post_transform="NONE",
        **{f"nodes_{name}": found for name, found in nodes.items()},
        **{f"target_{name}": found for name, found in leaves.items()},
    )
    model = helper.make_model(
        helper.make_graph(
            [ensemble],
            "judge",
            [helper.make_tensor_value_info("rows", kinds.FLOAT, [None, features])],
            [helper.make_tensor_value_info("odds", kinds.FLOAT, [None, 1])],
        ),
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)],
        ir_version=8,
    )
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _add(node: Mapping[str, Any], tree: int, nodes: dict[str, list[Any]], leaves: dict[str, list[Any]]) -> int:
    """Add a node and its descendants; return its number."""
    number = sum(1 for known in nodes["treeids"] if known == tree)
    leaf = "leaf_value" in node
    row = {
        "treeids": tree,
        "nodeids": number,
        "featureids": 0 if leaf else node["split_feature"],
        "values": 0.0 if leaf else _below(node["threshold"]),
        "modes": "LEAF" if leaf else "BRANCH_LEQ",
        "truenodeids": 0,
        "falsenodeids": 0,
    }
    position = len(nodes["treeids"])
    for name, value in row.items():
        nodes[name].append(value)
    if leaf:
        for name, value in {"treeids": tree, "nodeids": number, "ids": 0, "weights": node["leaf_value"]}.items():
            leaves[name].append(value)
    else:
        nodes["truenodeids"][position] = _add(node["left_child"], tree, nodes, leaves)
        nodes["falsenodeids"][position] = _add(node["right_child"], tree, nodes, leaves)
    return number


def _below(threshold: float) -> float:
    """Greatest float32 not above the threshold, so that a float32 is on the same side of both."""
    near = np.float32(threshold)
    return float(near if near <= threshold else np.nextafter(near, np.float32(-np.inf)))
