"""The command line parses, prints and returns the exit codes of the design, and never shows what it worked on."""

import json

import pytest


def test_detect_answers_every_line_in_order(cli, tmp_path):
    """Ids of any type, empty texts and texts without PHI: one line each; offsets are code points."""
    text = "Éva, called Dr. Ravindran at (555) 555-0142 about MRN 4471920."
    records = [{"id": 7, "text": text}, {"id": "b", "text": ""}, {"id": "c", "text": "BP 120/80, stable."}]
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, records)) + "\n\n")
    done = cli("deid", "detect", tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [answer["id"] for answer in answers] == [7, "b", "c"]
    found = {text[span["start"] : span["end"]]: span["label"] for span in answers[0]["spans"]}
    assert found["Ravindran"] == "NAME"
    assert found["4471920"] == "MRN"
    assert answers[1]["spans"] == answers[2]["spans"] == []


@pytest.mark.parametrize("line", ["{", '{"id": 1}', '{"id": 1, "text": 5}', "[]", '"Jane Canary"'])
def test_a_line_that_is_no_record_is_named_by_number(cli, tmp_path, line):
    """Exit 3, and not a character of the line is shown."""
    (tmp_path / "in.jsonl").write_text('{"id": 0, "text": "fine"}\n' + line + "\n")
    done = cli("deid", "detect", tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    assert done.returncode == 3
    assert "line 2" in done.stderr
    assert "Canary" not in done.stderr


def test_text_goes_from_stdin_to_stdout(cli):
    """Layout stays, identifiers go."""
    done = cli("deid", "text", stdin="Patient: Osei Boateng\nMRN: 00-41-77-26\n\nStable.\n")
    assert done.returncode == 0, done.stderr
    assert "Boateng" not in done.stdout
    assert "00-41-77-26" not in done.stdout
    assert done.stdout.endswith("\n\nStable.\n")


def test_a_policy_can_be_named(cli):
    """Under a limited data set a date may stay or shift; under Safe Harbor it may not."""
    given = "Seen 03/14/2024."
    assert "03/14/2024" not in cli("deid", "text", stdin=given).stdout
    assert cli("deid", "text", "--policy", "none_such", stdin=given).returncode == 2


def test_check_prints_what_would_apply(cli, notes_recipe):
    """Recipe, fingerprint and policies, as JSON where asked."""
    done = cli("check", notes_recipe(1), "--json")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["policies"]["deid"].startswith("safe_harbor@")
    assert (facts["rule"], facts["section"]) == ("safe_harbor", "45 CFR 164.514(b)(2)")
    assert len(facts["fingerprint"]) == 64


def test_check_refuses_a_model_that_cannot_be_opened(cli, notes_recipe):
    """The run would find it only when the release is published."""
    done = cli("check", notes_recipe(1, evaluation={"suite": "quickstart", "model": "gpt4"}))
    assert (done.returncode, done.stdout) == (2, "")


def test_a_missing_recipe_or_input_has_its_own_exit_code(cli, notes_recipe, tmp_path):
    """2 for the recipe, 3 for the input; the input is not named."""
    assert cli("run", tmp_path / "nothing.yaml").returncode == 2
    done = cli("run", notes_recipe(1), "--input", tmp_path / "vossberg_notes")
    assert done.returncode == 3
    assert "vossberg" not in done.stderr
    (tmp_path / "nothing").mkdir()
    done = cli("check", notes_recipe(1), "--input", tmp_path / "nothing")
    assert (done.returncode, done.stdout) == (3, "")


def test_a_recipe_without_input_asks_for_it(cli, tmp_path):
    """Where it is read alone: its vault needs none."""
    bare = tmp_path / "bare.yaml"
    bare.write_text("recipe: 1\nname: bare\noutput: out\nraw_zone: raw\n")
    for command in ("check", "run"):
        done = cli(command, bare)
        assert done.returncode == 2, done.stderr
        assert "give --input" in done.stderr


def test_a_wrong_option_is_a_usage_error(cli):
    """Exit 2, as usual."""
    assert cli("run", "--no-such-option").returncode == 2


def test_the_schema_is_json(cli):
    """For editors."""
    assert json.loads(cli("schema").stdout)["title"] == "Recipe"
    assert json.loads(cli("schema", "summary").stdout)["title"] == "RunSummary"


def test_a_bug_is_said_with_its_place_and_without_its_message(cli, notes_recipe, faults):
    """An exception of unknown kind in the parent: exit 70, no traceback, none of its text."""
    broken = """
import llmops.runner.orchestrate as orchestrate
def plan(*_, **__): raise KeyError("Jane Canary")
orchestrate.plan_units = plan
"""
    done = cli("run", notes_recipe(1), env=faults(broken))
    assert done.returncode == 70
    assert "KeyError" in done.stderr
    assert "Canary" not in done.stderr
    assert "Traceback" not in done.stderr
    assert "released" not in done.stderr  # a bug behind the gate comes after the release


def test_detection_is_measured_on_annotated_notes(cli, tmp_path):
    """Figures as a table or as JSON without text; leaks in context only in the page, which its owner alone can read."""
    note = {"id": 1, "text": "Called Dr. Ravindran. Stable on qzx.", "spans": []}
    note["spans"] = [{"start": 11, "end": 20, "label": "DOCTOR"}, {"start": 32, "end": 35, "label": "odd label"}]
    (tmp_path / "gold.jsonl").write_text(json.dumps(note) + "\n")
    page = tmp_path / "page.html"
    done = cli("deid", "evaluate", tmp_path / "gold.jsonl", "--ner", "none", "--json", "--html", page)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["tokens"]["recall"]["total"] == 2
    assert figures["by_identifier"]["name"]["hits"] == 1
    assert {"tokens", "spans", "documents", "tokens_without_bare_years", "dates", "by_label"} <= figures.keys()
    assert "Ravindran" not in done.stdout + done.stderr
    assert "<mark>" in page.read_text()
    assert page.stat().st_mode & 0o077 == 0
    table = cli("deid", "evaluate", tmp_path / "gold.jsonl", "--ner", "none", "--free-titles")
    assert "recall by identifier" in table.stdout
    assert "…" not in table.stdout  # 80 columns
    assert "1/2" in table.stdout
    assert cli("deid", "evaluate", tmp_path / "gold.jsonl", "--ner", "no_such").returncode == 2
    assert cli("deid", "evaluate", tmp_path / "none.jsonl").returncode == 3
    assert "PHI" in cli("deid", "evaluate", "--help").stdout


def test_no_notes_measure_nothing(cli, tmp_path):
    """Recall of 1.0000 would be printed for a file that a script left empty."""
    (tmp_path / "gold.jsonl").write_text("\n")
    done = cli("deid", "evaluate", tmp_path / "gold.jsonl", "--ner", "none")
    assert (done.returncode, done.stdout) == (3, "")


def test_detect_does_not_overwrite_what_it_reads(cli, tmp_path):
    """Named by another way, too."""
    notes = tmp_path / "in.jsonl"
    notes.write_text('{"id": 0, "text": "fine"}\n')
    (tmp_path / "link").symlink_to(notes)
    for target in (notes, tmp_path / "link"):
        assert cli("deid", "detect", notes, target).returncode == 2
    assert notes.read_text() == '{"id": 0, "text": "fine"}\n'
