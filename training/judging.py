"""Fit the judge of a network on notes the network has not seen; measure it by cross-validation."""

import json
import logging
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from llmops.deid.config import DeidConfig
from llmops.deid.detect.judge import WIDTH, WORD, Lexicon, gather
from llmops.deid.detect.ner.clinical import ClinicalNer
from llmops.deid.detect.ner.shipped import LEXICON, TREES
from llmops.deid.detect.ner.word_scores import scored_words
from llmops.deid.detect.presidio import rule_finds
from llmops.deid.spans import Span, View
from training.export import pin
from training.fillers import Fillers
from training.inserting import inserted
from training.notes import FREE, Note
from training.people import name_classes
from training.refill import refill
from training.thinning import snippets, thinned
from training.trees import graph

_LOG = logging.getLogger(__name__)
_SHOWN: Final = (0.2, 0.3, 0.4, 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeSettings:
    """Settings of the boosted trees.

    Args:
        trees, leaves, rate: boosting parameters.
        parts: number of cross-validation folds; each is judged by trees that have not seen it.
        made: numbers of sparse and of short texts made from each note (`thinning`), re-filled.
        bare_weight: weight of a word in a note without PHI, relative to others: any mask there is a false positive.
        threshold: minimum probability to mask a word.
    """

    trees: int = 500
    leaves: int = 31
    rate: float = 0.04
    parts: int = 5
    made: int = 2
    bare_weight: float = 5.0
    threshold: float = 0.27
    seed: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """Words in doubt of a set of notes.

    Args:
        rows: (words, features).
        phi: whether each is marked.
        bare: whether each is in a note without PHI.
        missed: marked words that neither network nor rules doubt.
        bare_words: words of the notes without PHI, in doubt or not.
    """

    rows: npt.NDArray[np.float32] = field(repr=False)
    phi: npt.NDArray[np.bool_] = field(repr=False)
    bare: npt.NDArray[np.bool_] = field(repr=False)
    missed: int
    bare_words: int


Part = tuple[Cases, Cases, Cases]
"""Notes as they were written, thinned, and snippets of them."""


def fit_judge(
    folder: Path,
    seen: Sequence[Note],
    unseen: Sequence[Note],
    settings: JudgeSettings = JudgeSettings(),
    processes: int = 1,
) -> None:
    """Add lexicon and judge to a model folder, and pin them in its card.

    Args:
        folder: of the network.
        seen: notes that the network was trained on; the lexicon counts their words.
        unseen: notes that it was not trained on, which the trees are fitted to.
        settings: how.
        processes: that look at the notes, side by side.

    Of the shipped model, record what it was fitted to with ``python -m training.fitted --accept``.
    """
    lexicon = Lexicon.count((_marked_words(note) for note in seen), name_classes())
    fillers = Fillers.of(seen)
    rng = random.Random(settings.seed)  # noqa: S311 - repeatable on purpose
    texts: list[Sequence[Note]] = []
    for number in range(settings.parts):
        notes = unseen[number :: settings.parts]
        again = [[inserted(refill(note, fillers, rng), fillers, rng) for note in notes] for _ in range(settings.made)]
        sparse = [note for others in again for note in thinned(others, rng)]
        short = [note for others in again for note in snippets(others, rng)]
        texts += [notes, sparse, short]
    with get_context("spawn").Pool(processes) as pool:
        cases = pool.starmap(collect, [(folder, notes, lexicon) for notes in texts], chunksize=1)
    parts: list[Part] = list(zip(cases[0::3], cases[1::3], cases[2::3], strict=True))
    for line in measured(parts, settings):
        _LOG.info("judge, on notes it was not fitted to: %s", json.dumps(line))
    model = _grown(parts, settings)
    trees = [tree["tree_structure"] for tree in model.dump_model()["tree_info"]]
    (folder / TREES).write_bytes(graph(trees, WIDTH))
    (folder / LEXICON).write_text(lexicon.to_json(), encoding="utf-8")
    pin(folder, {"judge": {"threshold": settings.threshold, "notes": len(unseen)}})


def collect(folder: Path, notes: Sequence[Note], lexicon: Lexicon) -> Cases:
    """Run network and rules over notes; return the judge's input."""
    rows, phi, bare, missed, bare_words = [np.zeros((0, WIDTH), np.float32)], [], [], 0, 0
    for note, (view, finds) in zip(notes, _views(folder, notes), strict=True):
        evidence = gather(view, finds, lexicon)
        marked, free = _marked(note)
        words = [match.span() for match in WORD.finditer(view.folded)]
        told = {start for start, _ in evidence.words}
        missed += sum(bool(marked[start:end].any()) and start not in told for start, end in words)
        without = not marked.any()
        bare_words += without * len(words)
        for (start, end), row in zip(evidence.words, evidence.rows, strict=True):
            if marked[start:end].any() or not free[start:end].any():
                rows.append(row[None])
                phi.append(bool(marked[start:end].any()))
                bare.append(without)
    return Cases(
        rows=np.vstack(rows), phi=np.array(phi, bool), bare=np.array(bare, bool), missed=missed, bare_words=bare_words
    )


def measured(parts: Sequence[Part], settings: JudgeSettings) -> Iterator[dict[str, float]]:
    """Yield recall and precision over words at some thresholds, by cross-validation."""
    models = [_grown([*parts[:n], *parts[n + 1 :]], settings) for n in range(len(parts))]
    for threshold in _SHOWN:
        figures: dict[str, float] = {"threshold": threshold}
        for which, name in enumerate(("", "sparse_", "short_")):
            cases = [part[which] for part in parts]
            masked = [
                model.predict(one.rows) >= threshold if len(one.phi) else one.phi
                for model, one in zip(models, cases, strict=True)
            ]
            figures |= {f"{name}{key}": value for key, value in _figures(masked, cases).items()}
        yield figures


def _figures(masked: Sequence[npt.NDArray[np.bool_]], cases: Sequence[Cases]) -> dict[str, float]:
    found, phi = np.concatenate(masked), np.concatenate([one.phi for one in cases])
    right = int((found & phi).sum())
    in_vain = int((found & np.concatenate([one.bare for one in cases])).sum())
    return {
        "recall": round(right / max(1, int(phi.sum()) + sum(one.missed for one in cases)), 4),
        "precision": round(right / max(1, int(found.sum())), 4),
        "masked_per_1000_without_phi": round(1000 * in_vain / max(1, sum(one.bare_words for one in cases)), 2),
    }


def _grown(parts: Sequence[Part], settings: JudgeSettings) -> Any:
    cases = [one for part in parts for one in part]
    phi = np.concatenate([one.phi for one in cases])
    bare = np.concatenate([one.bare for one in cases])
    lightgbm = import_module("lightgbm")
    rows = lightgbm.Dataset(
        np.vstack([one.rows for one in cases]),
        phi.astype(np.float32),
        weight=np.where(bare, settings.bare_weight, 1.0),
    )
    growing = {
        "objective": "binary",
        "num_leaves": settings.leaves,
        "learning_rate": settings.rate,
        "min_data_in_leaf": 20,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "feature_fraction": 0.4,
        "lambda_l2": 8,
        "seed": settings.seed,
        "deterministic": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    return lightgbm.train(growing, rows, num_boost_round=settings.trees)


def _views(folder: Path, notes: Sequence[Note]) -> Iterator[tuple[View, list[Span]]]:
    """Yield each text's words as scored by the network, and the findings of the rules."""
    network = ClinicalNer(folder)
    floor = DeidConfig().score_threshold
    texts = [note.text for note in notes]
    for text, finds in zip(texts, rule_finds(texts), strict=True):
        strong = [find for find in finds if find.score >= floor]
        yield View.of(text, (), scored_words(text, *network.probabilities([text])[0])), strong


def _marked(note: Note) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Mark each character: covered by a mark, and covered by a free mark."""
    covered = np.zeros((2, len(note.text) + 1), dtype=bool)
    for mark in note.marks:
        covered[int(mark.label in FREE), mark.start : mark.end] = True
    return covered[0], covered[1]


def _marked_words(note: Note) -> list[tuple[str, bool]]:
    marked, _ = _marked(note)
    folded = View.of(note.text).folded
    lowered = folded.lower()
    return [(lowered[m.start() : m.end()], bool(marked[m.start()])) for m in WORD.finditer(folded)]
