"""A run that is no success says so in one word and one sentence, the worst first."""

import pytest

from llmops.runner.status import outcome
from tests.summaries import summary

VERDICT = {"name": "withheld_ratio", "limit": 0.5, "observed": 0.2, "passed": True}
SHARD = {"shard": "s00001", "failure": "worker_died", "detail": ""}
GOOD = {
    "audit": {"exit_code": 0},
    "shards": {"planned": 4, "failed": []},
    "counts": {"read": 10, "released": 8, "withheld": 2},
    "withheld": {"by_reason": {"duplicate": 2}},
    "verdicts": [VERDICT],
}
EMPTY = {"read": 10, "released": 0, "withheld": 10}


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({}, "finished", ""),
        ({"audit": None}, "finished", ""),
        ({"audit": {"exit_code": 1}}, "finished", ""),
        ({"audit": {"exit_code": 2}, "counts": EMPTY}, "audit_failed", "audit verify"),
        ({"counts": EMPTY, "withheld": {"by_reason": {"no_subject": 9, "empty": 1}}}, "nothing_released",
         "9 of 10 withheld are no_subject; notes without a patient run with recipes/unlinked-notes.yaml"),
        ({"counts": EMPTY, "withheld": {"by_reason": {"empty": 5, "truncated": 5}}}, "nothing_released",
         "10 withheld for 2 reasons; docs/guide.md"),
        ({"counts": {"read": 0, "released": 0, "withheld": 0}, "withheld": {"by_reason": {}}}, "nothing_released",
         "the input holds no record"),
        ({"shards": {"planned": 4, "failed": [SHARD]}}, "shards_failed", "1 of 4 shards"),
        ({"withheld": {"by_reason": {"deid_failed": 1, "duplicate": 1}}}, "documents_failed", "1 deid_failed"),
        ({"verdicts": [VERDICT | {"passed": False}]}, "limit_exceeded", "2 of 2 withheld are"),
        ({"evaluation": {"passed": 19, "cases": 20}}, "evaluation_failed", "1 evaluation case"),
        ({"evaluation": {"passed": 20, "cases": 20}}, "finished", ""),
        ({"evaluation_error": "cannot be reached"}, "model_unreachable", "the release stands"),
    ],
)  # fmt: skip
def test_the_worst_is_said_first(change, status, said):
    """Nothing that failed looks like success, and an empty release is worse than a shard that failed."""
    word, why = outcome(summary(**GOOD | change))
    assert word == status
    assert said in why
    assert bool(why) == (status != "finished")
