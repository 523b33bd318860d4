"""Progress of a run or an evaluation on stderr: a bar on a terminal, a line every 10 seconds elsewhere."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from rich.filesize import decimal
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from llmops.cli.output import errors, is_quiet, is_verbose

EVERY_S: Final = 10.0
_BAR_WIDTH: Final = 14
"""Columns; the line then fits 80 columns with the longest counters."""
_BYTES: Final = "index"
"""The step whose items are bytes."""


class Watcher(Protocol):
    """Receives progress."""

    def begin(self, step: str, total: int) -> None:
        """Start a step."""
        ...

    def advance(self, items: int) -> None:
        """Report that ``items`` more items are done."""
        ...


@contextmanager
def progress() -> Iterator[Watcher]:
    """Show progress: temporary bars on a terminal; lines if stderr is none; nothing if quiet."""
    if errors.is_terminal and not is_quiet():
        with Progress(*columns(), console=errors, transient=True) as bars:
            yield _Bar(bars)
        return
    lines = Lines(say=_unsaid if is_quiet() else errors.print, steps=is_verbose())
    stop = threading.Event()
    ticker = threading.Thread(target=_tick, args=(stop, lines), daemon=True)
    ticker.start()
    try:
        yield lines
    finally:
        stop.set()
        lines.end()


def columns() -> tuple[ProgressColumn, ...]:
    """Return the columns of a progress line: step, bar, counters and rate, time left."""
    bar = BarColumn(bar_width=_BAR_WIDTH)
    return TextColumn("{task.description:<12}"), bar, _Amount(), TimeRemainingColumn(compact=True)


class _Bar:
    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._task: TaskID | None = None

    def begin(self, step: str, total: int) -> None:
        if self._task is not None:
            self._bars.update(self._task, visible=False)
        self._task = self._bars.add_task(step, total=total)

    def advance(self, items: int) -> None:
        if self._task is not None:
            self._bars.advance(self._task, items)


class _Amount(ProgressColumn):
    """Amount done and rate: bytes in the first pass, records or documents after it."""

    def render(self, task: Task) -> Text:
        return Text(_amount(task.description, task.completed, task.total or 0, task.finished_speed or task.speed or 0))


class Lines:
    """Prints the progress of a step on request; with ``steps``, also the duration of each step.

    Args:
        say: prints a line.
        steps: whether to print the end of each step.
    """

    def __init__(self, *, say: "Say", steps: bool) -> None:
        self._say, self._steps = say, steps
        self._step, self._total, self._done, self._began = "", 0, 0, 0.0
        self._lock = threading.Lock()

    def begin(self, step: str, total: int) -> None:
        """Start a step and end the one before it."""
        self.end()
        with self._lock:
            self._step, self._total, self._done, self._began = step, total, 0, time.monotonic()

    def advance(self, items: int) -> None:
        """Report that ``items`` more items are done."""
        with self._lock:
            self._done += items

    def tell(self) -> None:
        """Print the progress of the step and its remaining time."""
        with self._lock:
            if not self._step:
                return
            took = time.monotonic() - self._began
            speed = self._done / took if took else 0.0
            left = f", {(self._total - self._done) / speed:,.0f} s left" if speed and self._done < self._total else ""
            self._say(f"{self._step}: {_amount(self._step, self._done, self._total, speed)}{left}")

    def end(self) -> None:
        """End the step."""
        with self._lock:
            if self._step and self._steps:
                self._say(f"{self._step}: done in {time.monotonic() - self._began:.1f} s")
            self._step = ""


class Say(Protocol):
    """Prints a line."""

    def __call__(self, line: str, /) -> None:
        """Print the line."""
        ...


def _unsaid(_line: str) -> None:
    return


def _tick(stop: threading.Event, lines: Lines) -> None:
    while not stop.wait(EVERY_S):
        lines.tell()


def _amount(step: str, done: float, total: float, speed: float) -> str:
    in_bytes = step == _BYTES
    here, whole = (decimal(int(number)) if in_bytes else f"{number:,.0f}" for number in (done, total))
    rate = f"  {decimal(int(speed)) if in_bytes else f'{speed:,.1f}'}/s" if speed else ""
    return f"{here} of {whole}{rate}"
