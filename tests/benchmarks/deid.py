"""``python -m tests.benchmarks.deid [GOLD...]``: ours and Presidio, default and configured, on the same notes.

One process, one core, sequentially; documents per second of CPU time, so that other load does not matter.
"""

import argparse
import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.one_core import one_core

ROOT = Path(__file__).resolve().parents[2]
WARM_UP = 16
"""Texts processed before timing starts: a run has thousands."""


@dataclass
class Timed:
    """A detector with CPU time accounting; excludes loading and a first pass, which compiles patterns."""

    detector: Any
    cpu_s: float = 0.0

    def detect_many(self, texts: Iterable[str]) -> Iterator[list[Any]]:
        texts = list(texts)
        list(self.detector.detect_many(texts[:WARM_UP]))
        before = time.process_time()
        found = list(self.detector.detect_many(texts))
        self.cpu_s = time.process_time() - before
        yield from found


def main() -> None:
    options = _options()
    one_core()
    logging.disable(logging.CRITICAL)
    systems = _systems(options.ner)
    rows = []
    for gold, lines in [(path.name, _lines(path)) for path in options.gold] or _default_gold():
        chosen = lines[:: max(1, len(lines) // options.limit)][: options.limit] if options.limit else lines
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as taken:
            taken.write("\n".join(chosen))
            taken.flush()
            rows += [
                {"gold": gold, "system": name}
                | _measured(make, Path(taken.name), len(chosen), free_titles=options.free_titles)
                for name, make in systems
                if not options.only or name in options.only
            ]
    _ratios(rows)
    print(json.dumps(rows, indent=2)) if options.json else _print(rows)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("gold", nargs="*", type=Path)
    parser.add_argument("--ner", default="", help="our NER component; default as shipped")
    parser.add_argument("--limit", type=int, default=120, help="notes of each file, spread over it; 0 takes all")
    parser.add_argument("--only", nargs="*", default=[], choices=["ours", "ours, rules alone", "default", "configured"])
    parser.add_argument("--free-titles", action="store_true")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _default_gold() -> list[tuple[str, list[str]]]:
    """Notes of the repository that were not used in training, and local real text if present.

    These are the development notes, and real text, built by ``tests.benchmarks.real_text`` into ``LLMOPS_REAL_TEXT``.
    """
    from training.__main__ import FOLDS

    corpora = Path(os.environ.get("LLMOPS_CORPORA") or os.devnull)
    known = [corpora / f"deid/{name}.jsonl" for name in ("notes-dev", "asq-phi-dev")]
    built = Path(os.environ.get("LLMOPS_REAL_TEXT") or os.devnull)
    known += [built / f"{name}.jsonl" for name in ("real-dev", "real-dev-dictation", "abstracts-dev")]
    own = [ROOT / f"tests/benchmarks/notes/{name}.jsonl" for name in ("notes-fresh", "notes-held-out", "notes-test")]
    fold = _lines(ROOT / "training/notes/notes-train.jsonl")[::FOLDS]
    found = [(path.name, _lines(path)) for path in [*own, *(path for path in known if path.is_file())]]
    return [("notes-train, fold", fold), *found]


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _systems(ner: str) -> list[tuple[str, Callable[[], Any]]]:
    from llmops.deid import DeidConfig, Deidentifier
    from tests.benchmarks.presidio_baselines import configured_presidio, default_presidio

    settings: dict[str, Any] = {"ner": ner} if ner else {}
    return [
        ("ours", lambda: Deidentifier(config=DeidConfig(**settings))),
        ("ours, rules alone", lambda: Deidentifier(config=DeidConfig(ner="none"))),
        ("default", default_presidio),
        ("configured", configured_presidio),
    ]


def _measured(make: Callable[[], Any], gold: Path, count: int, *, free_titles: bool) -> dict[str, Any]:
    from llmops.deid.measure.evaluate import evaluate

    timed = Timed(make())
    result = evaluate(gold, timed, free_titles=free_titles)
    return {
        "recall": round(result.recall.value, 4),
        "precision": round(result.precision.value, 4),
        "clean": f"{result.clean_documents.hits}/{result.clean_documents.total}",
        "touched": f"{result.touched_documents.hits}/{result.touched_documents.total}",
        "masked_per_1000": round(result.over_redaction_per_1000, 2),
        "docs_per_cpu_s": round(count / timed.cpu_s, 1) if timed.cpu_s else 0.0,
    }


def _ratios(rows: list[dict[str, Any]]) -> None:
    """Print the documents each system processes in the time configured Presidio takes for one."""
    for row in rows:
        base = next((r for r in rows if r["gold"] == row["gold"] and r["system"] == "configured"), None)
        row["times_configured"] = round(row["docs_per_cpu_s"] / base["docs_per_cpu_s"], 1) if base else None


def _print(rows: list[dict[str, Any]]) -> None:
    columns = list(rows[0])
    lines = [columns, *([str(row[c]) for c in columns] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


if __name__ == "__main__":
    sys.exit(main())
