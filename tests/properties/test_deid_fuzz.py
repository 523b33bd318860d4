"""Hostile texts: every one is answered, findings lie in it in order, and no log record holds what stood in it.

``python -m tests.benchmarks.fuzz --count 100000`` runs the same over many more, long lines of a megabyte among them.
"""

import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmops.deid import DeidConfig, Deidentifier, PresidioDeidentifier, load_policy
from llmops.documents import ClinicalDocument, DeidentifiedDocument, Kind, Provenance
from tests.benchmarks.fuzz import check
from tests.benchmarks.fuzz_inputs import CANARY, PIECES, hostile_text

LONGEST = 8_000
CONFIG = DeidConfig(ner="none")
DEIDENTIFIER = Deidentifier("safe_harbor", config=CONFIG)
HOSTILE = st.lists(st.sampled_from(PIECES) | st.characters() | st.text(max_size=4), max_size=60).map("".join)


@pytest.mark.parametrize("start", range(0, 300, 50))
def test_hostile_texts_are_answered(start: int, caplog: pytest.LogCaptureFixture) -> None:
    """Mutated notes, any code point, repeated fragments: the same three hundred every time."""
    with caplog.at_level(logging.DEBUG):
        wrong = {n: p for n in range(start, start + 50) if (p := check(DEIDENTIFIER, hostile_text(n)[:LONGEST]))}
    assert {problem for problem in wrong.values() if problem != "canary left"} == set()
    assert CANARY not in caplog.text


@settings(max_examples=100, deadline=None)
@given(HOSTILE)
def test_any_text_is_answered(text: str) -> None:
    """What hypothesis makes of the fragments that patterns begin with."""
    assert check(DEIDENTIFIER, text) == ""


@settings(max_examples=50, deadline=None)
@given(HOSTILE, st.sampled_from(["safe_harbor", "limited_data_set"]))
def test_any_document_is_answered_by_the_stage(text: str, policy: str) -> None:
    """The stage gives one answer, with a figure for the risk in [0, 1]."""
    document = ClinicalDocument(
        document_id="r1.0",
        record_id="r1",
        subject=(),
        kind=Kind.NOTE,
        text=text,
        title=text[:40],
        provenance=Provenance(format="text"),
    )
    (answer,) = PresidioDeidentifier(CONFIG, load_policy(policy), None).process([document])
    assert isinstance(answer, DeidentifiedDocument)
    assert 0.0 <= answer.residual_risk <= 1.0
