"""Print results: JSON on stdout for machines, names and values for people, problems on stderr."""

import re
import sys
import textwrap
from collections.abc import Mapping
from typing import Any, Final

import orjson
from rich.console import Console
from rich.text import Text

_GAP: Final = 4
_NARROWEST: Final = 20


# Characters that a terminal acts on without showing: controls except tab and line feed, and bidirectional marks.
_ACTS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    """Escape every character that a terminal would act on: content of a release must not control our terminal."""
    return _ACTS.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def one_line(text: str) -> str:
    """Escape as `visible`, in one line: a field's content must not look like a line of our output."""
    return visible(text).replace("\n", "\\n").replace("\t", " ")


class _Console(Console):
    """A console that wraps lines on a terminal only: programs read piped output, so ids and digests stay whole."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Print as rich does, but without wrapping when piped."""
        options.setdefault("soft_wrap", not self.is_terminal)
        super().print(*objects, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Render as rich does, from escaped text."""
        return super().render_str(visible(text), **options)

    def on_broken_pipe(self) -> None:
        """Leave a closed pipe (``| head``) to `llmops.cli.app`: not an error, although rich treats it as one."""
        raise BrokenPipeError


console = _Console(highlight=False, markup=False)
errors = _Console(stderr=True, highlight=False, markup=False)
_verbose: list[bool] = []


def set_loudness(*, quiet: bool, verbose: bool) -> None:
    """Set the verbosity: ``quiet`` leaves problems (and requested JSON), ``verbose`` adds details."""
    console.quiet = quiet
    _verbose[:] = [True] if verbose and not quiet else []


def is_quiet() -> bool:
    """Whether to print problems only."""
    return console.quiet


def is_verbose() -> bool:
    """Whether to print details."""
    return bool(_verbose)


def out_json(value: Any) -> None:
    """Print a value as JSON, and nothing else, on stdout."""
    text = orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode()
    # Line feeds occur between values only; other characters to escape occur in strings, where \u is valid JSON.
    sys.stdout.buffer.write(visible(text).encode() + b"\n")
    sys.stdout.flush()


def problem(sentence: str) -> None:
    """Print an error message on stderr."""
    errors.print(f"llmops: {one_line(sentence)}")


def pairs(title: str, rows: Mapping[str, Any]) -> None:
    """Print names and values in two columns under a title; on a terminal, long values wrap within their column."""
    console.print(one_line(title), style="bold")
    rows = {one_line(name): value for name, value in rows.items()}
    column = max(map(len, rows), default=0) + _GAP
    room = max(_NARROWEST, console.width - column - 2)
    for name, value in rows.items():
        text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else one_line(str(value))
        lines = textwrap.wrap(text, room, break_on_hyphens=False) if console.is_terminal else [text]
        for before, line in zip([name, *[""] * len(lines)], lines or [""], strict=False):
            console.print(f"  {before:<{column}}{line}".rstrip(), soft_wrap=True)
