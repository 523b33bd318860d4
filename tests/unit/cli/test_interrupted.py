"""An interrupted run has no summary; what is said of it is how far it came."""

import json
from pathlib import Path

from llmops.cli.running import _show
from llmops.run_summary import ShardCounts
from llmops.runner import RunResult

INTERRUPTED = RunResult(
    status="interrupted",
    summary=None,
    shards=ShardCounts(planned=5, done=2),
    output=Path("out"),
    release=None,
)


def test_an_interrupted_run_says_how_to_go_on(capsys):
    """On stderr; stdout is for results."""
    _show(INTERRUPTED, as_json=False)
    said = capsys.readouterr()
    assert said.out == ""
    assert "2 of 5 shards are done" in said.err
    assert "Run the same command again" in said.err


def test_an_interrupted_run_as_json(capfdbinary):
    """Status and shards, where programs look for them in a summary."""
    _show(INTERRUPTED, as_json=True)
    told = json.loads(capfdbinary.readouterr().out)
    assert told == {"run": {"status": "interrupted"}, "shards": {"done": 2, "planned": 5}, "output": "out"}
