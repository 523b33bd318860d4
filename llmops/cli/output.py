"""How results are printed: JSON on stdout for machines, tables for people, problems on stderr."""

import sys
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to `llmops.cli.app`: a reader that went away (``| head``) is no error, as rich would have it."""
        raise BrokenPipeError


console = _Console(highlight=False, markup=False)
errors = _Console(stderr=True, highlight=False, markup=False)


def out_json(value: Any) -> None:
    """Print a value as JSON, and nothing else, on stdout."""
    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")
    sys.stdout.flush()


def problem(sentence: str) -> None:
    """Print what went wrong on stderr."""
    errors.print(f"llmops: {sentence}", soft_wrap=True)


def pairs(title: str, rows: dict[str, Any]) -> None:
    """Print names and values as a two-column table under a title."""
    table = Table(title=title, title_justify="left", title_style="bold", show_header=False, box=None, padding=(0, 2))
    table.add_column()
    table.add_column(overflow="fold")
    for name, value in rows.items():
        table.add_row(name, f"{value:,}" if isinstance(value, int) else str(value))
    console.print(table)
