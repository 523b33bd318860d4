"""An output folder belongs to one run; who comes with another is told to move it, since its log is to be kept."""

import errno
import os

import pytest

import llmops
from llmops.errors import AuditWriteError, RecipeError, StageError
from llmops.recipe import load_recipe, resolve
from llmops.runner import orchestrate, planned, state
from llmops.runner.state import claim

RECIPE = "recipe: 1\nname: trial\ninput: {paths: [in]}\noutput: out\nraw_zone: raw\n"
KEY = b"k" * 32


def test_who_finds_another_run_in_the_output_is_told_to_move_it(tmp_path):
    """The log in it is documentation to be kept for six years (45 CFR 164.316(b)(2)(i)): never to remove it."""
    path = tmp_path / "recipe.yaml"
    path.write_text(RECIPE)
    with claim(resolve(load_recipe(path)), KEY, "run-1"):
        (tmp_path / "out" / "audit").mkdir()
    path.write_text(RECIPE + "deid: {policy: limited_data_set}\n")
    with (
        pytest.raises(RecipeError, match="run-1, made with another") as refused,
        claim(resolve(load_recipe(path)), KEY, ""),
    ):
        pass
    assert f"mv {tmp_path / 'out'} " in str(refused.value)
    assert "rm " not in str(refused.value)


def test_an_output_that_cannot_be_written_is_refused_by_the_check(notes_recipe, tmp_path, monkeypatch):
    """A mount that is read-only, say, for root too: nothing has been made by then."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(RecipeError, match=r"output: .* cannot be written"):
        planned(load_recipe(notes_recipe(1)))
    assert not (tmp_path / "out").exists()


def _full(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _full_anchor(*_):
    try:
        _full()
    except OSError:
        raise AuditWriteError("audit: cannot append") from None


@pytest.mark.parametrize(
    ("place", "name", "fault"),
    [(state, "_write", _full), (orchestrate, "write_anchor", _full_anchor)],
    ids=["state", "anchors"],
)
def test_a_full_raw_zone_is_said_as_such_wherever_it_shows(notes_recipe, monkeypatch, place, name, fault):
    """Neither a bug nor the fault of vault or log: one sentence, one code, and the same command goes on."""
    recipe = notes_recipe(1)
    with monkeypatch.context() as broken:
        broken.setattr(place, name, fault)
        with pytest.raises(StageError, match="raw_zone: no space left"):
            llmops.run(recipe)
    assert llmops.run(recipe).exit_code == 0
