"""``python -m tests.benchmarks.probes``: are names of every class fully masked, and clinical numbers kept?

Invented text in hand-written notes, in real reports (``LLMOPS_CORPORA``) and alone; seeded. A name counts as found
when every letter is masked; a number, an eponym or a chart line counts as kept when no letter or digit is masked.
"""

import argparse
import json
import logging
import random
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.benchmarks.probes import frames
from tests.benchmarks.probes.frames import MASKED, STANDS, Probe
from tests.benchmarks.probes.hosts import hosts, planted
from tests.benchmarks.probes.people import CLASSES


@dataclass
class Tally:
    """Number of parts of a kind that passed; ``missed`` holds the probe text of those that failed."""

    total: int = 0
    right: int = 0
    missed: list[str] = field(default_factory=list)

    def add(self, good: bool, said: str) -> None:
        self.total += 1
        self.right += good
        if not good:
            self.missed.append(said)

    @property
    def share(self) -> float:
        return self.right / self.total if self.total else 1.0


def main() -> None:
    options = _options()
    logging.disable(logging.CRITICAL)
    tallies = measured(_detector(options), options.limit, options.seed, options.only)
    if options.json:
        print(json.dumps(_rows(tallies, options.show), indent=2))
    else:
        _print(tallies, options.show)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, default=300, help="probes of each class in each host")
    parser.add_argument("--seed", type=int, default=16)
    parser.add_argument("--ner", default="", help="NER component: clinical, spacy_sm or none; default as shipped")
    parser.add_argument("--model", type=Path, help="folder of network and judge to try instead of the shipped ones")
    parser.add_argument("--only", nargs="*", default=[], choices=[*CLASSES, *SUBJECTS], help="classes; default all")
    parser.add_argument("--show", type=int, default=0, help="print so many misses of each class and frame")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _detector(options: argparse.Namespace) -> Any:
    from llmops.deid import DeidConfig, Deidentifier

    if options.model:
        from llmops.deid.detect.judge.judge import Judge
        from llmops.deid.detect.ner import ClinicalNer

        # No product setting selects another network; both open this folder instead of the shipped one.
        ClinicalNer.__init__.__defaults__ = Judge.__init__.__defaults__ = (options.model,)
    return Deidentifier(config=DeidConfig(ner=options.ner) if options.ner else DeidConfig())


SUBJECTS = {
    "clinical numbers": frames.of_numbers,
    "ages over 89": frames.of_ages,
    "charts": frames.of_charts,
    "eponyms": lambda count, rng: frames.of_eponyms(count, rng, beside=False),
    "eponyms beside persons": lambda count, rng: frames.of_eponyms(count, rng, beside=True),
}
"""Probes other than names: ``(count, rng) -> probes``."""
_BOTH = ("charts", "eponyms beside persons")
BESIDE = "words beside names"
"""Result for all name frames: only the name is masked."""


def measured(detector: Any, limit: int, seed: int, only: Iterable[str] = ()) -> dict[tuple[str, str, str], Tally]:
    """Tally by ``(class, host, kind of frame)``; persons and eponyms in one text are tallied separately."""
    tallies: dict[tuple[str, str, str], Tally] = defaultdict(Tally)
    for host, texts in hosts().items():
        for subject in [name for name in (*CLASSES, *SUBJECTS) if not only or name in only]:
            rng = random.Random(f"{seed} {host} {subject}")
            made = list(SUBJECTS[subject](limit, rng) if subject in SUBJECTS else frames.of_names(subject, limit, rng))
            placed = [planted(probe, texts, rng) for probe in made]
            answers = detector.detect_many(probe.text for probe in placed)
            for probe, own, found in zip(placed, made, answers, strict=True):
                _tally(tallies, (subject, host), probe, own.text, found)
    return tallies


def _tally(tallies: dict[Any, Tally], where: tuple[str, str], probe: Probe, said: str, found: list[Any]) -> None:
    hidden = bytearray(len(probe.text))
    for finding in found:
        hidden[finding.start : finding.end] = b"\1" * (finding.end - finding.start)
    subject, host = where
    for must in (MASKED, STANDS):
        inside = [i for start, end, what in probe.parts if what == must for i in range(start, end)]
        if inside:
            name = f"{subject}, masked" if must == MASKED and subject in _BOTH else subject
            good = all(hidden[i] == (must == MASKED) for i in inside if probe.text[i].isalnum())
            tallies[name, host, probe.kind].add(good, said)
    if subject in CLASSES:
        tallies[BESIDE, host, probe.kind].add(not any(hidden[i] for i in probe.beside()), said)


def _rows(tallies: dict[tuple[str, str, str], Tally], show: int) -> list[dict[str, Any]]:
    return [
        {"class": subject, "host": host, "frame": kind, "probes": tally.total, "right": tally.right}
        | ({"missed": tally.missed[:show]} if show else {})
        for (subject, host, kind), tally in tallies.items()
    ]


def _print(tallies: dict[tuple[str, str, str], Tally], show: int) -> None:
    names = list(hosts())
    by_host, by_kind = _summed(tallies, 1), _summed(tallies, 2)
    subjects = list(dict.fromkeys(subject for subject, _ in by_host))
    print("".ljust(32), *(name.rjust(18) for name in names))
    for subject in subjects:
        print(subject.ljust(32), *(_cell(by_host.get((subject, name))) for name in names))
    for subject in subjects:
        print(f"\n{subject}, by frame")
        for (_, kind), tally in (item for item in by_kind.items() if item[0][0] == subject):
            print(f"  {kind.ljust(42)}{_cell(tally)}")
            for said in tally.missed[:show]:
                print(f"      {said!r}")


def _summed(tallies: dict[tuple[str, str, str], Tally], by: int) -> dict[tuple[str, str], Tally]:
    sums: dict[tuple[str, str], Tally] = defaultdict(Tally)
    for key, tally in tallies.items():
        whole = sums[key[0], key[by]]
        whole.total += tally.total
        whole.right += tally.right
        whole.missed += tally.missed
    return sums


def _cell(tally: Tally | None) -> str:
    return (f"{100 * tally.share:.1f} % of {tally.total}" if tally else "").rjust(18)


if __name__ == "__main__":
    sys.exit(main())
