"""Numbers in the released zone do not say which name was masked: who knows the candidates cannot rank them."""

import json
from collections import defaultdict

import pyarrow.parquet as pq
import pytest

# Names that differ in length, in how common they are, and in whether they are words of the language.
GIVEN = ["Amy", "Christopher", "Guadalupe", "Hope", "Ian", "James", "Jo", "Mary", "Priya", "Rose"]
FAMILY = ["Abernathy", "Garcia", "Johnson", "Lee", "Ng", "Okonkwo", "Rice", "Smith", "Vossberg", "Wojciechowski"]
NOTE = """DISCHARGE SUMMARY
Patient: {given} {family}
MRN: 4471920
DOB: 03/04/1951
Date: 02/11/2024

HOSPITAL COURSE:
Mr. {family} was admitted with community-acquired pneumonia and given ceftriaxone 1 g IV daily for 5 days.
{given} {family} walked 200 feet without oxygen on the last day. Dr. {family} agreed with the plan.

PLAN:
Amoxicillin 875 mg twice daily for 3 days. Follow-up in two weeks.
"""
IDS = {"document_id", "record_id", "subject"}
# Of an event: where it stands in the log, and when it was written.
PLACE = {"n", "prev", "at", "index", "leaf", "run", "content"}


@pytest.fixture(scope="module")
def released(cli, tmp_path_factory):
    """One run over one note under a hundred names."""
    folder = tmp_path_factory.mktemp("names")
    notes = [
        {"id": f"n{number}", "text": NOTE.format(given=given, family=family)}
        for number, (given, family) in enumerate((given, family) for given in GIVEN for family in FAMILY)
    ]
    (folder / "in").mkdir()
    (folder / "in" / "notes.jsonl").write_text("\n".join(map(json.dumps, notes)))
    recipe = {
        "recipe": 1,
        "name": "names",
        "input": {"paths": ["in"]},
        "output": "out",
        "raw_zone": "raw",
        "gate": {"policy": "default"},
        "run": {"workers": 1},
    }
    (folder / "recipe.yaml").write_text(json.dumps(recipe))
    done = cli("run", folder / "recipe.yaml", "--json")
    assert done.returncode == 0, done.stderr
    return folder / "out", json.loads(done.stdout)


def test_released_rows_of_a_note_are_the_same_under_every_name(released):
    """All but ids: scores and names of recognizers told 72 of 345 names apart."""
    output, _ = released
    rows = [row for path in output.glob("release/*/data/*.parquet") for row in pq.read_table(path).to_pylist()]
    assert len(rows) == len(GIVEN) * len(FAMILY)
    for row in rows:
        for name in IDS:
            row.pop(name)
    assert len({json.dumps(row, sort_keys=True) for row in rows}) == 1


def test_audit_events_of_a_note_are_the_same_under_every_name(released):
    """Also the size of its record, which was that of the name."""
    output, _ = released
    seen = defaultdict(set)
    for path in output.glob("audit/*.jsonl"):
        for line in path.read_text().splitlines():
            event = json.loads(line)
            if "record_id" in event or "document_id" in event:
                rest = {name: value for name, value in event.items() if name not in IDS | PLACE}
                seen[event["kind"]].add(json.dumps(rest, sort_keys=True))
    assert {"record_read", "document_normalized", "document_deidentified", "document_released"} <= seen.keys()
    assert {kind: len(events) for kind, events in seen.items()} == dict.fromkeys(seen, 1)


def test_totals_of_a_run_are_told_in_blocks(released):
    """A run over one record would tell its size."""
    _, summary = released
    assert all(stage["bytes"] % 4096 == 0 for stage in summary["stages"])
    assert any(stage["bytes"] for stage in summary["stages"])
