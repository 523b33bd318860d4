"""Distil a smaller network from a trained one: a subset of its layers, pruned, trained on its probabilities."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from llmops.deid.detect.ner.shipped import open_model
from training.batches import Batch, training_batches
from training.fillers import Fillers
from training.fit import FitSettings, Teacher, epoch_notes, fit, kept
from training.network import Weights, with_doubt
from training.notes import Note
from training.prune import prune

_PRUNING_BATCHES: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class StudentSettings:
    """Size and training of the student.

    Args:
        layers: layers of the teacher to start from.
        heads, inner: attention heads and inner neurons kept in each layer; layers after the first process part of the
            pieces, so they may be larger.
        whole_epochs: epochs before pruning.
        epochs: epochs after pruning.
        learning_rate: peak rate after pruning: a small network tolerates more.
        doubts: range of the minimum doubt for a piece to pass layer 1, after pruning (`FitSettings`).
    """

    layers: tuple[int, ...] = (1, 3, 4, 5)
    heads: tuple[int, ...] = (3, 5, 5, 5)
    inner: tuple[int, ...] = (384, 1024, 1024, 1024)
    whole_epochs: int = 1
    epochs: int = 2
    learning_rate: float = 5e-4
    doubts: tuple[float, float] = (-5.0, -3.0)


def distil(
    weights: Weights,
    notes: Sequence[Note],
    tokenizer: Any,
    settings: FitSettings,
    student: StudentSettings,
    guide: Teacher,
    work: Path,
) -> Weights:
    """Distil a smaller network; each stage is stored in the work folder and not repeated.

    Args:
        weights: teacher weights, as numpy arrays.
        notes: training notes, re-filled and damaged anew in each epoch.
        tokenizer: a ``tokenizers.Tokenizer``.
        settings: teacher's settings; epochs, rate and seed are the student's.
        student: size of the student.
        guide: gives the teacher's probabilities.
        work: folder for the stages.
    """
    first = replace(settings, epochs=student.whole_epochs, seed=settings.seed + 1)
    start = with_doubt(pick_layers(weights, student.layers), settings.seed)
    whole = kept(
        work / "layers.npz",
        lambda: fit(start, notes, tokenizer, first, work / "layers.pt", guide),
    )
    second = replace(
        settings,
        epochs=student.epochs,
        learning_rate=student.learning_rate,
        seed=settings.seed + 2,
        doubts=student.doubts,
    )
    rng = random.Random(settings.seed)  # noqa: S311 - repeatable on purpose
    shown = epoch_notes(notes, Fillers.of(notes), settings, rng)
    batches = training_batches(tokenizer, shown, settings.batch_size, rng)[:_PRUNING_BATCHES]
    return kept(
        work / "student.npz",
        lambda: fit(
            prune(whole, batches, heads=student.heads, inner=student.inner),
            notes,
            tokenizer,
            second,
            work / "student.pt",
            guide,
        ),
    )


def pick_layers(weights: Weights, layers: tuple[int, ...]) -> Weights:
    """Keep the named layers of a trained network, in order, and all weights outside layers."""
    found = {name: value for name, value in weights.items() if not name.startswith("layer.")}
    for number, layer in enumerate(layers):
        old = f"layer.{layer}."
        found.update({f"layer.{number}.{n.removeprefix(old)}": v for n, v in weights.items() if n.startswith(old)})
    return found


def teacher(folder: Path, threads: int) -> Teacher:
    """Open a model folder as a teacher.

    Args:
        folder: written by `export`.
        threads: CPU threads of the teacher.

    Raises:
        RecipeError: a model file is missing or does not match its pin.
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
