"""Where a run copies its checkpoints to, by the recipe key ``anchor``."""

import pytest

from llmops.errors import RecipeError
from llmops.recipe import load_recipe, resolve
from llmops.runner.context import RunContext
from llmops.runner.state import RunFolder, RunState


def places_of(tmp_path, line):
    """Where a run of a recipe with this line copies its checkpoints to."""
    text = f"recipe: 1\nname: notes\ninput: {{paths: [in]}}\noutput: out\nraw_zone: raw\n{line}\n"
    (tmp_path / "recipe.yaml").write_text(text)
    (tmp_path / "in").mkdir(exist_ok=True)
    resolved = resolve(load_recipe(tmp_path / "recipe.yaml"))
    folder = RunFolder(root=tmp_path / "work", state=RunState(run_id="run-1", fingerprint="f", inputs="i"))
    unused = dict.fromkeys(("keys", "log", "progress", "started"))
    return RunContext(resolved=resolved, folder=folder, **unused).anchor_places


def test_a_recipe_names_places_as_the_command_line_does(tmp_path):
    """One or several; where none of them keeps anything, the raw zone does."""
    raw, authority = str(tmp_path / "work" / "anchors"), "https://tsa.example/tsr"
    assert places_of(tmp_path, "") == (raw,)
    assert places_of(tmp_path, "anchor: ward4.anchors") == (str(tmp_path / "ward4.anchors"),)
    assert places_of(tmp_path, f"anchor: {authority}") == (raw, authority)
    assert places_of(tmp_path, f"anchor: ['file:///mnt/x', '{authority}']") == ("file:///mnt/x", authority)
    with pytest.raises(RecipeError):
        places_of(tmp_path, "anchor: gopher://host")


@pytest.mark.parametrize(
    "address",
    [
        "http://example.org/collect",
        "HTTP://example.org/collect",
        "http://127.0.0.1:8080/",
        "http://169.254.169.254/latest/meta-data",
        "http://timestamp.digicert.com@example.org/",
        "http://timestamp.digicert.com.example.org/",
    ],
)
def test_http_to_anything_but_a_known_authority_is_refused_with_the_recipe(tmp_path, address):
    """Before a record is read; alone and among others."""
    for line in (f"anchor: '{address}'", f"anchor: [ward4.anchors, '{address}']"):
        with pytest.raises(RecipeError, match="time stamp authority"):
            places_of(tmp_path, line)


def test_http_to_a_public_authority_stands(tmp_path):
    """They answer without TLS, and what they say is signed."""
    assert places_of(tmp_path, "anchor: http://timestamp.digicert.com")[-1] == "http://timestamp.digicert.com"
