"""An output folder belongs to one run; who comes with another is told to move it, since its log is to be kept."""

import pytest

from llmops.errors import RecipeError
from llmops.recipe import load_recipe
from llmops.runner.state import claim

RECIPE = "recipe: 1\nname: trial\ninput: {paths: [in]}\noutput: out\nraw_zone: raw\n"
KEY = b"k" * 32


def test_who_finds_another_run_in_the_output_is_told_to_move_it(tmp_path):
    """The log in it is documentation to be kept for six years (45 CFR 164.316(b)(2)(i)): never to remove it."""
    path = tmp_path / "recipe.yaml"
    path.write_text(RECIPE)
    with claim(load_recipe(path), KEY, "run-1"):
        (tmp_path / "out" / "audit").mkdir()
    path.write_text(RECIPE + "deid: {policy: limited_data_set}\n")
    with (
        pytest.raises(RecipeError, match="run-1, made with another") as refused,
        claim(load_recipe(path), KEY, ""),
    ):
        pass
    assert f"mv {tmp_path / 'out'} " in str(refused.value)
    assert "rm " not in str(refused.value)
