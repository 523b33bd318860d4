"""The gate withholds what its policy says, and its policy is checked before anything is read."""

from dataclasses import replace

import pytest

from llmops.documents import Reason, StageName
from llmops.errors import RecipeError
from llmops.release import Counts, Gate, GatePolicy, load_gate_policy


@pytest.mark.parametrize(
    ("change", "known", "reason"),
    [
        ({}, None, None),
        ({"residual_risk": 0.21}, None, Reason.RESIDUAL_RISK),
        ({"residual_risk": float("nan")}, None, Reason.RESIDUAL_RISK),
        ({"subject": ""}, None, Reason.NO_SUBJECT),
        ({"score": 0.49}, None, Reason.BELOW_SCORE),
        ({"score": float("nan")}, None, Reason.BELOW_SCORE),
        ({"score": 0.5, "residual_risk": 0.2}, None, None),
        ({}, Reason.DUPLICATE, Reason.DUPLICATE),
        ({}, Reason.NEAR_DUPLICATE, Reason.NEAR_DUPLICATE),
        ({}, Reason.TOMBSTONED, Reason.TOMBSTONED),
    ],
)
def test_the_gate_gives_the_reason(make_document, change, known, reason):
    """Limits themselves pass; what lies beyond them, or is no number, does not."""
    document = make_document(1)
    if "score" in change:
        document = replace(document, quality=replace(document.quality, score=change.pop("score")))
    answer = Gate(GatePolicy(near_duplicates="withhold")).decide(replace(document, **change), known)
    assert (answer.reason if answer else None) == reason
    if answer:
        assert (answer.stage, answer.document_id, answer.record_id) == (StageName.RELEASE, "r0001.0", "r0001")


def test_a_policy_may_keep_duplicates(make_document):
    """Exact and near duplicates are switched apart."""
    gate = Gate(GatePolicy(duplicates="keep", near_duplicates="withhold"))
    assert gate.decide(make_document(1), Reason.DUPLICATE) is None
    assert gate.decide(make_document(1), Reason.NEAR_DUPLICATE) is not None


def test_verdicts_say_limit_and_observation():
    """Too much withheld, or a record without an answer, fails the run."""
    gate = Gate(GatePolicy(max_withheld_ratio=0.25))
    assert [v.passed for v in gate.verdicts(Counts(read=4, released=3, withheld=1))] == [True, True, True]
    lost, ratio, _ = gate.verdicts(Counts(read=4, released=1, withheld=2))
    assert (lost.passed, lost.observed) == (False, 1)
    assert (ratio.passed, ratio.limit, ratio.observed) == (False, 0.25, 0.5)
    unaccounted, ratio, released = gate.verdicts(Counts(read=0, released=0, withheld=0))
    assert (unaccounted.passed, ratio.passed, released.passed) == (True, True, False)


def test_bundled_policies_load():
    """The default needs a subject; the one for unlinked inputs does not."""
    assert load_gate_policy() == GatePolicy()
    assert not load_gate_policy("unlinked").require_subject
    assert load_gate_policy().policy_id.startswith("default@")
    assert load_gate_policy().digest != load_gate_policy("unlinked").digest


@pytest.mark.parametrize(
    ("yaml", "said"),
    [
        ("min_scor: 0.5", "min_scor"),
        ("min_score: 2", "min_score must be a number from 0 to 1"),
        ("min_score: true", "min_score must be"),
        ("min_score: .nan", "min_score must be"),
        ("duplicates: drop", "'withhold' or 'keep'"),
        ("duplicates: [keep]", "'withhold' or 'keep'"),
        ("require_subject: 'no'", "true or false"),
        ("- min_score", "mapping"),
        ("", "mapping"),
        ("min_score: 0.1\nmin_score: 0.2", "twice"),
        ("a: !!python/object:os.system x", "not valid YAML"),
        ("{", "not valid YAML"),
    ],
)
def test_a_bad_policy_names_key_and_fix(tmp_path, yaml, said):
    """One clear sentence, before any record is read."""
    (tmp_path / "p.yaml").write_text(yaml)
    with pytest.raises(RecipeError) as error:
        load_gate_policy(str(tmp_path / "p.yaml"))
    assert said in str(error.value)
