"""Reading suites."""

from pathlib import Path

import pytest

from llmops.errors import RecipeError
from llmops.evaluation import load_suite

HEAD = 'name: s\nversion: "1"\nprompts: {p: "{context} {question}"}\n'
CASE = "cases:\n- {id: a, question: What is it?, assertions: [{use: refuses}]}\n"


def suite_file(folder: Path, text: str) -> str:
    """Write a suite."""
    path = folder / "suite.yaml"
    path.write_text(text, "utf-8")
    return str(path)


def test_the_bundled_suite_reads() -> None:
    """And asks at least a dozen questions, two of them without an answer in the records."""
    suite = load_suite("quickstart")
    assert len(suite.cases) >= 12
    assert sum(any(item.use == "refuses" for item in case.assertions) for case in suite.cases) >= 2


def test_layout_does_not_change_the_digest(tmp_path: Path) -> None:
    """What a suite says does."""
    first = load_suite(suite_file(tmp_path, HEAD + CASE)).digest
    assert load_suite(suite_file(tmp_path, "# remark\n" + HEAD + CASE)).digest == first
    assert load_suite(suite_file(tmp_path, HEAD + CASE.replace("it?", "that?"))).digest != first


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD, "cases: is required"),
        (HEAD + CASE + "colour: canary\n", "colour: no such key"),
        (HEAD + CASE.replace("refuses", "canary"), r"cases\.0\.assertions\.0: 'use' must be one of"),
        (
            HEAD + CASE.replace("{use: refuses}", "{use: numeric, value: canary}"),
            r"cases\.0\.assertions\.0\.numeric\.value",
        ),
        (HEAD + CASE.replace("{use: refuses}", "{use: numeric, value: '5'}"), r"valid number"),
        (HEAD + CASE.replace("{use: refuses}", ""), "asserts nothing"),
        (HEAD + CASE + CASE.partition("\n")[2], "same id"),
        (HEAD.replace("{context}", "canary") + CASE, r"needs \{question\} and \{context\}"),
        (HEAD + HEAD + CASE, r"at line 4 \(or a key stands twice\)"),
        ("name: [canary", "not valid YAML"),
        ("canary", "top level"),
        ("1: canary", "keys must be text"),
    ],
)
def test_a_bad_suite_is_refused_by_key_path(tmp_path: Path, text: str, message: str) -> None:
    """One sentence that names the place and never a value."""
    with pytest.raises(RecipeError, match=message) as caught:
        load_suite(suite_file(tmp_path, text))
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_suite_that_is_not_there_names_the_bundled_ones() -> None:
    """So that the next attempt succeeds."""
    with pytest.raises(RecipeError, match="quickstart"):
        load_suite("nowhere")
