"""The report shows any summary, escapes whatever is in it, and needs nothing from outside."""

import pytest

from llmops.report import run_page
from tests.summaries import summary


def test_a_run_that_read_nothing_has_a_page():
    """No division by zero, no empty-maximum error."""
    page = run_page(summary())
    assert "nothing was withheld" in page
    assert "0 read = 0 released + 0 withheld" in page


def test_everything_is_escaped():
    """A recipe's description or a suite's question is text, never markup."""
    hostile = "<script>alert(1)</script>"
    evaluation = {
        "suite": "s", "model": hostile, "passed": 0, "cases": 1,
        "results": [
            {"id": "a", "question": hostile, "outcome": hostile, "passed": False, "failed": [hostile], "citations": []}
        ],
    }  # fmt: skip
    page = run_page(summary(evaluation=evaluation, run={"description": hostile}))
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 4


def test_failed_shards_and_verdicts_are_shown():
    """A run that must not look like success does not."""
    page = run_page(
        summary(
            run={"status": "shards_failed"},
            stages=[{"name": "deid", "records": 3, "cpu_s": 1.5, "wall_s": 2.0, "bytes": 9, "peak_bytes": 10}],
            shards={
                "planned": 2,
                "done": 1,
                "skipped": 0,
                "failed": [{"shard": "s00001", "failure": "worker_died", "detail": ""}],
            },
            verdicts=[{"name": "withheld_ratio", "limit": 0.5, "observed": 0.9, "passed": False}],
        )
    )
    assert "shards failed" in page
    assert "s00001: worker_died" in page
    assert "Gate: withheld ratio" in page


@pytest.mark.parametrize("stage", ["run", "read", "normalize", "deid", "quality", "release"])
def test_the_flow_ends_with_what_was_released(stage):
    """Wherever the loss is, what is left after the last stage is the released count."""
    page = run_page(
        summary(
            counts={"records": 10, "read": 10, "released": 7, "withheld": 3},
            withheld={"by_reason": {"empty": 3}, "by_stage": {stage: 3}},
        )
    )
    last = page.split("<td>released</td>")[1].split("</tr>")[0]
    assert '<td class="n">7</td>' in last
