"""Sections are found by their headings and named from a closed table only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops.normalize.text.section_names import OTHER, section_name, section_name_for_code
from llmops.normalize.text.sections import find_sections


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("HISTORY OF PRESENT ILLNESS:", "history_of_present_illness"),
        ("HPI: 54M with chest pain", "history_of_present_illness"),
        ("Assessment/Plan:", "assessment_and_plan"),
        ("A&P:", "assessment_and_plan"),
        ("# Medications", "medications"),
        ("**Allergies:** NKDA", "allergies"),
        ("2. Findings: clear lungs", "findings"),
        ("Impression", "impression"),
        ("CC: cough", "chief_complaint"),
    ],
)
def test_known_headings_get_their_name(line: str, name: str) -> None:
    """Headings as notes and reports write them."""
    sections = find_sections(f"Letterhead\n\n{line}\nsome text")
    assert [s.name for s in sections] == ["preamble", name]


@pytest.mark.parametrize(
    "line", ["PATIENT: TRAN, HUE", "plan to return", "He takes medications: aspirin", "BP: 120/80"]
)
def test_lines_that_are_no_headings_open_no_section(line: str) -> None:
    """A patient block or a sentence is not a section."""
    assert [s.name for s in find_sections(f"Letter\n{line}\nmore")] == ["body"]


def test_an_unknown_heading_never_becomes_a_name() -> None:
    """The words of a heading may be a patient's name."""
    text = "Plan: rest\n\nTRAN, HUE THI\nseen today"
    assert [s.name for s in find_sections(text)] == ["plan", OTHER]


def test_headings_inside_a_line_divide_it() -> None:
    """Reports run their headings together."""
    text = "CT chest without contrast. Findings: a 4 mm nodule. Impression: stable."
    assert [(s.name, text[s.start : s.start + 5]) for s in find_sections(text)] == [
        ("preamble", "CT ch"),
        ("findings", "Findi"),
        ("impression", "Impre"),
    ]


def test_codes_and_names_agree() -> None:
    """C-CDA and free text end up under one name."""
    name, code = section_name("Past Medical History")
    assert (name, section_name_for_code(code)) == ("past_medical_history", "past_medical_history")
    assert section_name_for_code("0-0") == OTHER


@given(st.lists(st.sampled_from(["Plan:", "HPI: x", "TRAN, HUE", "", "text.", "# CHF", "Findings: y. Impression: z"])))
def test_sections_cover_the_text_in_order(lines: list[str]) -> None:
    """No character is in two sections or in none."""
    text = "\n".join(lines)
    at = 0
    for section in find_sections(text):
        assert section.start == at < section.end
        at = section.end
    assert at == len(text)
