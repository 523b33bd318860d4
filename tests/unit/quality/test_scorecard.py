"""The scorecard of a release."""

import json
import statistics

from hypothesis import given
from hypothesis import strategies as st

from llmops.documents import Evidence, QualityReport
from llmops.quality import QualityConfig, Scorecard, Scorer, scorecard


def report(score, *rules):
    """A report with one dimension."""
    evidence = tuple(Evidence(rule=rule, penalty=0.1) for rule in rules)
    return QualityReport(score=score, dimensions=(("completeness", score),), evidence=evidence)


def test_figures_of_a_few_reports():
    """Counts, mean, quantiles, bins and rules by the documents they hit."""
    card = Scorecard()
    for item in (
        report(1.0),
        report(0.95, "very_short", "very_short"),
        report(0.0, "empty", "very_short"),
        report(0.55),
    ):
        card.add(item)
    figures = json.loads(card.to_json())
    assert figures["documents"] == 4
    assert figures["score"]["mean"] == 0.625
    assert figures["score"]["quantiles"] == {"p05": 0.0, "p25": 0.0, "p50": 0.55, "p75": 0.95, "p95": 1.0}
    assert figures["score"]["histogram"] == [1, 0, 0, 0, 0, 1, 0, 0, 0, 2]
    assert figures["dimensions"]["completeness"] == figures["score"]
    assert figures["rules"] == [
        {"rule": "very_short", "documents": 2, "findings": 3},
        {"rule": "empty", "documents": 1, "findings": 1},
    ]


def test_nothing_is_a_scorecard_too():
    """A release that withheld all has no mean."""
    assert json.loads(scorecard([]).to_json())["score"] == {"mean": None, "quantiles": {}, "histogram": [0] * 10}


def test_scored_documents_are_added_up(document):
    """From documents straight to JSON, without their text."""
    documents = Scorer(QualityConfig()).process([document("Jane Roe canary"), document("")])
    text = scorecard(documents).to_json()
    assert json.loads(text)["documents"] == 2
    assert "canary" not in text


@given(scores=st.lists(st.integers(0, 1000), min_size=1), cut=st.integers(0, 20))
def test_order_and_split_do_not_matter(scores, cut):
    """Merged scorecards equal the whole, in bytes; the median is one of the values."""
    whole, one, two = Scorecard(), Scorecard(), Scorecard()
    for at, value in enumerate(scores):
        whole.add(report(value / 1000, f"rule{value % 3}"))
        (one if at < cut else two).add(report(value / 1000, f"rule{value % 3}"))
    two.merge(one)
    assert two.to_json() == whole.to_json()
    figures = whole.as_dict()["score"]
    assert figures["quantiles"]["p50"] == statistics.median_low(scores) / 1000
    assert sum(figures["histogram"]) == len(scores)
