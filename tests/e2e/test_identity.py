"""What was taken back stays out and what was not touched stays the same, whatever is done to the input."""

import csv
import gzip
import json
from itertools import pairwise
from pathlib import Path

import pytest

from llmops.release import open_release

TEXT = "MRN: {mrn}\nRadiology report\n\nPatient: {name} Vossberg\nFINDINGS: The {organ} shows a {n} mm lesion. Clear."
MDM = (
    "MSH|^~\\&|RIS|NORTH|||20240102||MDM^T02|7|P|2.5\rPID|1||77310002^^^^MR||Vossberg^Quillonc\rTXA|1|DI|TX|20240102\r"
)
ORGANS = ("liver", "spleen", "lung", "kidney", "pancreas", "thyroid")


def note(n: int, text: str = "") -> dict[str, str]:
    text = text or TEXT.format(mrn=77310000 + n, name=f"Quillon{'abcdefgh'[n]}", organ=ORGANS[n % 6], n=n)
    return {"note_id": str(400 + n), "mrn": str(77310000 + n), "text": text}


class World:
    """A folder of input, and a recipe that is run on it again and again."""

    def __init__(self, root: Path, cli) -> None:
        self.root, self.cli = root, cli
        self.key = root / "raw" / "keys" / "release-signing.pem"
        self.recipe = root / "recipe.yaml"
        recipe = {"recipe": 1, "name": "notes", "input": {"paths": ["in"]}, "output": "out", "raw_zone": "raw"}
        self.recipe.write_text(json.dumps({**recipe, "run": {"workers": 1}}))

    def input(self, **files: object) -> None:
        folder = self.root / "in"
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for name, rows in files.items():
            path = folder / name.replace("__", ".")
            if isinstance(rows, str):
                path.write_text(rows)
            elif ".csv" in path.name:
                with path.open("w", newline="") as out:
                    table = csv.DictWriter(out, list(rows[0]))
                    table.writeheader()
                    table.writerows(rows)
            else:
                path.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))

    def run(self) -> "Result":
        done = self.cli("run", self.recipe, "--json")
        assert done.returncode == 0, done.stderr
        summary = json.loads(done.stdout)
        return Result(summary, self.root / "out" / "release" / summary["release"]["id"])

    def take_back(self, release: Path, document_id: str, reason: str) -> None:
        done = self.cli("release", "tombstone", release, document_id, "--key", self.key, "--reason", reason)
        assert done.returncode == 0, done.stderr


class Result:
    """The release of one run."""

    def __init__(self, summary: dict, folder: Path) -> None:
        self.reasons, self.folder = summary["withheld"]["by_reason"], folder
        release = open_release(folder)
        self.documents = list(release.documents())
        self.ids = [document.document_id for document in self.documents]
        self.withheld = {one.document_id: one.reason.value for one in release.withheld()}
        counts = summary["counts"]
        assert counts["read"] == counts["released"] + counts["withheld"] == len(self.ids) + len(self.withheld)

    def about(self, organ: str) -> str:
        (found,) = [one.document_id for one in self.documents if organ in one.text]
        return found


@pytest.fixture
def world(tmp_path, cli) -> World:
    return World(tmp_path, cli)


def test_a_tombstone_holds_for_its_note_alone_whatever_is_done_to_the_input(world) -> None:
    """A row on top, other files, order and format; the output moved away; an edit; the text in a file and a message."""
    notes = [note(n) for n in range(6)]
    world.input(a__csv=notes)
    first = world.run()
    guilty = first.about("lung")
    assert all(one < other for one, other in pairwise(first.ids))
    world.take_back(first.folder, guilty, "phi_found")

    top, back = note(6, "MRN: 77310006\nNote\n\nNo wheeze, no fever."), notes[::-1]
    world.input(z__csv=[top, *back[:2]], b__jsonl__gz=back[2:])
    second = world.run()
    assert second.withheld == {guilty: "tombstoned"}
    assert set(second.ids) > set(first.ids) - {guilty}
    diff = world.cli("release", "diff", first.folder, second.folder, "--json")
    found = json.loads(diff.stdout)
    assert (len(found["added"]), found["removed"], found["changed"], found["same"]) == (1, [], [], 5)

    (world.root / "out").rename(world.root / "out-old")
    edited = {**notes[2], "text": notes[2]["text"] + " Reviewed."}
    text = notes[2]["text"]
    message = MDM + "".join(f"OBX|{n}|TX|||{line}\r" for n, line in enumerate(text.splitlines(), start=1))
    files = {"Quillonc__txt": text.replace("\n", "\r\n"), "interface__hl7": message}
    world.input(a__csv=[*notes[:2], edited, *notes[3:]], **files)
    third = world.run()
    assert third.reasons == {"tombstoned": 3}
    assert [name.partition(".")[0] for name in third.withheld].count(guilty.partition(".")[0]) == 1
    assert set(third.ids) == set(first.ids) - {guilty}


def test_a_request_takes_back_one_patients_note_not_anothers_with_the_same_words(world) -> None:
    """Consent is withdrawn for oneself; what both notes say is still a fact about the other."""
    words = "Chest X-ray. No acute disease of heart or lung. No effusion, no pneumothorax."
    world.input(a__csv=[note(0, words), note(1, words), *map(note, range(2, 6))])
    first = world.run()
    mine, theirs = [one.document_id for one in first.documents if "acute" in one.text]
    world.take_back(first.folder, mine, "consent_withdrawn")
    assert world.run().withheld == {mine: "tombstoned"}
    world.take_back(first.folder, theirs, "phi_found")
    assert set(world.run().withheld) == {mine, theirs}


def test_rows_of_one_key_stay_apart_and_one_row_twice_is_one_document(world) -> None:
    """Both are accounted for; what is taken back of one leaves the other, which stood beside it, as it is."""
    one, other = note(0), {**note(0), "text": note(1)["text"]}
    world.input(a__csv=[one, other, note(2)], b__csv=[one])
    first = world.run()
    record = first.about("liver").partition(".")[0]
    assert sum(name.startswith(record) for name in first.ids) == 2
    assert first.withheld == {f"{first.about('liver')}.2": "duplicate"}
    world.take_back(first.folder, first.about("liver"), "phi_found")
    third = {**note(0), "text": note(3)["text"]}
    world.input(a__csv=[third, other, note(2)])
    second = world.run()
    assert set(second.ids) == set(first.ids) - {first.about("liver")}
    assert list(second.withheld.values()) == ["tombstoned"]


def test_a_lost_key_of_ids_stops_the_run(world) -> None:
    """Under another one nothing that was taken back would be known, and all of it released again."""
    world.input(a__csv=[note(0), note(1)])
    first = world.run()
    world.take_back(first.folder, first.about("liver"), "phi_found")
    (world.root / "raw" / "keys" / "source-ids.key").unlink()
    (world.root / "out").rename(world.root / "out-old")
    done = world.cli("run", world.recipe)
    assert done.returncode == 6
    assert "holds 1 documents under another source-ids.key" in " ".join(done.stderr.split())
