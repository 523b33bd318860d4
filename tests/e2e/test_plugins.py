"""A stranger's package adds a format, a recognizer, a check, an assertion and an engine; a recipe names each."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "plugin"
RECIPE = """
recipe: 1
name: plugins
input: {{paths: [ward.txt], formats: [ward-list]}}
output: {out}
raw_zone: {out}-raw
deid: {{recognizers: [badge]}}
quality: {{checks: {{shouting: 1.0}}}}
retrieval: {{use: bm25}}
evaluation: {{suite: suite.yaml, assertions: [is_short]}}
run: {{workers: 1, engine: {engine}}}
"""
SUITE = """
name: short
version: "1"
prompts: {plain: "{context} {question}"}
cases:
  - id: pressure
    question: What was the blood pressure on the ward?
    assertions: [{use: is_short, most: 4000}]
"""
WARD = """%WARD
4471203;Blood pressure 120/80 on the ward round, badge QXabc was shown at the door and lungs are clear.
4471207;LUNGS ARE CLEAR AND THE WOUND IS DRY. BLOOD PRESSURE IS 130/70 AND THE PATIENT WALKS WITHOUT HELP TODAY.
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The example package, built and installed into a folder of its own."""
    folder = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([*pip, "--target", str(folder), str(PACKAGE)], check=True)
    return folder


@pytest.fixture
def ward(tmp_path):
    """A file that no bundled format claims, and the suite."""
    (tmp_path / "ward.txt").write_text(WARD)
    (tmp_path / "suite.yaml").write_text(SUITE)

    def recipe(**parts):
        path = tmp_path / f"{parts['out']}.yaml"
        path.write_text(RECIPE.format(**parts))
        return path

    return recipe


def rows(folder):
    (release,) = (folder / "release").glob("[0-9a-f]*")
    tables = [pq.read_table(path).to_pylist() for path in sorted(release.glob("data/*.parquet"))]
    return [row for table in tables for row in table]


@pytest.mark.parametrize("engine", ["local", "one-by-one"])
def test_every_kind_of_plug_in_takes_part_in_a_run(cli, installed, ward, tmp_path, engine):
    """Two records by the format, the badge masked, the check's dimension scored, the assertion asked."""
    done = cli("run", ward(out="out", engine=engine), "--json", env={"PYTHONPATH": str(installed)})
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["counts"] == {"records": 2, "read": 2, "released": 2, "withheld": 0}
    assert summary["evaluation"]["passed"] == summary["evaluation"]["cases"] == 1
    released = rows(tmp_path / "out")
    assert {row["provenance"]["format"] for row in released} == {"wardlist"}
    assert not any("QXabc" in row["text"] for row in released)
    assert any("[OTHERID]" in row["text"] for row in released)
    scores = [{one["name"]: one["score"] for one in row["quality"]["dimensions"]} for row in released]
    assert sorted(score["shouting"] < 0.1 for score in scores) == [False, True]


def test_an_output_of_other_plug_ins_is_refused(cli, installed, ward, tmp_path):
    """What a plug-in decides is part of the fingerprint: its version and source count."""
    environment = {"PYTHONPATH": str(installed)}
    recipe = ward(out="out", engine="local")
    assert cli("run", recipe, env=environment).returncode == 0
    module = installed / "llmops_example" / "shouting.py"
    before = module.read_text()
    try:
        module.write_text(before.replace("share > 0.5", "share > 0.4"))
        again = cli("run", recipe, env=environment)
    finally:
        module.write_text(before)
    assert again.returncode == 2
    assert "made with another recipe, policy or code" in again.stderr


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[ward-list]", "[no-such]"),
        ("[badge]", "[no-such]"),
        ("shouting", "no-such"),
        ("engine: local", "engine: no-such"),
    ],
)
def test_a_plug_in_that_is_not_installed_is_refused_by_name(cli, installed, ward, tmp_path, old, new):
    """Before any record is read; exit 2."""
    path = ward(out="out", engine="local")
    path.write_text(path.read_text().replace(old, new))
    done = cli("check", path, env={"PYTHONPATH": str(installed)})
    assert done.returncode == 2
    assert "plug-in 'no-such': no installed package offers it" in done.stderr


def test_what_a_recipe_does_not_name_is_not_loaded(cli, installed, ward, tmp_path):
    """An installed package alone changes nothing."""
    path = ward(out="out", engine="local")
    path.write_text(path.read_text().replace(", formats: [ward-list]", "").replace("deid: {recognizers: [badge]}", ""))
    done = cli("run", path, "--json", env={"PYTHONPATH": str(installed)})
    assert json.loads(done.stdout)["counts"]["released"] == 0
