"""A quality policy is read whole or refused by name."""

from pathlib import Path

import pytest

from llmops.errors import RecipeError
from llmops.quality import QualityConfig, Scorer, load_policy

DEFAULT = Path(__file__).parents[3] / "configs" / "quality" / "default.yaml"


def test_the_bundled_policy_loads():
    """Weights, limits and tables are there; its id names the digest."""
    policy = load_policy("default")
    assert policy.policy_id.startswith("default@")
    assert len(policy.measures) > 15
    assert policy.caps["cut_off"] == 0.6
    assert policy.reference_year == 0


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("cut_off: 0.6", "cut_off: 6", "caps: cut_off"),
        ("cut_off: 0.6", "cut_off: yes", "caps: cut_off"),
        ("min_score: 0", "", "min_score is missing"),
        ("min_score: 0", "min_score: 0\nmin_score: 1", "a key stands twice"),
        ("  completeness: 2", "  completness: 2", "completness"),
        ("  completeness: 2", "  completeness: -2", "weights: completeness"),
        ("min_score: 0", "min_score: 0\nminscore: 1", "minscore"),
        ("note: [title, time, subject]", "note: [title, author]", "expected: note"),
        ("note: 20", "letter: 20", "letter"),
        ("  cut_off: 0.6", "  cutoff: 0.6", "cutoff"),
        ('"%": [20, 100]', '"%": [100, 20]', "units"),
        ("      terms: [weight, wt, body weight]", "      terms: weight", r"measures\[6\]: terms"),
        ("version: 1", "version: [", "not valid YAML"),
    ],
)
def test_a_bad_policy_names_its_key(tmp_path, old, new, named):
    """One sentence, before any record is read."""
    text = DEFAULT.read_text()
    path = tmp_path / "mine.yaml"
    path.write_text(text.replace(old, new))
    assert old in text
    with pytest.raises(RecipeError, match=named) as caught:
        Scorer(QualityConfig(policy=str(path)))
    assert "\n" not in str(caught.value)


def test_yes_is_a_word_and_octals_are_numbers(tmp_path):
    """YAML 1.2: no Norway problem, no sexagesimals."""
    path = tmp_path / "mine.yaml"
    path.write_text(DEFAULT.read_text().replace("name: default", "name: no"))
    assert load_policy(str(path)).policy_id.startswith("no@")


def test_an_unknown_policy_lists_the_bundled_ones():
    """The fix is in the message."""
    with pytest.raises(RecipeError, match="bundled: default"):
        load_policy("strict")


@pytest.mark.parametrize("settings", [{"min_score": 2.0}, {"reference_year": 24}])
def test_settings_that_cannot_work_are_refused(settings):
    """Before any record is read, naming the key."""
    with pytest.raises(RecipeError, match=next(iter(settings))):
        QualityConfig(**settings)
