"""What a release, a log or a file says is shown by a terminal, never acted upon."""

import json

import pytest
from rich.table import Table

from llmops.cli.output import console, errors, out_json, pairs, problem

HOSTILE = "a\x1b[2Jb\x9b31mc\x07d\re\x7ff\u202eg\u2066h\x00i\u200fj"
ACTS = [mark for mark in HOSTILE if not mark.isascii() or not mark.isprintable()]


def shown(capsys):
    said = capsys.readouterr()
    return said.out + said.err


def table(text):
    found = Table(title=text)
    found.add_column(text)
    found.add_row(text)
    console.print(found)


@pytest.mark.parametrize(
    "show",
    [
        console.print,
        errors.print,
        problem,
        table,
        lambda text: pairs(text, {text: text}),
        lambda text: out_json({text: [text]}),
        lambda text: console.print(text, soft_wrap=True, style="bold"),
    ],
)
def test_nothing_that_a_terminal_acts_upon_is_printed(capsys, show):
    """Escapes, C1 controls, marks that turn the writing direction; all of it is written out instead."""
    show(HOSTILE)
    said = shown(capsys)
    assert not [mark for mark in ACTS if mark in said]
    assert "u001b" in said
    assert "u202e" in said


def test_a_field_does_not_look_like_a_line_of_ours(capsys):
    """A line feed in a value is written out."""
    pairs("release", {"title": "x\nkey pinned  yes"})
    problem("first\nsecond")
    assert "\nkey pinned" not in (said := shown(capsys))
    assert "\nsecond" not in said


def test_json_says_the_same(capsys):
    """What is written out is JSON for what it was."""
    out_json({"a": HOSTILE, "b": "line\nfeed\ttab \u00e4"})
    assert json.loads(capsys.readouterr().out) == {"a": HOSTILE, "b": "line\nfeed\ttab \u00e4"}
