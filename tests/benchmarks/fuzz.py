"""``python -m tests.benchmarks.fuzz --count 100000``: hostile texts through de-identification, resumable.

Each text must be answered with findings in range, ordered and disjoint, within 1 s per 10 KB (and at least 5 s: the
machine may be shared), and no log record may hold any of it. A watchdog ends a hang and prints its location.
``--state FILE`` resumes where the last run stopped.
"""

import argparse
import faulthandler
import heapq
import json
import logging
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks.fuzz_inputs import CANARY, hostile_text

LEAST_S, S_PER_CHARACTER = 5.0, 1 / 10_000
FINDINGS_OF_EVERY = 8
"""One in this many texts also has its findings checked; that costs as much as rewriting. Others: output text only."""
WATCHDOG_S = 600
"""Timeout in seconds for a hang inside a C library, which no Python signal handler can end."""


class TooSlow(BaseException):
    """The CPU time limit of a text is exceeded; no handler of the product may catch it."""


class CanaryWatch(logging.Handler):
    """Count log records that contain the canary in the message, its arguments or a traceback."""

    def __init__(self) -> None:
        super().__init__(level=logging.DEBUG)
        self.seen = 0

    def emit(self, record: logging.LogRecord) -> None:
        said = f"{record.getMessage()} {record.args!r} {record.exc_info!r}"
        self.seen += CANARY in said


def check(deidentifier: Any, text: str) -> str:
    """Error in the findings of one text; empty if none."""
    position = 0
    for finding in deidentifier.detect(text):
        if not position <= finding.start < finding.end <= len(text):
            return "findings out of range or order"
        position = finding.end
    return check_text(deidentifier, text)


def check_text(deidentifier: Any, text: str) -> str:
    """Error in the output text; empty if none."""
    done = deidentifier.text(text)
    if not all(0 <= f.start <= f.end <= len(done.text) for f in done.findings):
        return "output findings out of range"
    return "canary left" if CANARY in done.text else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--ner", default="none")
    parser.add_argument("--seconds", type=float, default=0, help="stop after so long; 0 runs to the end")
    parser.add_argument("--state", type=Path, help="JSON file with the next number; written as the run goes")
    options = parser.parse_args()
    from llmops.deid import DeidConfig, Deidentifier

    deidentifier = Deidentifier("safe_harbor", config=DeidConfig(ner=options.ner))
    deidentifier.text("warm up")
    watch = CanaryWatch()
    logging.getLogger().addHandler(watch)
    logging.getLogger().setLevel(logging.DEBUG)
    signal.signal(signal.SIGVTALRM, _spent)
    number = _resume(options)
    began, slowest, problems, left = time.monotonic(), [(0.0, 0, 0)], 0, 0
    while number < options.count and not (options.seconds and time.monotonic() - began > options.seconds):
        text = hostile_text(number)
        faulthandler.dump_traceback_later(WATCHDOG_S, exit=True)
        before = time.process_time()
        look, times = (check_text, 1) if number % FINDINGS_OF_EVERY else (check, 2)
        signal.setitimer(signal.ITIMER_VIRTUAL, times * max(LEAST_S, len(text) * S_PER_CHARACTER))
        problem = _problem(look, deidentifier, text)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        spent = time.process_time() - before
        faulthandler.cancel_dump_traceback_later()
        if problem == "canary left":
            left += 1
        elif problem:
            problems += 1
            print(f"{number}: {problem} ({len(text)} characters, {spent:.2f} s)", flush=True)
        heapq.heappush(slowest, (spent, len(text), number))
        if len(slowest) > 10:
            heapq.heappop(slowest)
        number += 1
        if options.state and number % 500 == 0:
            options.state.write_text(json.dumps({"next": number}), encoding="utf-8")
    if options.state:
        options.state.write_text(json.dumps({"next": number}), encoding="utf-8")
    print(f"next {number}; {problems} problems; canary left in {left} texts, logged in {watch.seen} records")
    for spent, size, at in sorted(slowest, reverse=True):
        print(f"  {spent:8.3f} s  {size:>9,} characters  {10_000 * spent / max(1, size):8.3f} s a 10 KB  number {at}")
    return 1 if problems or watch.seen else 0


def _problem(look: Callable[[Any, str], str], deidentifier: Any, text: str) -> str:
    try:
        return look(deidentifier, text)
    except Exception as error:  # noqa: BLE001 - the fuzz test searches for any exception
        return f"raised {type(error).__name__} at {_place(error)}"
    except TooSlow as slow:
        return f"too slow at {_place(slow)}"


def _place(error: BaseException) -> str:
    steps = traceback.extract_tb(error.__traceback__)
    return " > ".join(f"{Path(s.filename).name}:{s.lineno}" for s in steps if "llmops" in s.filename)


def _spent(_number: int, _frame: object) -> None:
    raise TooSlow


def _resume(options: argparse.Namespace) -> int:
    if options.state and options.state.is_file():
        return int(json.loads(options.state.read_text(encoding="utf-8"))["next"])
    return int(options.start)


if __name__ == "__main__":
    sys.exit(main())
