"""Makes a smaller network out of a trained one: some of its layers, taught by its probabilities."""

from importlib import import_module
from pathlib import Path
from typing import Any

from llmops.deid.ner.shipped import open_model
from llmops.deid.ner.training.batches import Batch
from llmops.deid.ner.training.fit import Teacher
from llmops.deid.ner.training.network import Weights


def pick_layers(weights: Weights, layers: tuple[int, ...]) -> Weights:
    """Keep the named layers of a trained network, in order, and everything that belongs to no layer."""
    found = {name: value for name, value in weights.items() if not name.startswith("layer.")}
    for number, layer in enumerate(layers):
        old = f"layer.{layer}."
        found.update({f"layer.{number}.{n.removeprefix(old)}": v for n, v in weights.items() if n.startswith(old)})
    return found


def teacher(folder: Path, threads: int) -> Teacher:
    """Open a model folder as a teacher.

    Args:
        folder: as `export` writes it.
        threads: that the teacher may use.

    Raises:
        RecipeError: the model files are missing or not the pinned ones.
    """
    ort: Any = import_module("onnxruntime")
    torch: Any = import_module("torch")
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    session = ort.InferenceSession(
        open_model(folder).network, sess_options=options, disabled_optimizers=["SkipLayerNormFusion"]
    )

    def probabilities(batch: Batch) -> Any:
        mask = batch.mask.astype("int32")
        return torch.from_numpy(session.run(None, {"ids": batch.ids, "shapes": batch.shapes, "mask": mask})[0])

    return probabilities
