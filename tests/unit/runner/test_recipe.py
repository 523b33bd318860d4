"""A bad recipe is refused in one clear sentence before any record is read; a good one is pinned by its fingerprint."""

from pathlib import Path

import pytest

from llmops.errors import RecipeError
from llmops.recipe import load_keys, load_recipe, recipe_schema, resolve
from llmops.release import load_gate_policy
from llmops.versions import versions

ROOT = Path(__file__).resolve().parents[3]
GOOD = "recipe: 1\nname: trial\ninput: {paths: [in]}\noutput: out\nraw_zone: raw\n"


@pytest.fixture
def write(tmp_path):
    (tmp_path / "in").mkdir()

    def put(text):
        path = tmp_path / "recipe.yaml"
        path.write_text(text)
        return path

    return put


@pytest.mark.parametrize("path", sorted((ROOT / "recipes").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_bundled_recipe_is_good(path):
    """All of them load with their policies and suites, and none lets more be withheld than the gate's policy."""
    recipe = load_recipe(path)
    assert recipe.name == path.stem
    assert (recipe.gate.max_withheld_ratio or 0) <= load_gate_policy(recipe.gate.policy).max_withheld_ratio


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("wrokers: 2\n", "wrokers: unknown key"),
        ("run: {wrokers: 2}\n", "run.wrokers: unknown key; did you mean 'workers'?"),
        ("run: {workers: two}\n", "run.workers: input should be a valid integer"),
        ("run: {workers: 0}\n", "run.workers: input should be greater than or equal to 1"),
        ("deid: {polcy: x}\n", "deid.polcy: unknown key; did you mean 'policy'?"),
        ("deid: {policy: none_such}\n", "no bundled policy 'none_such'"),
        ("deid: {policy: expert_determination}\n", "determination"),
        ("gate: {max_withheld_ratio: 2}\n", "gate.max_withheld_ratio"),
        ("normalize: {table: {txt: note}}\n", "normalize.table.txt: unknown key"),
        ("keys: out/keys\n", "keys: must not lie inside the output"),
        ("recipe: true\n", "recipe: input should be 1"),
        ("recipe: 1.0\n", "recipe: input should be 1"),
        ("keys: $HOME/keys\n", "keys: $NAME is not looked up in a path; write it out"),
        ("keys: '${DATA}/keys'\n", "keys: $NAME is not looked up"),
        ("keys: ~no-such-user/keys\n", "keys: this machine has no such user behind ~"),
        ("name: again\n", "a key stands twice"),
    ],
)
def test_a_mistake_is_named_with_its_key_and_the_fix(write, change, says):
    """One sentence; exit code 2."""
    with pytest.raises(RecipeError) as refused:
        load_recipe(write(GOOD.replace("recipe: 1\n", "") + change if change[:7] == "recipe:" else GOOD + change))
    assert says in str(refused.value)
    assert refused.value.exit_code == 2


@pytest.mark.parametrize(("output", "raw"), [("zone", "zone"), ("zone", "zone/raw"), ("zone/out", "zone")])
def test_zones_inside_each_other_are_refused(write, output, raw):
    """The released zone holds no raw keys, and the raw zone no release."""
    with pytest.raises(RecipeError, match="raw_zone: must not lie inside"):
        load_recipe(
            write(GOOD.replace("output: out", f"output: {output}").replace("raw_zone: raw", f"raw_zone: {raw}"))
        )


def test_an_output_inside_the_input_is_refused(write):
    """A second run would read what the first wrote."""
    with pytest.raises(RecipeError, match=r"input.paths.0: holds the output"):
        load_recipe(write(GOOD.replace("output: out", "output: in/out")))


def test_an_input_inside_the_output_is_refused(write):
    """PHI would lie in the released zone."""
    with pytest.raises(RecipeError, match=r"input.paths.0: lies in the output"):
        load_recipe(write(GOOD.replace("paths: [in]", "paths: [out/ward4]")))


@pytest.mark.parametrize("held", ["output: in/out", "raw_zone: in/raw", "keys: in/keys"])
def test_a_link_as_input_does_not_hide_what_it_holds(write, tmp_path, held):
    """What counts is where it leads, for every folder that must not be read."""
    key = held.partition(":")[0]
    kept = "".join(line for line in GOOD.splitlines(keepends=True) if not line.startswith(key))
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "in")
    with pytest.raises(RecipeError, match=r"input.paths.0: holds the output"):
        load_recipe(write(f"{kept}{held}\n"), inputs=(link,))


def test_values_of_a_bad_recipe_are_not_quoted(write):
    """A recipe may hold names by mistake; the message names the key alone."""
    with pytest.raises(RecipeError) as refused:
        load_recipe(write(GOOD + "run: {workers: Vossberg}\n"))
    assert "Vossberg" not in str(refused.value)


def test_paths_are_relative_to_the_recipe_and_options_to_the_caller(write, tmp_path, monkeypatch):
    """So that a recipe works from any folder."""
    recipe = write(GOOD)
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "mine").mkdir(parents=True)
    monkeypatch.chdir(elsewhere)
    assert load_recipe(recipe).input.paths == (tmp_path / "in",)
    assert load_recipe(recipe, inputs=(Path("mine"),)).input.paths == (elsewhere / "mine",)
    assert load_recipe(recipe, output=Path("o")).output == elsewhere / "o"


def test_a_tilde_is_the_callers_home(write, tmp_path, monkeypatch):
    """In the recipe and in options, which a shell does not always expand; no folder is ever named ``~``."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    path = write(GOOD + "keys: ~/keys\n")
    recipe = load_recipe(path, output=Path("~/out"))
    assert (recipe.keys, recipe.output) == (tmp_path / "home/keys", tmp_path / "home/out")


def test_the_fingerprint_changes_with_what_decides_and_not_with_the_rest(write):
    """Workers and places change nothing that is released; policies and limits do."""
    base = resolve(load_recipe(write(GOOD))).fingerprint
    assert resolve(load_recipe(write(GOOD + "run: {workers: 7}\n"))).fingerprint == base
    assert resolve(load_recipe(write(GOOD.replace("output: out", "output: other")))).fingerprint == base
    assert resolve(load_recipe(write(GOOD + "run: {record_limit: 7}\n"))).fingerprint != base
    assert resolve(load_recipe(write(GOOD + "keep: {drop_sections: [plan]}\n"))).fingerprint != base
    assert resolve(load_recipe(write(GOOD + "deid: {policy: limited_data_set}\n"))).fingerprint != base


def test_a_fingerprint_names_the_libraries_that_decide():
    """What reads, cuts, finds and compares text."""
    deciding = {"ftfy", "google-re2", "lxml", "numpy", "onnxruntime", "rensa", "tokenizers"}
    assert deciding <= versions().keys()


def test_keys_are_made_once_for_their_owner_alone(write, tmp_path):
    """Mode 0600 in a folder of mode 0700; a key that others can read is refused."""
    recipe = load_recipe(write(GOOD))
    first, again = load_keys(recipe), load_keys(recipe)
    assert first.vault == again.vault
    folder = tmp_path / "raw" / "keys"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in folder.iterdir())
    (folder / "vault.key").chmod(0o644)
    with pytest.raises(RecipeError, match="chmod 600"):
        load_keys(recipe)
    assert first.vault.hex() not in repr(first)


def test_the_schema_describes_every_part():
    """For editors and for `llmops schema`."""
    assert {"input", "keep", "deid", "gate", "retrieval", "evaluation", "run"} <= set(recipe_schema()["properties"])


def test_a_format_that_is_not_read_is_refused_with_those_that_are(write):
    """Before any record is read."""
    recipe = GOOD.replace("paths: [in]", "paths: [in], source: {format: hl7}")
    with pytest.raises(RecipeError, match=r"format: unknown format 'hl7'; one of auto, vcf, hl7v2, ccda"):
        load_recipe(write(recipe))
