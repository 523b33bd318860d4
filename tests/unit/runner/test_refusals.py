"""What can be known before a record is read is refused before the output is touched."""

import pytest

import llmops
from llmops.errors import MissingExtraError, RecipeError, SourceError
from llmops.retrieval import embed


@pytest.mark.parametrize(
    "wrong", [{"paths": ["in"], "source": {"include": ["*.nothing"]}}, {"paths": ["elsewhere"]}], ids=["glob", "path"]
)
def test_an_input_that_is_not_there_does_not_claim_the_output(notes_recipe, tmp_path, wrong):
    """A typo is mended in the recipe and the same output taken: neither output nor keys are there yet."""
    with pytest.raises(SourceError):
        llmops.run(notes_recipe(1, input=wrong))
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "raw").exists()


def test_a_model_that_cannot_be_opened_is_refused_first(notes_recipe, tmp_path):
    """Not after the release was published: exit 2."""
    recipe = notes_recipe(1, evaluation={"suite": "quickstart", "model": "gpt4"})
    with pytest.raises(RecipeError, match="provider:model"):
        llmops.run(recipe)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "part",
    [{"retrieval": {"use": "hybrid"}}, {"evaluation": {"suite": "quickstart"}}],
    ids=["index", "evaluation alone"],
)
def test_an_encoder_that_is_not_installed_is_missed_first(notes_recipe, tmp_path, monkeypatch, part):
    """Exit 7, with nothing read; an evaluation without an index of the recipe's own needs it too."""
    monkeypatch.setattr(embed, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match="retrieval"):
        llmops.run(notes_recipe(1, **part))
    assert not (tmp_path / "out").exists()


def test_an_output_that_cannot_be_made_is_no_bug(notes_recipe):
    """A file where a folder should be: exit 2, and the system's reason."""
    with pytest.raises(RecipeError, match=r"output: .* cannot be made: Not a directory"):
        llmops.run(notes_recipe(1, output="recipe.yaml/out"))
