"""Notes say in their head and signature who wrote them, who belongs to the patient and where care was given."""

import pytest

from llmops.documents import Locator, SourceRecord
from llmops.identities import Role
from llmops.normalize import NormalizeConfig
from llmops.normalize.notes.identities import facilities
from llmops.normalize.notes.people import author_in, clinicians, relatives
from llmops.normalize.notes.reader import documents, identities


def record(text: str) -> SourceRecord:
    return SourceRecord(
        record_id="r1", format="text", payload=text.encode(), locator=Locator(container="x"), encoding="utf-8"
    )


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("ATTENDING: Ines Varga, MD", "Ines Varga"),
        ("Attending: INES VARGA, M.D.   Room 4", "INES VARGA"),
        ("**Clinician:** Ines Varga-Lund, MD — NPI 1234567893", "Ines Varga-Lund"),
        ("Ordering: Varga, I", "Varga, I"),
        ("Surgeon: O. Varga-Lund    Assistant: none", "O. Varga-Lund"),
        ("Electronically signed by Ines Varga on 03/05/2024", "Ines Varga"),
        ("-- Ines Varga-Roy RN  IVR", "Ines Varga-Roy"),
        ("Dictated by the resident Ines Varga, MD (PGY-3)", "Ines Varga"),
        ("RTC 2 wks.  Dr. S. Varga-Lund", "S. Varga-Lund"),
        ("Seen by: R. Étienne MD    Interpreter: phone", "R. Étienne"),
    ],
)
def test_authors_and_signers_are_clinicians(line: str, name: str) -> None:
    """By the key before the name, or the credential behind it."""
    assert [found.text for found in clinicians(f"CLINIC NOTE\n{line}\n")] == [name]


@pytest.mark.parametrize(
    "line",
    [
        "OPERATIVE REPORT MD",
        "Attending: Hospital Medicine",
        "Nurse: none",
        "cc: patient",
        "Signed: 03/05/2024",
        "Assistant: same as above",
        "Seen by Cardiology",
        "Dr. Varga was called",
    ],
)
def test_keys_without_a_clear_name_give_nobody(line: str) -> None:
    """A wrong name would be masked in every note of the patient."""
    assert clinicians(line) == ()


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("Next of kin: Ben Okafor, husband, 555-0143", "Ben Okafor"),
        ("Emergency contact: Okafor, Ben (555-0143)", "Okafor, Ben"),
        ("Mother's name: Ruth Okafor", "Ruth Okafor"),
        ("Source: patient, daughter Ruth Okafor-Lund by phone", "Ruth Okafor-Lund"),
        ("Here with mother, Ruth Okafor. Night cough twice", "Ruth Okafor"),
        ("Caller: Ben Okafor (partner), for the patient", "Ben Okafor"),
    ],
)
def test_relatives_of_the_header_are_named(line: str, name: str) -> None:
    """So that their first name alone is known later on."""
    assert [found.text for found in relatives(f"NOTE\n{line}\n")] == [name]


@pytest.mark.parametrize(
    "line",
    [
        "Mother: Breast Cancer",
        "Father: Hypertension",
        "Mother: alive and well",
        "Sister Mary Joseph nodule",
        "Brother Has Diabetes",
        "FATHER CORONARY DISEASE",
    ],
)
def test_family_history_is_no_relative(line: str) -> None:
    """Diseases stand where names could."""
    assert relatives(line) == ()


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("QUIET BAY CLINICAL NEUROPHYSIOLOGY", ["QUIET BAY CLINICAL NEUROPHYSIOLOGY", "QUIET BAY"]),
        ("QUIET BAY MEDICAL CENTER - RADIOLOGY", ["QUIET BAY MEDICAL CENTER", "QUIET BAY"]),
        ("# Alderhollow Family Practice — Ines Varga, MD", ["Alderhollow Family Practice"]),
        ("ALDERHOLLOW CLINIC   PROGRESS NOTE", ["ALDERHOLLOW CLINIC"]),
    ],
)
def test_the_letterhead_names_the_facility(line: str, names: list[str]) -> None:
    """Whole, and by its own words where there are several."""
    assert [found.text for found in facilities(f"{line}\nMRN: 445120\n")] == names


@pytest.mark.parametrize(
    "line",
    [
        "INFECTIOUS DISEASE CLINIC",
        "# Epilepsy clinic",
        "EMERGENCY DEPARTMENT NOTE",
        "LEFT KNEE ARTHROSCOPY",
        "DEPARTMENT OF RADIOLOGY",
        "4 EAST NURSING UNIT",
        "TUMOR BOARD SUMMARY",
        "He was seen at the clinic",
    ],
)
def test_departments_and_titles_name_no_place(line: str) -> None:
    """They stand in every hospital."""
    assert facilities(line) == ()


def test_everybody_named_is_tied_to_the_notes_subject() -> None:
    """The vault links the people around a patient by the patient's number."""
    text = "QUIET BAY HOSPITAL\nPatient: Ada Okafor  MRN: 445120\nMother: Ruth Okafor\nAttending: Ines Varga, MD\n"
    found = identities(record(text), NormalizeConfig())
    assert [(i.role, i.names[0].text) for i in found] == [
        (Role.SELF, "Ada Okafor"),
        (Role.RELATIVE, "Ruth Okafor"),
        (Role.CLINICIAN, "Ines Varga"),
        (Role.ORGANIZATION, "QUIET BAY HOSPITAL"),
        (Role.ORGANIZATION, "QUIET BAY"),
    ]
    assert {i.subject for i in found} == {found[0].subject}


@pytest.mark.parametrize(
    "cell", ["Varga, Ines", "Ines Varga, MD", "Varga-Lund", "Dr unknown", "4417", "System", "RN", "Cardiology", ""]
)
def test_author_cells_name_people_or_nobody(cell: str) -> None:
    """User numbers and robots are no clinicians."""
    assert (author_in(cell) is not None) == ("Varga" in cell)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("PROGRESS NOTE    29 May 2024\nMRN: 445120", "2024-05-29"),
        ("4 EAST NURSING NOTE  10/12/24 0340   MRN 445120", "2024-10-12"),
        ("Lakeside Clinic\nAugust 9, 2024\n\nMRN: 445120", "2024-08-09"),
        ("# Eye clinic\n| DOB | 10/05/1967 |\n| Date | 15 Oct 2024 |\n| MRN | 445120 |", "2024-10-15"),
        ("Ada Okafor  DOB 03/04/1960  MRN: 445120   11/02/2024 21:37", "2024-11-02"),
        ("Okafor, Ada   MRN: 445120   DOB 02/28/1976     Date 9-5-2024", "2024-09-05"),
        ("Patient: Ada Okafor, MRN: 445120, 21 August 2024", "2024-08-21"),
        ("Exam: CT CHEST\nExam date: 2024/12/03\nMRN: 445120", "2024-12-03"),
        ("Date of operation: October 11, 2024\nMRN: 445120", "2024-10-11"),
        ("Arrival: 06/30/24 02:14\nMRN: 445120", "2024-06-30"),
        ("NOTE\nDOB: 03/04/60  MRN: 10-12-2024", ""),
        ("NOTE\nMRN: 445120\nAccession: 03-04-2024\nborn 03/04/1960", ""),
        (
            "NOTE\nMRN: 445120\n" + "She came back from a long holiday in the hills. " * 4 + "On 01/02/2024 she fell.",
            "",
        ),
    ],
)
def test_the_head_dates_the_note(text: str, time: str) -> None:
    """A keyed date first, else a date of the title or the lines below it that is neither birth date nor number."""
    (document,) = documents(record(text), NormalizeConfig())
    assert document.time == time
