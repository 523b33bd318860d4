"""``python -m llmops.deid.ner.training``: the training run, from the notes to a measured model folder."""

import argparse
import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from llmops.deid.ner.labels import LABELS
from llmops.deid.ner.shipped import SHIPPED
from llmops.deid.ner.training.distil import pick_layers, teacher
from llmops.deid.ner.training.export import export
from llmops.deid.ner.training.fit import FitSettings, Teacher, fit, load_weights, save_weights
from llmops.deid.ner.training.network import Weights, pretrained, start_weights
from llmops.deid.ner.training.notes import Note, folds, read_notes
from llmops.deid.ner.training.score import score

NOTES: Final = Path("recipes/data/deid/notes-train.jsonl")
_LOG = logging.getLogger("llmops.deid.ner.training")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the stages that the work folder does not hold yet."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.folds and options.output == SHIPPED:
        parser.error("--folds needs an --output of its own: a network that has not seen all notes is not shipped")
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("llmops").setLevel(logging.INFO)
    import_module("torch").set_num_threads(options.threads)
    options.work.mkdir(parents=True, exist_ok=True)
    notes = read_notes(options.notes)
    held_out: list[Note] = []
    if options.folds:
        notes, held_out = folds(notes, options.folds, options.held_out)
    settings = replace(FitSettings(), epochs=options.epochs, seed=options.seed, bfloat16=not options.float32)
    source, vocabulary = pretrained(options.pretrained)
    tokenizer = import_module("tokenizers").Tokenizer.from_file(str(vocabulary))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    start = start_weights(source, tuple(options.layers), settings.seed)
    guide: Teacher | None = None
    if options.teacher:
        start = pick_layers(load_weights(options.teacher_weights), tuple(options.layers))
        guide = teacher(options.teacher, options.threads)
    weights = _trained(options.work, start, notes, tokenizer, settings, guide)
    export(
        weights,
        tokenizer,
        options.output,
        thresholds=dict.fromkeys(LABELS, options.threshold),
        provenance={"notes": str(len(notes)), "epochs": str(options.epochs), "seed": str(options.seed)},
    )
    if held_out:
        options.gold.append(_written(options.work / "held-out.jsonl", held_out))
    for gold in options.gold:
        _LOG.info("%s: %s", gold.name, json.dumps(score(options.output, gold).summary()))


def _trained(
    work: Path, start: Weights, notes: Sequence[Note], tokenizer: Any, settings: FitSettings, guide: Teacher | None
) -> Weights:
    kept = work / "weights.npz"
    if not kept.exists():
        save_weights(kept, fit(start, notes, tokenizer, settings, work / "checkpoint.pt", guide))
    return load_weights(kept)


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
    parser = argparse.ArgumentParser(prog="python -m llmops.deid.ner.training", description=main.__doc__)
    add = parser.add_argument
    add("--notes", type=Path, default=NOTES, help="JSONL notes to train on")
    add("--work", type=Path, default=Path("out/ner"), help="folder of checkpoints; a run goes on where it stopped")
    add("--output", type=Path, default=SHIPPED, help="model folder to write")
    add("--pretrained", type=Path, default=None, help="folder with model.safetensors and tokenizer.json")
    add("--gold", type=Path, action="append", default=[], help="annotated notes to measure on; may be repeated")
    add("--epochs", type=int, default=FitSettings().epochs)
    add(
        "--layers",
        type=int,
        nargs="+",
        default=[0, 1, 2, 3, 4, 5],
        help="layers of the pretrained network, or of the teacher, to start from",
    )
    add("--teacher", type=Path, default=None, help="model folder of a larger network to distil")
    add("--teacher-weights", type=Path, default=Path("out/ner/weights.npz"), help="weights of that network")
    add("--threshold", type=float, default=0.25, help="least probability of being PHI that is reported")
    add("--seed", type=int, default=FitSettings().seed)
    add("--threads", type=int, default=2)
    add("--folds", type=int, default=0, help="hold every n-th note out and measure on those instead")
    add("--held-out", type=int, default=0, help="which of the folds to hold out")
    add("--float32", action="store_true", help="take products in float32 where the processor knows no bfloat16")
    return parser


if __name__ == "__main__":
    main()
