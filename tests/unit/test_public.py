"""The public face: what an interactive user sees, and what wrong arguments meet."""

from pathlib import Path

import pytest

import llmops
from llmops.errors import RecipeError


def test_the_public_names_are_listed():
    """Completion in a notebook shows them, though each loads on first use."""
    assert set(llmops.__all__) <= set(dir(llmops))


@pytest.mark.parametrize("recipe", [{}, None, 1])
def test_a_recipe_of_another_kind_is_refused(recipe):
    """As an error of ours, with its exit code."""
    with pytest.raises(RecipeError, match="must be a Recipe or the path"):
        llmops.run(recipe)


def test_a_policy_may_be_a_path_and_text_must_be_text(tmp_path):
    """A path object is as good as its string; None is no text."""
    policy = tmp_path / "own.yaml"
    policy.write_text(Path("configs/deid/safe_harbor.yaml").read_text())
    deidentifier = llmops.Deidentifier(policy=policy)
    assert deidentifier.policy.policy_id == llmops.Deidentifier(policy=str(policy)).policy.policy_id
    with pytest.raises(RecipeError, match="must be a str"):
        deidentifier.text(None)
