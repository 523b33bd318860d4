"""The three policies and their ids: what documents, audit events and manifests of earlier releases name."""

from pathlib import Path

import pytest

from llmops.configs import config_file
from llmops.deid import load_policy
from llmops.errors import RecipeError
from llmops.quality import load_policy as load_quality_policy
from llmops.recipe import load_recipe
from llmops.release import GatePolicy, load_gate_policy


@pytest.mark.parametrize(
    ("policy", "known"),
    [
        (load_policy("safe_harbor"), "safe_harbor@4ddb005bb976"),
        (load_policy("limited_data_set"), "limited_data_set@20b15bec3b87"),
        (load_policy("expert_determination", determination="D-1"), "expert_determination@e16ba7c99251"),
        (load_quality_policy("default", reference_year=2024), "default@d72fdaaf733bdb31"),
        (load_gate_policy("default"), "default@fa06958c62b1"),
        (load_gate_policy("deduplicated"), "deduplicated@1c34cf9c889d"),
        (load_gate_policy("unlinked"), "unlinked@0631176e0cd0"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_ids_of_the_bundled_policies_stay(policy, known):
    """Another id for the same file would tell an auditor that the policy was changed."""
    assert policy.policy_id == known


def test_a_whole_number_in_a_gate_policy_keeps_its_digest(tmp_path):
    """The digest is of what the file says, and 1 is not written as 1.0."""
    (tmp_path / "p.yaml").write_text("min_score: 1\n")
    assert load_gate_policy(str(tmp_path / "p.yaml")).policy_id == "p@337a08fa9b55"


@pytest.mark.parametrize("key", ["name", "digest", "policy_id", "reference_year"])
def test_what_the_loader_adds_is_no_key_of_a_file(tmp_path, key):
    """A file cannot claim a digest of its own, nor the year that the recipe gives."""
    loaders = {"deid": load_policy, "quality": load_quality_policy, "release": load_gate_policy}
    for kind, load in loaders.items():
        if key == "name" and kind != "release":
            continue
        bundled = config_file(kind, "safe_harbor" if kind == "deid" else "default")
        (tmp_path / "p.yaml").write_text(f"{bundled.read_text()}\n{key}: canary\n")
        with pytest.raises(RecipeError, match=f"{key}.*known: "):
            load(str(tmp_path / "p.yaml"))


@pytest.mark.parametrize("section", ["text_health", "residual_risk", "completeness", "plausibility"])
def test_no_section_of_a_quality_policy_has_an_unknown_key(tmp_path, section):
    """A limit that is misspelt would not be applied."""
    text = config_file("quality", "default").read_text()
    (tmp_path / "p.yaml").write_text(text.replace(f"\n{section}:\n", f"\n{section}:\n  limit: 0.1\n"))
    with pytest.raises(RecipeError, match=f"{section}: limit is no key of a quality policy; known: "):
        load_quality_policy(str(tmp_path / "p.yaml"))


def test_a_loaded_policy_cannot_be_changed():
    """Neither a field nor a table of it, nor anything within."""
    deid, quality = load_policy("safe_harbor"), load_quality_policy("default")
    for change in (
        lambda: setattr(GatePolicy(), "min_score", 0),
        lambda: setattr(deid, "version", 2),
        lambda: deid.operators.update(NAME="keep"),
        lambda: quality.caps.update(empty=1),
        lambda: quality.measures[0].units.clear(),
        lambda: setattr(quality.completeness, "min_words", {}),
    ):
        with pytest.raises((AttributeError, TypeError, ValueError)):
            change()


def test_an_unknown_tag_in_a_recipe_is_not_repeated(tmp_path):
    """What may be used is listed instead."""
    path: Path = tmp_path / "recipe.yaml"
    path.write_text(
        "recipe: 1\nname: t\ninput: {paths: [in]}\noutput: o\nraw_zone: r\nvault: {key_service: {use: canary}}\n"
    )
    with pytest.raises(RecipeError, match="key_service: 'use' must be one of 'aws_kms', ") as refused:
        load_recipe(path)
    assert "canary" not in str(refused.value)
