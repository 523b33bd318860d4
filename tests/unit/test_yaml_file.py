"""Whatever somebody wrote into a recipe, a policy or a suite, it is read or refused, and never repeated."""

from collections.abc import Callable
from pathlib import Path

import pytest

from llmops.deid import load_policy
from llmops.errors import RecipeError
from llmops.evaluation import load_suite
from llmops.quality import load_policy as load_quality_policy
from llmops.recipe import load_recipe
from llmops.release import load_gate_policy
from llmops.yaml_file import read_yaml
from tests.attacks.yaml_bombs import nested

LOADERS: tuple[Callable[[str], object], ...] = (
    load_policy,
    load_quality_policy,
    load_gate_policy,
    load_suite,
    lambda path: load_recipe(Path(path)),
)
UNREADABLE = {
    "a key twice": b"canary: 1\ncanary: 2\n",
    "not closed": b"a: [canary",
    "a tag": b"a: !!python/object:os.system canary",
    "no number": b"a: !!float canary",
    "neither true nor false": b"a: !!bool canary",
    "no base64": b"a: !!binary canary!",
    "no date": b"canary: 2024-02-31",
    "too many digits": b"canary: " + b"9" * 5000,
    "too deep": b"[" * 3000 + b"canary",
    "a list as a key": b"? [canary]\n: 1",
    "two documents": b"canary: 1\n---\ncanary: 2\n",
    "Latin-1": b"a: canary caf\xe9",
    "a control character": b"a: canary\x00",
}


BOMBS = {
    "billion laughs": (nested(10, "[{}]"), "values, aliases written out"),
    "merge keys": (nested(10, "{{<<: [{}]}}"), "values, aliases written out"),
    "merge keys in the text of a recipe": (nested(6, "{{k: {{<<: [{}]}}, l: 1}}"), "values, aliases written out"),
    "one wide alias": (b"a: &a [" + b"1," * 999 + b"1]\nb: [" + b"*a," * 99 + b"*a]", "values, aliases written out"),
    "many values": (b"a: [" + b"1," * 60_000 + b"1]", "values, aliases written out"),
    "many names": (b"".join(b"k%d: &a%d 1\n" % (n, n) for n in range(40_000)), "values, aliases written out"),
    "an alias of itself": (b"a: &a [*a, canary]", "nested deeper"),
    "a merge of itself": (b"a: &a {<<: *a}", "nested deeper"),
    "a ladder of aliases": (
        b"a0: &a0 [1]\n" + b"".join(b"a%d: &a%d [*a%d]\n" % (n, n, n - 1) for n in range(1, 99)),
        "nested",
    ),
    "brackets": (b"[" * 100_000, "nested deeper"),
    "braces": (b"{canary: " * 100_000, "nested deeper"),
    "dashes": (b"- " * 100_000 + b"canary", "nested deeper"),
    "question marks": (b"? " * 100_000 + b"canary", "nested deeper"),
    "indentation": (b"".join(b" " * n + b"a:\n" for n in range(1_000)), "nested deeper"),
    "a long file": (b"# canary\n" * 200_000, "larger than"),
    "a long tag": (b"a: !" + b"x" * 1_000_000 + b" canary", "a tag of over"),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("data", "said"), BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_refused_before_it_goes_off(data: bytes, said: str, tmp_path: Path) -> None:
    """Written out, most of them are larger than any memory, and the others take minutes; none gets that far."""
    path = tmp_path / "file.yaml"
    path.write_bytes(data)
    with pytest.raises(RecipeError, match=said) as refused:
        read_yaml(path, "file")
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize("load", LOADERS, ids=["deid", "quality", "gate", "suite", "recipe"])
def test_a_bomb_in_any_file_that_people_write_is_refused(load: Callable[[str], object], tmp_path: Path) -> None:
    """None of them reads YAML by another way."""
    path = tmp_path / "file.yaml"
    path.write_bytes(BOMBS["billion laughs"][0])
    with pytest.raises(RecipeError, match="values, aliases written out"):
        load(str(path))


def test_aliases_and_merge_keys_of_usual_size_are_read(tmp_path: Path) -> None:
    """They say what they said."""
    path = tmp_path / "file.yaml"
    path.write_text("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: [*a, *a]\n")
    one = {"x": 1, "y": 2}
    assert read_yaml(path, "file")[0] == {"a": one, "b": {"x": 1, "y": 3}, "c": [one, one]}


@pytest.mark.parametrize("data", UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("load", LOADERS, ids=["deid", "quality", "gate", "suite", "recipe"])
def test_what_is_no_yaml_is_refused_without_its_content(
    load: Callable[[str], object], data: bytes, tmp_path: Path
) -> None:
    """The same for each of them; an unmapped error of the reader would be a crash that shows the file."""
    path = tmp_path / "file.yaml"
    path.write_bytes(data)
    with pytest.raises(RecipeError) as refused:
        load(str(path))
    assert "canary" not in str(refused.value)


def test_words_and_leading_zeros_stay_what_they_are(tmp_path: Path) -> None:
    """YAML 1.2 has no Norway problem and no octal 0123; the bytes come too, for a digest."""
    path = tmp_path / "file.yaml"
    path.write_bytes(b"a: no\nb: 0123\nc: 12:30\n")
    assert read_yaml(path, "file") == ({"a": "no", "b": 123, "c": "12:30"}, path.read_bytes())


def test_the_line_of_a_mistake_is_named_and_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """With what it was to be."""
    path = tmp_path / "file.yaml"
    path.write_text("a: 1\nb: [\n")
    with pytest.raises(RecipeError, match=r"^suite: not valid YAML 1\.2 in UTF-8 at line 3"):
        read_yaml(path, "suite")
    with pytest.raises(RecipeError, match=r"^suite: cannot be read \(No such file"):
        read_yaml(tmp_path / "none.yaml", "suite")
