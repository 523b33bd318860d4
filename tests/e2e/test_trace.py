"""From an id back to file, row and reason; for the raw zone, and never without a line in the log."""

import json
import zipfile
from pathlib import Path

import pytest

from llmops.audit.explain import events_in
from llmops.release import open_release

ROW = "MRN: {mrn}\nProgress note\n\nPatient: Quillon Vossberg\nThe {organ} is unremarkable, {n} mm."


def row(n: int) -> str:
    organ = ("liver", "spleen", "lung", "kidney")[n % 4]
    return json.dumps(
        {"note_id": f"N{n}", "mrn": f"7731000{n}", "text": ROW.format(mrn=n + 77310000, organ=organ, n=n)}
    )


@pytest.fixture(scope="module")
def ward(tmp_path_factory, cli) -> Path:
    """One run over tables that are good, lack a column, repeat a row, and an archive."""
    root = tmp_path_factory.mktemp("ward")
    (root / "in").mkdir()
    (root / "in" / "notes_Vossberg.jsonl").write_text("\n".join(map(row, range(4))))
    (root / "in" / "again.jsonl").write_text(row(1))
    (root / "in" / "sheet.csv").write_text("mrn,Anamnese_Vossberg\n77310005,Wheeze.\n77310006,No wheeze.\n")
    with zipfile.ZipFile(root / "in" / "old.zip", "w") as archive:
        archive.writestr("Quillon\x1b[31m.pdf", b"%PDF-1.7")
    recipe = {
        "recipe": 1,
        "name": "ward",
        "input": {"paths": ["in"]},
        "output": "out",
        "raw_zone": "raw",
        "gate": {"max_withheld_ratio": 1.0},
        "run": {"workers": 1},
    }
    (root / "recipe.yaml").write_text(json.dumps(recipe))
    done = cli("run", root / "recipe.yaml")
    assert done.returncode == 0, done.stderr
    return root


def release(ward: Path):
    (folder,) = ward.joinpath("out", "release").glob("[0-9a-f]*")
    return open_release(folder)


def traced(cli, ward: Path, *arguments: object) -> list[dict]:
    done = cli("trace", *arguments, "--recipe", ward / "recipe.yaml", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_an_id_leads_to_its_file_and_what_became_of_it(cli, ward) -> None:
    """A document, and the record that it is of."""
    (lung,) = [document for document in release(ward).documents() if "lung" in document.text]
    for name in (lung.document_id, lung.record_id):
        (found,) = traced(cli, ward, name)
        assert (found["id"], found["decision"], found["release"]) == (lung.document_id, "released", release(ward).id)
        file = Path(found["file"])
        assert file == ward / "in" / "notes_Vossberg.jsonl"
        assert json.loads(file.read_bytes()[found["start"] : found["end"]])["note_id"] == "N2"


def test_a_duplicate_says_of_what(cli, ward) -> None:
    """The copy is in the one file, the document that was kept in the other."""
    copy = next(one.document_id for one in release(ward).withheld() if one.reason == "duplicate")
    (found,) = traced(cli, ward, copy)
    (kept,) = traced(cli, ward, found["duplicate_of"])
    assert kept["decision"] == "released"
    assert {Path(one["file"]).name for one in (found, kept)} == {"again.jsonl", "notes_Vossberg.jsonl"}


def test_withheld_records_are_listed_by_file_with_the_columns_that_are_there(cli, ward) -> None:
    """What is missing and what is there, for people, with what would steer a terminal written out."""
    rows = traced(cli, ward, "--withheld")
    assert [(Path(one["file"]).name, one["decision"]) for one in rows] == sorted(
        [(Path(one["file"]).name, "duplicate") for one in rows if one["decision"] == "duplicate"]
        + [("old.zip", "unknown_format"), ("sheet.csv", "missing_column"), ("sheet.csv", "missing_column")]
    )
    lacking = traced(cli, ward, "--withheld", "--reason", "missing_column")
    assert [(one["start"], one["rows"], one["missing"]) for one in lacking] == [
        (1, True, ["text"]),
        (2, True, ["text"]),
    ]
    assert {tuple(one["present"]) for one in lacking} == {("mrn", "Anamnese_Vossberg")}
    shown = cli("trace", "--withheld", "--recipe", ward / "recipe.yaml").stdout
    assert "sheet.csv, row 2" in shown
    assert "columns there: mrn, Anamnese_Vossberg" in shown
    assert "\x1b" not in shown
    assert "Quillon\\x1b[31m.pdf" in shown


def test_whoever_asks_is_in_the_log_which_stays_without_phi(cli, ward) -> None:
    """Id or reason, and how many were found; a slip that may be a name is neither."""
    (document, *_) = release(ward).documents()
    traced(cli, ward, document.document_id)
    traced(cli, ward, "--withheld", "--reason", "unknown_format")
    refused = cli("trace", "Vossberg", "--recipe", ward / "recipe.yaml")
    assert refused.returncode == 2
    unknown = cli("trace", "r" + "0" * 20, "--recipe", ward / "recipe.yaml")
    assert unknown.returncode == 1
    audit = ward / "out" / "audit"
    events = [seen.entry.event for seen in events_in(audit, kinds=["record_traced"])]
    asked = [(event.document_id or event.record_id, event.reason, event.found) for event in events]
    assert (document.document_id, "", 1) in asked
    assert ("", "unknown_format", 1) in asked
    assert ("r" + "0" * 20, "", 0) in asked
    written = b"".join(path.read_bytes() for path in (ward / "out").rglob("*") if path.is_file())
    assert b"Vossberg" not in written
    assert b"sheet.csv" not in written
    key = ward / "raw" / "keys" / "audit-signing.pem"
    assert cli("audit", "verify", audit, "--key", key).returncode in (0, 1)  # no anchor is given


def test_check_looks_at_headers(cli, ward) -> None:
    """What a run would withhold is said before; names that are not usual ones are counted, since they may be PHI."""
    done = cli("check", ward / "recipe.yaml")
    assert done.returncode == 0
    said = " ".join(done.stderr.split())
    assert "1 of 3 tables lack a column (text)" in said
    assert "they have mrn and 1 others" in said
    assert "Anamnese" not in done.stdout + done.stderr
    found = json.loads(cli("check", ward / "recipe.yaml", "--json").stdout)
    assert found["tables"] == 3
    assert found["lacking"] == [{"missing": ["text"], "known": ["mrn"], "others": 1, "files": 1}]
