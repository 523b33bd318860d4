"""``python -m tests.benchmarks.tampering``: tamper matrix: attacks by positions, and as many clean logs.

Every position is a new log of a new shape: verified clean first (a finding would be a false alarm), then attacked in
every way at a random place, verified, and restored. An attack is *detected* if the verdict is the expected one, and
*located* if a finding names the stream and a range or position with the first altered event, and the findings together
claim nothing after it as proven. A rollback without an anchor must be reported as possible, not as tampering.
``--positions 1000`` is the size that issue 4 names.
"""

import argparse
import json
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

from llmops.audit import Finding, Status, Verdict
from llmops.keys import load_or_create_signing_key
from tests.benchmarks.machine import in_memory, machine
from tests.benchmarks.tampering_attacks import ATTACKS, Strike, roll_back
from tests.benchmarks.tampering_log import SmallLog, build

UNPROVABLE = "a rollback of log and checkpoints would not show"


def matrix(root: Path, positions: int, seed: int = 4) -> Iterator[dict[str, object]]:
    """One row for the clean logs, one per attack, one for the undetectable rollback."""
    signer = load_or_create_signing_key(root / "keys" / "log.pem", name="llmops-audit")
    thief = load_or_create_signing_key(root / "keys" / "thief.pem", name="llmops-audit")
    clean: Counter[str] = Counter()
    rollback: Counter[str] = Counter()
    rows = {attack.__name__: Counter[str]() for attack in ATTACKS}
    missed: dict[str, list[int]] = {name: [] for name in rows}
    for position in range(positions):
        rng = Random(f"{seed}-{position}")
        log = build(root / "log", rng, signer, thief)
        clean.update(logs=1, false_alarms=log.verify().status is not Status.INTACT)
        for attack in ATTACKS:
            name, strike = attack.__name__, attack(log, rng)
            found = judge(log.verify(), strike)
            log.restore()
            rows[name].update({"positions": 1, **found})
            if not (found["detected"] and found["located"]):
                missed[name].append(position)
        rollback.update(unanchored(log, rng))
    yield {"attack": "none (clean logs)", **clean}
    for name, row in rows.items():
        yield {"attack": name, **row, **({"missed": missed[name][:10]} if missed[name] else {})}
    yield {"attack": "roll_back without anchor", **rollback}


def judge(verdict: Verdict, strike: Strike) -> dict[str, int]:
    """Whether a verdict detects a strike, and locates it: in a range, or at the event."""
    about = [finding for finding in verdict.findings if finding.stream == strike.stream and _is_bad(finding, strike)]
    detected = verdict.status in strike.says
    located = any(_holds(finding, strike.event) for finding in about)
    located &= any(strike.words in finding.what for finding in about)
    if strike.event is not None:
        located &= min((finding.start for finding in about), default=0) <= strike.event
    if verdict.status is Status.CANNOT_VERIFY:
        located = True  # nothing is left to locate
    return {"detected": detected, "located": located, "to_the_event": any(_names(f, strike.event) for f in about)}


def unanchored(log: SmallLog, rng: Random) -> dict[str, int]:
    """Log and checkpoints truncated together, without an anchor: never intact, and the verdict says why."""
    roll_back(log, rng)
    verdict = log.verify(anchored=False)
    log.restore()
    said = any(UNPROVABLE in finding.what for finding in verdict.findings)
    return {"positions": 1, "reported_as_not_provable": verdict.status is Status.WARNINGS and said}


def holds(row: dict[str, object]) -> bool:
    """Whether a row of the matrix has the expected result."""
    if "logs" in row:
        return not row["false_alarms"]
    names = ("reported_as_not_provable",) if "reported_as_not_provable" in row else ("detected", "located")
    return all(row[name] == row["positions"] for name in names)


def _is_bad(finding: Finding, strike: Strike) -> bool:
    return finding.status is Status.TAMPERED or finding.status in strike.says


def _holds(finding: Finding, event: int | None) -> bool:
    """Whether the finding's range contains the event; true if no event was altered."""
    if event is None or _names(finding, event):
        return True
    return finding.start <= event and (finding.end is None or event < finding.end)


def _names(finding: Finding, event: int | None) -> bool:
    """Whether the finding's position is the event or the next, whose link to it is broken."""
    return event is not None and finding.position is not None and finding.position - event in (0, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--positions", type=int, default=50, help="1000 for the size that issue 4 names")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--json", action="store_true", help="a line of JSON a row")
    arguments = parser.parse_args()
    root = in_memory("llmops-tampering-")
    began = time.perf_counter()
    try:
        rows = list(matrix(root, arguments.positions, arguments.seed))
    finally:
        shutil.rmtree(root)
    for row in rows:
        figures = " ".join(f"{name} {value}" for name, value in row.items() if name != "attack")
        print(json.dumps(row) if arguments.json else f"{row['attack']:26}{figures}")
    bad = [row["attack"] for row in rows if not holds(row)]
    total = {"attacks": len(ATTACKS) + 1, "seed": arguments.seed, "failed": bad, "wall_s": time.perf_counter() - began}
    print(json.dumps({**total, **machine()}))
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
