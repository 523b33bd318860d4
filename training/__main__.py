"""``python -m training``: train a model folder with its judge from notes, and measure it."""

import argparse
import json
import logging
import random
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np

from llmops.deid.detect.ner.labels import LABELS
from llmops.deid.detect.ner.shipped import SHIPPED, open_model
from training.distil import StudentSettings, distil, teacher
from training.export import export
from training.fit import FitSettings, fit, kept
from training.grow import grow
from training.judging import fit_judge
from training.network import Weights, pretrained, start_weights
from training.notes import Note, folds, read_notes
from training.prune import sizes
from training.score import score
from training.unpack import unpack

_DATA: Final = Path("training/notes")
NOTES: Final = tuple(_DATA / f"notes-{name}.jsonl" for name in ("train", "extra", "both", "population"))
JUDGE_NOTES: Final = tuple(_DATA / f"notes-{name}.jsonl" for name in ("judge", "both", "population"))
"""Notes to fit the judge of the network's answers; the network never sees the first of them."""
FOLDS: Final = 8
"""One in this many of the first notes is never trained on, so that the shipped model can be measured on it."""
_LAYERS: Final = 6
"""Layers of the pretrained network; the large one keeps them all."""
_RATE_ON: Final = 2e-4
"""Peak learning rate when training an existing network on."""
_RUNS_ON: Final = 2
"""Number of runs that train a network on, each with its own seed. Their weights are averaged (Wortsman et al., Model
soups, 2022): slightly better than any one run, and retains more of what the notes do not show."""
_LOG = logging.getLogger("training")


def main(arguments: Sequence[str] | None = None) -> None:
    """Train a large network, distil a small one, fit the judge of its answers; resume an interrupted run."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.folds < 2:
        parser.error("--folds: at least 2")
    if options.output == SHIPPED and (options.folds, options.held_out) != (FOLDS, 0):
        parser.error("another fold needs an --output of its own: the shipped network is measured on the first of eight")
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("llmops").setLevel(logging.INFO)
    import_module("torch").set_num_threads(options.threads)
    options.work.mkdir(parents=True, exist_ok=True)
    first, *others = options.notes or NOTES
    notes, fold = folds(read_notes(first), options.folds, options.held_out)
    also = [note for path in options.also for note in read_notes(path)]
    notes += [note for path in others for note in read_notes(path)]
    gold = [*options.gold, _written(options.work / "fold.jsonl", fold)]
    if options.only_judge:
        folders: tuple[Path, ...] = (options.output,)
    else:
        shown = [*_share(notes, options.share, options.seed), *also]
        folders = _trained(options, shown) if options.start is None else (_trained_on(options, shown),)
    judged = [note for path in options.judge_notes or JUDGE_NOTES for note in read_notes(path)]
    judged = [*_share(judged, options.judge_share, options.seed), *also]
    fit_judge(folders[-1], notes, judged, processes=options.threads)
    for folder in folders:
        for path in gold:
            _LOG.info("%s on %s: %s", folder.name, path.name, json.dumps(score(folder, path).summary()))


def _share(notes: list[Note], share: float, seed: int) -> list[Note]:
    """Draw a random share of the notes; all if the share is 1."""
    rng = random.Random(seed)  # noqa: S311 - repeatable on purpose
    return notes if share >= 1 else rng.sample(notes, round(len(notes) * share))


def _trained(options: argparse.Namespace, notes: Sequence[Note]) -> tuple[Path, Path]:
    """Return the model folders of teacher and student."""
    settings = _settings(options)
    student = replace(StudentSettings(), epochs=options.student_epochs)
    source, vocabulary = pretrained(options.pretrained)
    tokenizer = _tokenizer(vocabulary.read_text(encoding="utf-8"))

    def write(weights: Weights, folder: Path, epochs: int) -> Path:
        return _exported(options, weights, tokenizer, folder, {"notes": str(len(notes)), "epochs": str(epochs)})

    start = start_weights(source, tuple(range(_LAYERS)), settings.seed)
    large = kept(
        options.work / "teacher.npz", lambda: fit(start, notes, tokenizer, settings, options.work / "teacher.pt")
    )
    taught_by = write(large, options.work / "teacher", settings.epochs)
    guide = teacher(taught_by, options.threads)
    small = distil(large, notes, tokenizer, settings, student, guide, options.work)
    return taught_by, write(small, options.output, student.epochs)


def _trained_on(options: argparse.Namespace, notes: Sequence[Note]) -> Path:
    """Train an existing network on, widened to the size of new ones; return the folder written.

    Trains on the marks alone, without a teacher.
    """
    files = open_model(options.start)
    small, tokenizer = unpack(files.network), _tokenizer(files.vocabulary)
    start = grow(small, inner=StudentSettings().inner, seed=options.seed)
    doubts = StudentSettings().doubts if "doubt" in start else None
    settings = replace(_settings(options), learning_rate=_RATE_ON, doubts=doubts)

    def end(run: int) -> Weights:
        seeded, file = replace(settings, seed=settings.seed + run), options.work / f"on-{run}.npz"
        return kept(file, lambda: fit(start, notes, tokenizer, seeded, file.with_suffix(".pt")))

    ends = [end(run) for run in range(options.runs)]
    way = options.way
    weights = {
        name: (1 - way) * value + way * np.mean([one[name] for one in ends], axis=0) for name, value in start.items()
    }
    provenance = {"from": files.digest, "notes": str(len(notes)), "epochs": str(settings.epochs)}
    return _exported(options, weights, tokenizer, options.output, provenance)


def _settings(options: argparse.Namespace) -> FitSettings:
    return replace(FitSettings(), epochs=options.epochs, seed=options.seed, bfloat16=not options.float32)


def _tokenizer(vocabulary: str) -> Any:
    tokenizer = import_module("tokenizers").Tokenizer.from_str(vocabulary)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _exported(
    options: argparse.Namespace, weights: Weights, tokenizer: Any, folder: Path, provenance: dict[str, str]
) -> Path:
    thresholds = dict.fromkeys(LABELS, options.threshold)
    known = {**provenance, "seed": str(options.seed), **sizes(weights)}
    export(weights, tokenizer, folder, thresholds=thresholds, provenance=known)
    return folder


def _written(path: Path, notes: Sequence[Note]) -> Path:
    rows = [
        {
            "id": note.id,
            "text": note.text,
            "spans": [{"start": mark.start, "end": mark.end, "label": mark.label} for mark in note.marks],
        }
        for note in notes
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=main.__doc__)
    add = parser.add_argument
    add("--notes", type=Path, action="append", default=[], help="JSONL notes to train on; may be repeated")
    add("--judge-notes", type=Path, action="append", default=[], help="JSONL notes to fit the judge to")
    add("--also", type=Path, action="append", default=[], help="further notes for network and judge; may be repeated")
    add("--share", type=float, default=1.0, help="of the notes, all but those of --also, that the network is shown")
    add("--judge-share", type=float, default=1.0, help="of the judge's notes, all but those of --also")
    add("--runs", type=int, default=_RUNS_ON, help="that train a network on, and whose mean is taken")
    add("--way", type=float, default=1.0, help="from the weights it starts with to that mean, that is gone")
    add("--only-judge", action="store_true", help="fit the judge of the network in --output anew; train no network")
    add("--work", type=Path, default=Path("out/ner"), help="folder of checkpoints; a run goes on where it stopped")
    add("--output", type=Path, default=SHIPPED, help="model folder to write")
    add("--from", dest="start", type=Path, default=None, help="model folder whose network to train on, not anew")
    add("--pretrained", type=Path, default=None, help="folder with model.safetensors and tokenizer.json")
    add("--gold", type=Path, action="append", default=[], help="annotated notes to measure on; may be repeated")
    add("--epochs", type=int, default=FitSettings().epochs, help="of the large network, or of one trained on")
    add("--student-epochs", type=int, default=StudentSettings().epochs, help="of the small network, once it is pruned")
    add("--threshold", type=float, default=0.25, help="least probability of being PHI that is reported")
    add("--seed", type=int, default=FitSettings().seed)
    add("--threads", type=int, default=2)
    add("--folds", type=int, default=FOLDS, help="hold every n-th note of the first file out and measure on those")
    add("--held-out", type=int, default=0, help="which of the folds to hold out")
    add("--float32", action="store_true", help="take products in float32 where the processor knows no bfloat16")
    return parser


if __name__ == "__main__":
    main()
