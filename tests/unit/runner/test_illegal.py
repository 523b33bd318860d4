"""Configurations that a rule forbids are refused when the recipe is checked, with the section and the fix."""

import tempfile
from pathlib import Path

import pytest

from llmops.errors import RecipeError
from llmops.recipe import load_recipe

RECIPE = """recipe: 1
name: trial
input: {paths: [in]}
output: out
raw_zone: raw
"""
BUNDLED = Path(__file__).parents[3] / "configs" / "deid"


@pytest.fixture
def recipe(tmp_path):
    """Writes a recipe, with a policy made from a bundled one by replacing lines."""

    def _write(base="safe_harbor", *changes, more=""):
        text = (BUNDLED / f"{base}.yaml").read_text()
        for before, after in changes:
            assert f"\n{before}" in text, "the bundled policy has no such line"
            text = text.replace(f"\n{before}", f"\n{after}", 1)
        (tmp_path / "policy.yaml").write_text(text)
        (tmp_path / "in").mkdir(exist_ok=True)
        path = tmp_path / "recipe.yaml"
        path.write_text(RECIPE + "deid: {policy: policy.yaml}\n" + more)
        return path

    return _write


def _line(base, label):
    return next(line for line in (BUNDLED / f"{base}.yaml").read_text().splitlines() if line.startswith(f"  {label}:"))


def _set(base, label, operator):
    return (_line(base, label), f"  {label}: {operator}")


SAFE, LIMITED, EXPERT = "safe_harbor", "limited_data_set", "expert_determination"
RULES = [
    (SAFE, _set(SAFE, "DATE", "shift_date"), "operators.DATE", "164.514(b)(2)(i)(C)"),
    (SAFE, _set(SAFE, "DATE", "keep"), "operators.DATE", "164.514(b)(2)(i)(C)"),
    (SAFE, ("pseudonym: random", "pseudonym: keyed"), "pseudonym", "164.514(c)(1)"),
    (SAFE, _set(SAFE, "ZIP", "keep"), "operators.ZIP", "164.514(b)(2)(i)(B)"),
    (SAFE, _set(SAFE, "ZIP", "surrogate"), "operators.ZIP", "use generalise"),
    (SAFE, _set(SAFE, "AGE90", "keep"), "operators.AGE90", "164.514(b)(2)(i)(C)"),
    *(
        (SAFE, _set(SAFE, label, "keep"), f"operators.{label}", "164.514(b)(2)(i)")
        for label in ("NAME", "LOC", "ORG", "PHONE", "FAX", "EMAIL", "SSN", "MRN", "PLAN", "ACCT", "LICENSE", "VEHICLE")
    ),
    *(
        (SAFE, _set(SAFE, label, "keep"), f"operators.{label}", "164.514(b)(2)(i)")
        for label in ("DEVICE", "URL", "IP", "BIOMETRIC", "PHOTO", "OTHERID")
    ),
    *(
        (LIMITED, _set(LIMITED, label, "keep"), f"operators.{label}", "164.514(e)(2)")
        for label in ("NAME", "LOC", "PHONE", "FAX", "EMAIL", "SSN", "MRN", "PLAN", "ACCT", "LICENSE", "VEHICLE")
    ),
    *(
        (LIMITED, _set(LIMITED, label, "keep"), f"operators.{label}", "164.514(e)(2)")
        for label in ("DEVICE", "URL", "IP", "BIOMETRIC", "PHOTO")
    ),
    (EXPERT, None, "determination", "164.514(b)(1)"),
]


@pytest.mark.parametrize(("base", "change", "key", "section"), RULES)
def test_what_a_rule_forbids_is_refused_with_its_section(recipe, base, change, key, section):
    """Before a record is read, in one sentence that names the key path."""
    with pytest.raises(RecipeError) as refused:
        load_recipe(recipe(base, *([change] if change else [])))
    assert key in str(refused.value)
    assert section in str(refused.value)
    assert refused.value.exit_code == 2


@pytest.mark.parametrize("base", [SAFE, LIMITED])
def test_the_bundled_policies_are_legal(recipe, base):
    """So that the table above fails for its change alone."""
    load_recipe(recipe(base))


def test_expert_determination_with_its_reference_passes(recipe):
    """In the recipe, since a hospital's determination is its own."""
    path = recipe(EXPERT)
    path.write_text(path.read_text().replace("policy.yaml}", "policy.yaml, determination: ED-2026-07}"))
    load_recipe(path)


@pytest.mark.parametrize(
    ("output", "raw"), [("zone", "zone"), ("zone", "zone/raw"), ("zone/out", "zone"), ("zone/a/../out", "zone")]
)
def test_zones_inside_each_other_name_the_section(recipe, output, raw):
    """A released zone that holds keys is none."""
    path = recipe()
    path.write_text(path.read_text().replace("output: out", f"output: {output}").replace("zone: raw", f"zone: {raw}"))
    with pytest.raises(RecipeError, match=r"raw_zone: must not lie inside.*164\.312\(a\)\(1\)"):
        load_recipe(path)


def test_a_link_does_not_hide_a_zone_inside_another(recipe, tmp_path):
    """What counts is where a path leads."""
    (tmp_path / "out").mkdir()
    (tmp_path / "raw").symlink_to(tmp_path / "out")
    with pytest.raises(RecipeError, match="must not lie inside"):
        load_recipe(recipe())


@pytest.mark.parametrize("mode", [0o755, 0o705, 0o701, 0o777])
def test_a_raw_zone_that_everyone_can_enter_is_refused(recipe, mode):
    """Unless a folder above it keeps them out; chmod 700 mends it."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        raw = Path(place) / "raw"
        raw.mkdir()
        raw.chmod(mode)
        with pytest.raises(RecipeError, match=r"164\.312\(a\)\(1\).*chmod 700"):
            load_recipe(recipe(), raw_zone=raw)
        Path(place).chmod(0o700)
        load_recipe(recipe(), raw_zone=raw)
        Path(place).chmod(0o755)
        raw.chmod(0o700)
        load_recipe(recipe(), raw_zone=raw)


@pytest.mark.parametrize("name", ["vault.key", "source-ids.key", "audit-signing.pem", "release-signing.pem"])
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o666])
def test_a_key_that_others_can_read_is_refused(recipe, tmp_path, name, mode):
    """At the check, not only at the run."""
    key = tmp_path / "raw" / "keys" / name
    key.parent.mkdir(parents=True, exist_ok=True)
    key.write_bytes(bytes(range(32)))
    key.chmod(mode)
    with pytest.raises(RecipeError, match=rf"{name}.*164\.312\(a\)\(2\)\(iv\).*chmod 600"):
        load_recipe(recipe())


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o770, 0o702])
def test_a_key_folder_that_others_can_write_is_refused(recipe, tmp_path, mode):
    """They could put keys of their own in the place of those that they cannot read, or of those to come."""
    folder = tmp_path / "raw" / "keys"
    folder.mkdir(parents=True)
    folder.chmod(mode)
    with pytest.raises(RecipeError, match=r"others can write.*164\.312\(a\)\(2\)\(iv\).*chmod 700"):
        load_recipe(recipe())
    folder.chmod(0o755)
    load_recipe(recipe())


@pytest.mark.parametrize("weak", [b"\0" * 32, b"hospital" * 4, b"0123456789" + b"0" * 22, b"short", b""])
def test_a_weak_key_is_refused(recipe, tmp_path, weak):
    """Not random, or too short; the key is not shown."""
    for name in ("vault.key", "source-ids.key"):
        key = tmp_path / "raw" / "keys" / name
        key.parent.mkdir(parents=True, exist_ok=True)
        key.write_bytes(weak)
        key.chmod(0o600)
        with pytest.raises(RecipeError) as refused:
            load_recipe(recipe())
        assert "hospital" not in str(refused.value)
        key.unlink()


def test_a_key_folder_in_the_released_zone_is_refused(recipe):
    """Keys never leave the raw zone."""
    with pytest.raises(RecipeError, match="keys: must not lie inside the output"):
        load_recipe(recipe(more="keys: out/keys\n"))
