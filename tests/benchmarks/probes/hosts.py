"""Host texts for probes: none, hand-written notes with and without PHI, real reports if available."""

import json
import os
import random
import re
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.probes.frames import Probe

_NOTES = Path(__file__).resolve().parents[1] / "notes"
_REPORTS = "narrative/mtsamples-dev.jsonl"
_LINE_END = re.compile(r"\n")
_SENTENCE_END = re.compile(r"(?<=[a-z]{3}\. )(?=[A-Z])")
ALONE = "alone"


def hosts() -> dict[str, list[str]]:
    """The texts of each host; `ALONE` has none."""
    rows = [row for name in ("notes-fresh", "notes-held-out") for row in _rows(_NOTES / f"{name}.jsonl")]
    found = {
        ALONE: [],
        "notes without PHI": [row["text"] for row in rows if not row["spans"]],
        "notes with PHI": [row["text"] for row in rows if row["spans"]],
    }
    reports = Path(os.environ.get("LLMOPS_CORPORA") or os.devnull) / _REPORTS
    if reports.is_file():
        found["real reports"] = [row["text"] for row in _rows(reports)]
    return found


def planted(probe: Probe, texts: Sequence[str], rng: random.Random) -> Probe:
    """Insert a probe into one of the texts, on its own line or after a sentence; unchanged if there are no texts."""
    if not texts:
        return probe
    text = rng.choice(texts)
    ends = [match.end() for match in _SENTENCE_END.finditer(text)] if "\n" not in probe.text else []
    if ends and probe.text.endswith(".") and rng.random() < 0.5:
        at = rng.choice(ends)
        return probe.shifted(text[:at], " " + text[at:])
    at = rng.choice([0, *(match.end() for match in _LINE_END.finditer(text))])
    return probe.shifted(text[:at], "\n" + text[at:])


def _rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
