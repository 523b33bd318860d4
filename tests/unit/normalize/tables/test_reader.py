"""Rows of note exports become documents under a mapping or by the usual column names."""

import json
from typing import Any

import pytest

from llmops.documents import NOT_TEXT, Field, FieldPhi, Kind, Locator, Reason, SourceRecord, locate
from llmops.identities import Role
from llmops.normalize import NormalizeConfig, TableColumns
from llmops.normalize.errors import Refused
from llmops.normalize.tables.reader import documents, identities
from llmops.phi import PhiLabel


def row(ensure_ascii: bool = False, **columns: Any) -> SourceRecord:
    payload = json.dumps(columns, ensure_ascii=ensure_ascii).encode()
    return SourceRecord(record_id="r1", format="row", payload=payload, locator=Locator(container="x"))


def refusal(record: SourceRecord, config: NormalizeConfig) -> Reason:
    with pytest.raises(Refused) as refused:
        documents(record, config)
    return refused.value.reason


def test_usual_column_names_need_no_mapping() -> None:
    """MIMIC-like and EHR-like exports read as they are."""
    (document,) = documents(
        row(SUBJECT_ID=10032, CHARTDATE="2101-10-20", CATEGORY="Radiology", TEXT="IMPRESSION: clear"), NormalizeConfig()
    )
    assert (document.subject[0].value, document.time, document.kind) == ("10032", "2101-10-20", Kind.REPORT)
    assert Field(name="row.time", value="2101-10-20", phi=PhiLabel.DATE) in document.fields


def test_a_mapping_keeps_only_what_it_names() -> None:
    """Columns named nowhere are dropped and counted."""
    table = TableColumns(
        text="body", subject="pid", assigner_name="lab", phi=(("ward", "ORG"), ("remark", "free_text"))
    )
    (document,) = documents(
        row(body="ok", pid="7", ward="4 East", remark="call son", secret="x"), NormalizeConfig(table=table)
    )
    assert document.subject[0].assigner == "lab"
    assert [(f.name, f.phi) for f in document.fields] == [
        ("row.ward", PhiLabel.ORG),
        ("row.remark", FieldPhi.FREE_TEXT),
    ]
    assert dict(document.provenance.changes)["dropped:column"] == 1


def test_rows_without_text_become_summaries_of_the_kept_columns() -> None:
    """A table of values still says something; identifiers stay out of the text."""
    table = TableColumns(phi=(("diagnosis", "none"), ("phone", "PHONE")))
    (document,) = documents(row(mrn="7", diagnosis="asthma", phone="555-0101"), NormalizeConfig(table=table))
    assert (document.kind, document.text) == (Kind.SUMMARY, "diagnosis: asthma")


@pytest.mark.parametrize(
    ("columns", "table", "reason"),
    [
        ({"mrn": "7", "foo": "x"}, TableColumns(), Reason.MISSING_COLUMN),
        ({"mrn": "7", "text": "x"}, TableColumns(text="body"), Reason.MISSING_COLUMN),
        ({"mrn": "7", "text": "  "}, TableColumns(), Reason.EMPTY),
        ({"mrn": True, "text": "x"}, TableColumns(), Reason.BAD_ROW),
        ({"mrn": ["7", "8"], "text": "x"}, TableColumns(), Reason.BAD_ROW),
        ({"mrn": "7", "text": [{"body": "x"}]}, TableColumns(), Reason.BAD_ROW),
        ({"mrn": "7", "text": "x", "ward": {"a": 1}}, TableColumns(phi=(("ward", "none"),)), Reason.BAD_ROW),
        ({"mrn": None, "text": "x"}, TableColumns(), Reason.NO_SUBJECT),
    ],
)
def test_rows_that_cannot_go_on_say_why(columns: dict[str, Any], table: TableColumns, reason: Reason) -> None:
    """One reason each."""
    assert refusal(row(**columns), NormalizeConfig(table=table)) is reason


def test_columns_that_are_not_kept_may_hold_anything() -> None:
    """A list in a column that nobody asked for withholds no row; yes or no in a kept one is a value."""
    table = TableColumns(phi=(("smoker", "none"),))
    (document,) = documents(row(mrn="7", text="fine", tags=["a"], smoker=True), NormalizeConfig(table=table))
    assert Field(name="row.smoker", value=True, phi=FieldPhi.NONE) in document.fields


def test_the_note_may_name_the_patient_where_the_row_does_not() -> None:
    """A record number in the text links the note."""
    (document,) = documents(row(text="MRN: 445120\nfine"), NormalizeConfig())
    assert document.subject[0].value == "445120"


def test_lines_of_a_note_are_aligned_inside_the_json() -> None:
    """Escaped line ends do not lose the way back; where the bytes are escaped otherwise the range is wide."""
    record = row(mrn="7", text='Line one\nshe said "no"\nthird line')
    (document,) = documents(record, NormalizeConfig())
    at = document.text.index("third")
    (segment,) = locate(document.align, at, at + 5)
    assert record.payload[segment.source_start : segment.source_end] == b"third"
    escaped = row(ensure_ascii=True, mrn="7", text="café")
    (document,) = documents(escaped, NormalizeConfig())
    assert (document.align[0].source_end, document.align[0].exact) == (len(escaped.payload), False)


def test_html_in_a_cell_is_read_as_one_text() -> None:
    """Tags do not keep to lines, so the text leads back to the whole value."""
    record = row(mrn="7", text="<table>\n<tr>\n<td>Cell</td>\n<td\nclass='x'>802&#45;555</td></tr></table>")
    (document,) = documents(record, NormalizeConfig())
    assert document.text == "Cell | 802-555"
    (segment,) = locate(document.align, 0, 4)
    assert record.payload[segment.source_start : segment.source_end].startswith(b"<table>")
    (identity,) = identities(row(mrn="7", text="seen", patient_name="O&#39;Neil, Ada"), NormalizeConfig())
    assert identity.names[0].family == "O'Neil"


def test_a_row_whose_text_is_rtf_or_no_text_is_withheld() -> None:
    """Bytes in a column that is not read harm nothing."""
    assert refusal(row(mrn="7", text="{\\rtf1\\ansi Wren{\\i field}}"), NormalizeConfig()) is Reason.UNKNOWN_FORMAT
    assert refusal(row(mrn="7", text=NOT_TEXT), NormalizeConfig()) is Reason.WRONG_ENCODING
    assert refusal(row(mrn=NOT_TEXT, text="rest"), NormalizeConfig()) is Reason.WRONG_ENCODING
    (document,) = documents(row(mrn="7", text="rest", thumbnail=NOT_TEXT), NormalizeConfig())
    assert document.text == "rest"


def test_identity_columns_feed_the_vault_only() -> None:
    """Names and birth dates are known and never fields."""
    record = row(mrn="7", text="seen", patient_name="Okafor, Ada", dob="1961-11-02", gender="female")
    (identity,) = identities(record, NormalizeConfig())
    assert (identity.names[0].family, identity.birth_date, identity.sex) == ("Okafor", "1961-11-02", "F")
    (document,) = documents(record, NormalizeConfig())
    assert all("Okafor" not in str(field.value) for field in document.fields)


def test_the_author_column_and_the_note_name_the_people_around() -> None:
    """Clinicians and relatives are tied to the row's patient, whatever the note calls them."""
    record = row(
        mrn="7", text="Here with mother, Ruth Okafor.\nI. Varga MD", author="Varga, Ines", patient_name="A Okafor"
    )
    found = identities(record, NormalizeConfig())
    assert [(i.role, i.names[0].text) for i in found] == [
        (Role.SELF, "A Okafor"),
        (Role.RELATIVE, "Ruth Okafor"),
        (Role.CLINICIAN, "I. Varga"),
        (Role.CLINICIAN, "Varga, Ines"),
    ]
    assert {i.subject[0].value for i in found} == {"7"}
