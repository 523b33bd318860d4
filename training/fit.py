"""Train the network on notes, epoch by epoch, from the last checkpoint."""

import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np

from llmops.deid.detect.ner.labels import OUTSIDE
from training.ageing import aged
from training.batches import Batch, training_batches
from training.damage import damage
from training.fillers import Fillers
from training.inserting import inserted
from training.network import Answer, Weights, run
from training.notes import IGNORED, Note
from training.refill import refill

_LOG = logging.getLogger(__name__)
_AGED: Final = 0.15
"""Share of ages in a re-filled note that are raised above 89."""

Teacher = Callable[[Batch], Any]
"""Return the tag probabilities (windows, pieces, tags) of a larger network, as a torch tensor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FitSettings:
    """Training settings.

    Args:
        epochs: passes over the notes, each with new fillers and damage.
        batch_size: windows per step.
        learning_rate: peak rate; warms up over the first tenth and falls linearly to zero.
        as_written: share of the notes left unchanged in an epoch.
        seed: seed for fillers, damage, order, dropout and fresh weights.
        bfloat16: compute products in bfloat16, twice as fast on processors that support it.
        teacher_share: weight of the teacher's probabilities against the marks, if there is a teacher.
        doubts: range of the minimum doubt after the first layer for a piece to continue (`network.run`), drawn for each
            step; None lets all continue.
        frozen: weights kept as pretrained, so that words absent from the notes keep their relation to the others.
    """

    epochs: int = 2
    batch_size: int = 8
    learning_rate: float = 2.5e-4
    as_written: float = 0.25
    seed: int = 20
    bfloat16: bool = True
    teacher_share: float = 0.8
    doubts: tuple[float, float] | None = None
    frozen: tuple[str, ...] = ("words",)


def fit(
    start: Weights,
    notes: Sequence[Note],
    tokenizer: Any,
    settings: FitSettings,
    checkpoint: Path,
    teacher: Teacher | None = None,
) -> Weights:
    """Train from the checkpoint if there is one, else from the given weights; write one after every epoch.

    Args:
        start: numpy arrays named as by `network.start_weights`.
        notes: training notes.
        tokenizer: a ``tokenizers.Tokenizer``.
        settings: training settings.
        checkpoint: file written after every epoch.
        teacher: teacher of a smaller network.

    Returns:
        The trained weights as numpy arrays.
    """
    torch = import_module("torch")
    torch.manual_seed(settings.seed)
    weights = {name: torch.tensor(value, requires_grad=name not in settings.frozen) for name, value in start.items()}
    learnt = [value for value in weights.values() if value.requires_grad]
    optimizer = torch.optim.AdamW(learnt, lr=settings.learning_rate, weight_decay=0.01)
    done = _resume(torch, checkpoint, weights, optimizer)
    fillers = Fillers.of(notes)
    for epoch in range(done, settings.epochs):
        rng = random.Random(f"{settings.seed}/{epoch}")  # noqa: S311 - repeatable on purpose
        batches = training_batches(tokenizer, epoch_notes(notes, fillers, settings, rng), settings.batch_size, rng)
        total = 0.0
        for number, batch in enumerate(batches):
            part = (epoch + number / len(batches)) / settings.epochs
            for group in optimizer.param_groups:
                group["lr"] = settings.learning_rate * min(part / 0.1, (1 - part) / 0.9)
            least = rng.uniform(*settings.doubts) if settings.doubts else None
            total += _step(torch, weights, optimizer, batch, settings, teacher, least)
        _LOG.info("epoch %d of %d: loss %.4f", epoch + 1, settings.epochs, total / len(batches))
        _save(torch, checkpoint, weights, optimizer, epoch + 1)
    return {name: value.detach().numpy() for name, value in weights.items()}


def epoch_notes(notes: Sequence[Note], fillers: Fillers, settings: FitSettings, rng: random.Random) -> list[Note]:
    """Return the notes of one epoch, most of them re-filled and some of those damaged."""
    return [
        note
        if rng.random() < settings.as_written
        else damage(inserted(refill(aged(note, _AGED, rng), fillers, rng), fillers, rng), rng)
        for note in notes
    ]


def _step(
    torch: Any,
    weights: Weights,
    optimizer: Any,
    batch: Batch,
    settings: FitSettings,
    teacher: Teacher | None,
    least_doubt: float | None,
) -> float:
    ids, shapes, mask, wanted = (
        torch.from_numpy(values) for values in (batch.ids, batch.shapes, batch.mask, batch.targets)
    )
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=settings.bfloat16):
        answer = run(weights, ids, shapes, mask, training=True, least_doubt=least_doubt)
    aim = None if teacher is None else teacher(batch)
    total = loss(torch, answer, mask, wanted, aim, settings.teacher_share)
    optimizer.zero_grad(set_to_none=True)
    total.backward()
    torch.nn.utils.clip_grad_norm_([v for v in weights.values() if v.requires_grad], 1.0)
    optimizer.step()
    return float(total.detach())


def loss(torch: Any, answer: Answer, mask: Any, wanted: Any, aim: Any, teacher_share: float) -> Any:
    """Compute the loss over the tags of pieces that passed all layers, and over the doubt of all non-free pieces.

    Args:
        torch: the module.
        answer: output of the network.
        mask: bool (batch, pieces), False where a piece is padding.
        wanted: int64 (batch, pieces), the marks' tags.
        aim: the teacher's probabilities (batch, pieces, tags), if there is a teacher.
        teacher_share: their weight against the marks.
    """
    functional = torch.nn.functional
    tags, marks = answer.tags.float()[answer.seen], wanted[answer.seen]
    apart = functional.cross_entropy(tags, marks, ignore_index=IGNORED, reduction="sum")
    apart = apart / (marks != IGNORED).sum().clamp(min=1)
    if aim is not None:
        taught = -(aim[answer.seen] * functional.log_softmax(tags, dim=-1)).sum() / max(1, len(tags))
        apart = teacher_share * taught + (1 - teacher_share) * apart
    if answer.doubt is None:
        return apart
    told = mask & (wanted != IGNORED)
    phi = (wanted > OUTSIDE).float()
    if aim is not None:
        phi = torch.maximum(phi, 1 - aim[..., OUTSIDE])
    unsure = functional.binary_cross_entropy_with_logits(answer.doubt[told], phi[told], reduction="sum")
    return apart + unsure / told.sum().clamp(min=1)


def _resume(torch: Any, checkpoint: Path, weights: Weights, optimizer: Any) -> int:
    if not checkpoint.exists():
        return 0
    state = torch.load(checkpoint, weights_only=True)
    with torch.no_grad():
        for name, value in state["weights"].items():
            weights[name].copy_(value)
    optimizer.load_state_dict(state["optimizer"])
    torch.manual_seed(int(state["epoch"]))
    return int(state["epoch"])


def _save(torch: Any, checkpoint: Path, weights: Weights, optimizer: Any, epoch: int) -> None:
    partial = checkpoint.with_suffix(".partial")
    values = {name: value.detach() for name, value in weights.items()}
    torch.save({"weights": values, "optimizer": optimizer.state_dict(), "epoch": epoch}, partial)
    partial.replace(checkpoint)


def kept(path: Path, make: Callable[[], Weights]) -> Weights:
    """Read the weights in a file; if there is none, make them and write them atomically.

    Args:
        path: an ``.npz``.
        make: makes the weights.
    """
    if not path.exists():
        partial = path.with_suffix(".partial.npz")
        np.savez(partial, **make())
        partial.replace(path)
    with np.load(path) as held:
        return {name: held[name] for name in held.files}
