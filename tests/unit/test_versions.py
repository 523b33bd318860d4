"""The code digest covers what decides a release and nothing else."""

import re
import shutil
from pathlib import Path

import pytest

import llmops
from llmops.versions import DECIDING, code_digest, versions

PACKAGE = Path(llmops.__file__).parent
DECIDES_NOTHING = {
    "__init__", "_configs", "audit", "cli", "configs", "engines", "errors", "evaluation", "keys",
    "operations", "pages", "plain_files", "plugins", "presidio", "process", "report", "retrieval",
    "run_summary", "runner", "training", "validation", "versions", "yaml_file",
}  # fmt: skip


@pytest.fixture
def package(tmp_path):
    """A copy of the source, to be changed."""
    copy = tmp_path / "llmops"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "model"))
    return copy


def change(path, pattern, replacement):
    text = path.read_text(encoding="utf-8")
    changed = re.sub(pattern, replacement, text, count=1)
    assert changed != text
    path.write_text(changed, encoding="utf-8")


def test_the_digest_is_part_of_the_versions():
    """As releases and fingerprints name it."""
    assert versions()["code"] == code_digest(PACKAGE)


@pytest.mark.parametrize(
    ("file", "pattern", "replacement"),
    [
        ("deid/stage.py", r'\A"""', '"""Changed: '),
        ("deid/spans.py", r"Args:", "Arguments:"),
        ("cli/app.py", r"add_completion=False", "add_completion=True"),
        ("audit/export/ocsf.py", r"_uid", "_id"),
        ("retrieval/bm25.py", r"import", "import  "),
    ],
)
def test_docstrings_and_consumers_do_not_count(package, file, pattern, replacement):
    """An old output is not refused for a change that decides nothing about it."""
    before = code_digest(package)
    change(package / file, pattern, replacement)
    assert code_digest(package) == before


@pytest.mark.parametrize(
    ("file", "pattern", "replacement"),
    [
        ("deid/detect/recognizers/numbers/ssn.py", r"\\d\{3\}", r"\\d{4}"),
        ("deid/vocabulary/eponyms.txt", r"\w+", "zzz"),
        ("quality/scorer.py", r"return ", "return None or "),
        ("normalize/hl7v2/reader.py", r"def documents", "def papers"),
        ("release/gate.py", r" if (?=\w+\.)", " if not "),
        ("minimize.py", r"identifier_fields: bool = False", "identifier_fields: bool = True"),
    ],
)
def test_a_rule_or_a_word_list_counts(package, file, pattern, replacement):
    """An output of other rules is refused, and its release has another id."""
    before = code_digest(package)
    change(package / file, pattern, replacement)
    assert code_digest(package) != before


def test_text_in_the_place_of_a_docstring_is_told_from_a_value(package):
    """A string that is assigned or returned counts."""
    path = package / "minimize.py"
    before = code_digest(package)
    path.write_text(path.read_text(encoding="utf-8") + '\nWORD = "one"\n', encoding="utf-8")
    one = code_digest(package)
    change(path, 'WORD = "one"', 'WORD = "two"')
    assert len({before, one, code_digest(package)}) == 3


def test_every_part_of_the_package_is_named_as_deciding_or_not():
    """Who adds a module says which it is."""
    parts = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    deciding = {name.removesuffix(".py") for name in DECIDING if "/" not in name}
    assert parts - deciding <= DECIDES_NOTHING
    assert not deciding & DECIDES_NOTHING
    assert all((PACKAGE / name).exists() for name in DECIDING)
