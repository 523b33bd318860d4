"""Policies: what is loaded, and what is refused by name of the rule."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from llmops.configs import config_file
from llmops.deid import Operator, load_policy
from llmops.errors import RecipeError
from llmops.phi import PhiLabel


def changed(tmp_path: Path, base: str, **changes: object) -> str:
    yaml = YAML(typ="safe", pure=True)
    content = yaml.load(config_file("deid", base).read_text())
    operators = changes.pop("operators", {})
    content["operators"] |= operators
    content |= changes
    path = tmp_path / "policy.yaml"
    with path.open("w") as out:
        yaml.dump(content, out)
    return str(path)


@pytest.mark.parametrize("name", ["safe_harbor", "limited_data_set"])
def test_bundled_policy_loads_complete(name: str) -> None:
    """Every label has an operator and the id names the content."""
    policy = load_policy(name)
    assert set(policy.operators) == set(PhiLabel)
    assert policy.policy_id == f"{name}@{policy.digest[:12]}"
    assert len(policy.restricted_zip3) == 23


@pytest.mark.parametrize("name", ["Ward 4 policy", "pol:icy", "café", "-x", "x" * 65, "", "x\n"])
def test_a_name_that_the_audit_log_could_not_hold_is_refused(tmp_path: Path, name: str) -> None:
    """It stands in every event and document; better now than after the first records."""
    with pytest.raises(RecipeError, match=r": name: must be"):
        load_policy(changed(tmp_path, "safe_harbor", name=name))


@pytest.mark.parametrize("name", ["safe_harbor", "safe-harbor", "ward4_safeharbor", "limited_data_set"])
def test_a_name_of_another_rule_is_refused(tmp_path: Path, name: str) -> None:
    """Readers of a release would take shifted dates for a Safe Harbor release."""
    with pytest.raises(RecipeError, match=r"name: .*164\.514\(b\)\(1\)"):
        load_policy(changed(tmp_path, "expert_determination", name=name, determination="D-1"))
    own = changed(tmp_path, "expert_determination", name="ward4-expert_determination", determination="D-1")
    assert load_policy(own).rule.section == "45 CFR 164.514(b)(1)"


def test_a_citation_of_another_rule_is_refused(tmp_path: Path) -> None:
    """The section is that of the rule that was checked."""
    with pytest.raises(RecipeError, match=r"basis: .*164\.514\(e\)"):
        load_policy(changed(tmp_path, "limited_data_set", basis="45 CFR 164.514(b)(2)"))


def test_expert_determination_needs_a_reference() -> None:
    """164.514(b)(1) is a person's documented determination; without its reference the policy is no policy."""
    with pytest.raises(RecipeError, match=r"determination.*164\.514\(b\)\(1\)"):
        load_policy("expert_determination")
    assert load_policy("expert_determination", determination="D-1").operators[PhiLabel.NAME] is Operator.SURROGATE


@pytest.mark.parametrize(
    ("label", "operator", "section"),
    [
        ("DATE", "shift_date", r"164\.514\(b\)\(2\)\(i\)\(C\)"),
        ("NAME", "keep", r"164\.514\(b\)\(2\)\(i\)\(A\)"),
        ("MRN", "keep", r"164\.514\(b\)\(2\)\(i\)\(H\)"),
        ("AGE90", "keep", r"164\.514\(b\)\(2\)\(i\)\(C\)"),
        ("ZIP", "keep", r"164\.514\(b\)\(2\)\(i\)\(B\)"),
    ],
)
def test_safe_harbor_refuses_what_the_rule_forbids(tmp_path: Path, label: str, operator: str, section: str) -> None:
    """The message names key path and section."""
    with pytest.raises(RecipeError, match=rf"operators\.{label}.*{section}"):
        load_policy(changed(tmp_path, "safe_harbor", operators={label: operator}))


def test_safe_harbor_refuses_derived_pseudonyms(tmp_path: Path) -> None:
    """A code may not be derived from information about the individual."""
    with pytest.raises(RecipeError, match=r"pseudonym.*164\.514\(c\)"):
        load_policy(changed(tmp_path, "safe_harbor", pseudonym="keyed"))


@pytest.mark.parametrize("restricted", [[], ["036", "059"]])
def test_safe_harbor_needs_every_small_area(tmp_path: Path, restricted: list[str]) -> None:
    """A list may be longer than ours, never shorter."""
    zip3 = {"table": "own", "restricted": restricted}
    with pytest.raises(RecipeError, match=r"zip3\.restricted.*164\.514\(b\)\(2\)\(i\)\(B\)"):
        load_policy(changed(tmp_path, "safe_harbor", zip3=zip3))
    longer = {"table": "own", "restricted": [*sorted(load_policy("safe_harbor").restricted_zip3), "987"]}
    assert "987" in load_policy(changed(tmp_path, "safe_harbor", zip3=longer)).restricted_zip3


def test_limited_data_set_refuses_direct_identifiers(tmp_path: Path) -> None:
    """Names go, dates may stay."""
    with pytest.raises(RecipeError, match=r"operators\.NAME.*164\.514\(e\)\(2\)"):
        load_policy(changed(tmp_path, "limited_data_set", operators={"NAME": "keep"}))
    assert load_policy(changed(tmp_path, "limited_data_set", operators={"DATE": "keep"}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: a\nname: b\n", "not valid YAML"),
        ("name: [", "not valid YAML"),
        ("- a\n", "mapping"),
        ("colour: red\n", "colour: unknown key"),
        ("name: a\n", "rule: missing"),
    ],
)
def test_broken_file_is_one_clear_sentence(tmp_path: Path, text: str, message: str) -> None:
    """Duplicate keys, syntax, shape, unknown and missing keys."""
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    with pytest.raises(RecipeError, match=message):
        load_policy(str(path))
