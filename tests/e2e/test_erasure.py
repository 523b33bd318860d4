"""An erased patient is gone from everything a run wrote but the signed data, and stays out of what comes later."""

import json
import re
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from llmops import open_release
from llmops.retrieval.terms import words as indexed

ROOT = Path(__file__).resolve().parents[2]
WORDS_IN_A_ROW = 4


def _words(text):
    return re.findall(r"[a-z0-9]+", text.lower())


def _phrases(text):
    words = _words(text)
    return {" ".join(words[at : at + WORDS_IN_A_ROW]) for at in range(len(words) - WORDS_IN_A_ROW + 1)}


def _written(folder):
    """Every file below a folder with its words in a row; Parquet by its rows, arrays by their strings."""
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".parquet":
            yield path, " ".join(_words(json.dumps(pq.read_table(path).to_pylist(), default=str)))
        elif path.is_file():
            yield path, " ".join(_words(path.read_bytes().decode("utf-8", "replace")))


@pytest.fixture
def zones(quickstart, tmp_path):
    """The two zones of the quickstart, for a test to change; and the options that name them."""
    copy = quickstart.copy(tmp_path)
    shutil.copytree(quickstart.raw, tmp_path / "raw")
    recipe = ROOT / "recipes" / "quickstart.yaml"
    return copy, ("erase", recipe, "--output", copy.output, "--raw-zone", tmp_path / "raw")


@pytest.fixture
def patient(zones):
    """A patient whom an answer cites: pseudonym, document ids, phrases and words that only their documents have.

    What the evaluation asks is the suite's own text and does not count, nor does what an index names its columns.
    """
    copy, _ = zones
    results = json.loads((copy.output / "summary.json").read_text())["evaluation"]["results"]
    cited = {chunk.rpartition("#")[0] for case in results for chunk in case["citations"]}
    documents = list(open_release(copy.release, (copy.release_key,)).documents())
    subject = next(document.subject for document in documents if document.document_id in cited)
    asked = (ROOT / "configs" / "evaluation" / "quickstart.yaml").read_text()
    (chunks,) = (copy.output / "index").rglob("chunks.parquet")
    ids, own, others, own_words, other_words = set(), set(), _phrases(asked), set(), set()
    other_words.update(*map(_words, pq.read_schema(chunks).names))
    for document in documents:
        named = [section.name for section in document.sections] + [str(field.value) for field in document.fields]
        text = "\n".join([document.title, document.text, document.doc_type, document.kind, *named]).replace("_", " ")
        if document.subject == subject:
            ids.add(document.document_id)
            own.update(_phrases(text))
            own_words.update(_words(text))
        else:
            others.update(_phrases(text))
            other_words.update(_words(text), indexed(text))  # an index holds words without their endings
    return subject, ids, own - others, {word for word in own_words - other_words if len(word) > 5}


def test_no_text_of_an_erased_patient_is_left_outside_the_signed_data(cli, zones, patient):
    """In summary, reports, evaluation and log; the index that a search then builds has no word that is theirs alone."""
    copy, (command, recipe, *places) = zones
    subject, ids, phrases, words = patient
    assert len(phrases) > 50
    assert len(words) > 5
    assert any(words & set(text.split()) for path, text in _written(copy.output / "index"))
    done = cli("vault", command, recipe, subject, *places, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["documents"] == len(ids)

    def left():
        for path, text in _written(copy.output):
            in_index = path.is_relative_to(copy.output / "index") and words & set(text.split())
            if path.parent != copy.release / "data" and (in_index or phrases & _phrases(text)):
                yield path.relative_to(copy.output)

    assert not (copy.output / "index" / copy.release.name).exists()
    assert list(left()) == []
    for question in sorted(phrases)[:3]:
        found = cli("search", copy.release, question, "--key", copy.release_key, "--json")
        assert found.returncode == 0, found.stderr
        assert not ids & {hit["document"] for hit in json.loads(found.stdout)}
    assert any(path.name == "index.json" for path, _ in _written(copy.output / "index"))
    assert list(left()) == []


def test_a_run_that_goes_on_after_an_erasure_releases_nothing_of_the_patient(cli, notes_recipe):
    """Not from work files that it kept, either; the withheld documents say why."""
    recipe = notes_recipe(6, deid={"ner": "none"}, run={"workers": 1, "keep_work": True})
    assert cli("run", recipe).returncode == 0
    output = recipe.parent / "out"
    (first,) = output.joinpath("release").glob("[0-9a-f]*")
    key = recipe.parent / "raw" / "keys" / "release-signing.pem"
    gone = next(iter(open_release(first, (key,)).documents()))
    assert cli("vault", "erase", recipe, gone.subject).returncode == 0
    again = cli("run", recipe, "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["withheld"]["by_reason"]["subject_erased"] == 1
    (second,) = (path for path in output.joinpath("release").glob("[0-9a-f]*") if path != first)
    before, after = (open_release(path, (key,)) for path in (first, second))
    assert gone.document_id not in before
    assert gone.document_id not in after
    assert len(before) == len(after) == 5
